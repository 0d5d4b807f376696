// SPDX-License-Identifier: Apache-2.0
// The names of the interface by which targetcli finds handlers, as tcmu-runner introduced them.
#pragma once

#include <string>
#include <string_view>

namespace tcmud::daemon::dbus {

inline constexpr auto service_name = "org.kernel.TCMUService1";
// The ObjectManager. Each object below it but the next is a handler to targetcli, named by the last part of
// its path: nothing else may be there.
inline constexpr auto root_path = "/org/kernel/TCMUService1";
inline constexpr auto handler_interface = "org.kernel.TCMUService1";

// Where other processes register handlers; these have a name and an object each below the same two.
inline constexpr auto registry_name = "org.kernel.TCMUService1.HandlerManager1";
inline constexpr auto registry_path = "/org/kernel/TCMUService1/HandlerManager1";
inline constexpr auto registry_interface = "org.kernel.TCMUService1.HandlerManager1";

inline std::string handler_path(const std::string& subtype) {
    return std::string(root_path) + "/" + subtype;
}
inline std::string registered_name(const std::string& subtype) {
    return std::string(registry_name) + "." + subtype;
}
inline std::string registered_path(const std::string& subtype) {
    return std::string(registry_path) + "/" + subtype;
}

// What can stand in an object's path. HandlerManager1 is taken.
inline bool can_be_handler(std::string_view subtype) {
    constexpr std::size_t longest = 64;
    return !subtype.empty() && subtype.size() <= longest && subtype != "HandlerManager1" &&
           subtype.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
               std::string_view::npos;
}

}  // namespace tcmud::daemon::dbus
