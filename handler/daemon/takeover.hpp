// SPDX-License-Identifier: Apache-2.0
// How one tcmud hands its LUNs over to the next while initiators go on: what the two say to each other.
//
// On the control socket the successor asks for POST /takeover; from then on the connection carries lines
// (LineChannel):
//
//     successor                     predecessor
//     hello
//                                   welcome PORT                  with the lock of the run directory; PORT:
//                                                                 of its netlink socket
//     ready
//                                   has MINOR HBA/NAME            each LUN that it has
//                                   begin
//                                   given MINOR HBA/NAME          a LUN that it has given up; with the
//                                                                 descriptor of its UIO device, if it had it
//     took HBA/NAME                                               served, or seen why it cannot be
//                                   gone MINOR HBA/NAME           one that has been removed meanwhile
//                                   tried                         each was given, or has commands that do not
//                                                                 end: those are tried again
//                                   done                          it has none left, and ends
//
// Both hear the kernel's events. An event is dealt with by whoever has its LUN; one of a new LUN by the
// successor. A side that goes away before `done` leaves its LUNs to the other one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "handler/daemon/file_descriptor.hpp"
#include "handler/daemon/run_directory.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

// "given 3 user_0/disk 1" and the like.
struct LunLine {
    std::string verb;
    std::uint32_t minor = 0;  // Of the UIO device.
    std::string lun;          // "user_0/disk 1"
};
std::string text_of(const LunLine& line);
// nullopt: it is none.
std::optional<LunLine> parse_lun_line(std::string_view text);

std::string welcome_text(std::uint32_t port);
std::optional<std::uint32_t> parse_welcome(std::string_view text);

// A tcmud that is ready to hand over.
struct Predecessor {
    FileDescriptor connection;
    FileDescriptor lock;     // Of the run directory.
    std::uint32_t port = 0;  // Of its netlink socket.
};
// Asks the tcmud that listens on that socket, for a few seconds. nullopt: none does.
Result<std::optional<Predecessor>> find_predecessor(const std::filesystem::path& control_socket);

// The run directory for a new tcmud: its own, or that of a predecessor to take over from, if there is one.
Result<RunDirectory> get_run_directory(const std::filesystem::path& path, bool takeover,
                                       std::optional<Predecessor>& predecessor);

}  // namespace tcmud::daemon
