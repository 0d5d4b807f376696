// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/lun_findings.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "handler/ctl/small_file.hpp"

namespace tcmud::ctl {

namespace {

namespace fs = std::filesystem;

constexpr auto kernels_timeout = "30";
constexpr auto kernels_max_sectors = "128";

// A symbolic link of configfs, and what it leads to.
struct Link {
    fs::path path;
    fs::path to;
};

std::vector<Link> links_in(const fs::path& directory) {
    std::vector<Link> links;
    for (const auto& entry : entries_of(directory)) {
        std::error_code error;
        if (fs::is_symlink(entry, error)) links.push_back({entry, fs::weakly_canonical(entry, error)});
    }
    return links;
}

std::vector<fs::path> port_groups(const fs::path& target) {
    std::vector<fs::path> groups;
    for (const auto& fabric : entries_of(target)) {
        if (fabric.filename() == "core" || !fs::is_directory(fabric)) continue;
        for (const auto& wwn : entries_of(fabric)) {
            for (const auto& group : entries_of(wwn)) {
                if (group.filename().string().starts_with("tpgt_")) groups.push_back(group);
            }
        }
    }
    return groups;
}

// How a LUN is taken out of all its exports and put back.
struct Exports {
    std::string out;
    std::string back;
};

void append(std::string& to, const std::string& command) {
    to += (to.empty() ? "" : " && ") + command;
}

std::string link_again(const Link& link) {
    return fmt::format("ln -s {} {}", shell_word(link.to.string()), shell_word(link.path.string()));
}

// The links of initiators (acls) to a LUN of the group go first and come back last.
void add_export(const fs::path& group, const fs::path& lun, const Link& backstore, Exports& exports) {
    std::error_code error;
    const auto exported = fs::weakly_canonical(lun, error);
    std::string back;
    for (const auto& initiator : entries_of(group / "acls")) {
        for (const auto& mapped : entries_of(initiator)) {
            for (const auto& link : links_in(mapped)) {
                if (link.to != exported) continue;
                append(exports.out, "rm " + shell_word(link.path.string()));
                append(back, link_again(link));
                if (line_of(mapped / "write_protect") == "1")
                    append(back, fmt::format("echo 1 >{}", shell_word((mapped / "write_protect").string())));
            }
        }
    }
    append(exports.out, "rm " + shell_word(backstore.path.string()));
    append(exports.back, link_again(backstore));
    if (!back.empty()) append(exports.back, back);
}

Exports exports_of(const fs::path& target, const fs::path& device) {
    Exports exports;
    std::error_code error;
    const auto wanted = fs::weakly_canonical(device, error);
    for (const auto& group : port_groups(target)) {
        for (const auto& lun : entries_of(group / "lun")) {
            for (const auto& link : links_in(lun)) {
                if (link.to == wanted) add_export(group, lun, link, exports);
            }
        }
    }
    return exports;
}

Finding short_timeout(const fs::path& target, const fs::path& device, const std::string& name) {
    const auto exports = exports_of(target, device);
    auto mend = exports.out;
    append(mend, fmt::format("echo 0 >{}", shell_word((device / "attrib/cmd_time_out").string())));
    if (!exports.back.empty()) append(mend, exports.back);
    const auto* const cost =
        exports.out.empty() ? "" : " (it takes the LUN from its initiators for a moment)";
    return {true,
            fmt::format("{}: the kernel fails commands that take more than 30 s: cmd_time_out is 30, its "
                        "default{}",
                        name, cost),
            mend};
}

}  // namespace

std::vector<Finding> lun_findings(const fs::path& target) {
    std::vector<Finding> findings;
    std::string small_transfers;
    for (const auto& hba : entries_of(target / "core")) {
        if (!hba.filename().string().starts_with("user_")) continue;
        for (const auto& device : entries_of(hba)) {
            if (line_of(device / "enable") != "1") continue;
            const auto name = (hba.filename() / device.filename()).string();
            if (line_of(device / "action/block_dev") == "blocked")
                findings.push_back(
                    {true, name + ": is blocked: its commands end BUSY, and initiators repeat them for ever",
                     fmt::format("echo 0 >{}", shell_word((device / "action/block_dev").string()))});
            if (line_of(device / "attrib/cmd_time_out") == kernels_timeout)
                findings.push_back(short_timeout(target, device, name));
            if (line_of(device / "attrib/hw_max_sectors") == kernels_max_sectors)
                small_transfers += (small_transfers.empty() ? "" : ", ") + name;
        }
    }
    if (!small_transfers.empty())
        findings.push_back({false, small_transfers +
                                       ": hw_max_sectors is 128, the kernel's default; initiators are told 8 "
                                       "MiB all the same (VPD page B0)"});
    return findings;
}

}  // namespace tcmud::ctl
