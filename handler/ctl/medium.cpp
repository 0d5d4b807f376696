// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/medium.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/ctl/client.hpp"
#include "handler/http/target.hpp"

namespace tcmud::ctl {

namespace {

constexpr std::string_view drives = "tape/";
constexpr std::string_view changers = "changer/";
// Commands before it, and what was written, may take long.
constexpr std::chrono::seconds press_patience{60};

Result<std::string> config_of(const Wish& wish) {
    return get(wish.socket, "/luns/" + http::escaped_path(whole_name(wish.lun)))
        .map([](const nlohmann::json& lun) { return lun.value("config", ""); });
}

// The path of a configuration string, without its subtype: what tcmud takes for it.
std::string path_in(std::string_view rest) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::path(rest), ignored)) return std::string(rest);
    std::string path(rest.substr(0, rest.find(';')));
    for (const auto* const escaped : {"%3B", "%3b"}) {
        for (auto at = path.find(escaped); at != std::string::npos; at = path.find(escaped, at + 1))
            path.replace(at, 3, ";");
    }
    return path;
}

int press(const Wish& wish, const std::string& button) {
    const auto lun = whole_name(wish.lun);
    const auto config = config_of(wish);
    if (!config) return complain(config.error().text);
    if (const auto drive = check_drive(lun, *config); !drive) return complain(drive.error().text);
    const auto answer = post(wish.socket, "/control", {{"lun", lun}, {"command", button}}, press_patience);
    if (answer) return succeeded;
    if (answer.error().number != ETIMEDOUT) return complain(answer.error().text);
    return complain(
        fmt::format("{}: the {} still waits for commands that take long: 'tcmuctl hung' shows them; it will "
                    "be done after them",
                    lun, button));
}

int work_at_library(const Wish& wish, const std::string& what) {
    const auto config = config_of(wish);
    if (!config) return complain(config.error().text);
    const auto library = library_of(whole_name(wish.lun), *config);
    if (!library) return complain(library.error().text);
    return become({"tcmu-library", what, *library, wish.cartridge});
}

}  // namespace

Result<void> check_drive(const std::string& lun, std::string_view config) {
    if (config.starts_with(drives)) return {};
    if (config.starts_with(changers)) {
        return failure(EINVAL,
                       fmt::format("{} is the changer of a library: name the LUN of one of its drives, "
                                   "tape/{};drive=N in 'tcmuctl list'",
                                   lun, config.substr(changers.size())));
    }
    return failure(EINVAL, fmt::format("{} is no tape drive but {}: drives are tape/... in 'tcmuctl list'",
                                       lun, config));
}

Result<std::string> library_of(const std::string& lun, std::string_view config) {
    if (config.starts_with(changers)) return path_in(config.substr(changers.size()));
    if (!config.starts_with(drives)) {
        return failure(EINVAL,
                       fmt::format("{} is no changer of a tape library but {}: changers are changer/... in "
                                   "'tcmuctl list'",
                                   lun, config));
    }
    const auto path = config.substr(drives.size());
    if (path.find(";drive=") == std::string_view::npos) {
        return failure(
            EINVAL, fmt::format("{} is a drive without a library: its cartridge is {}", lun, path_in(path)));
    }
    return failure(EINVAL,
                   fmt::format("{} is a drive of a library: name the LUN of its changer, changer/{} in "
                               "'tcmuctl list'",
                               lun, path.substr(0, path.find(';'))));
}

int medium_load(const Wish& wish) {
    return press(wish, "load");
}

int medium_unload(const Wish& wish) {
    return press(wish, "unload");
}

int medium_import(const Wish& wish) {
    return work_at_library(wish, "insert");
}

int medium_export(const Wish& wish) {
    return work_at_library(wish, "remove");
}

}  // namespace tcmud::ctl
