// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/configfs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "handler/daemon/configfs_file.hpp"

namespace tcmud::daemon {

namespace {

std::optional<std::string> read_text(const ConfigfsPath& path) {
    auto read = read_attribute(path);
    if (!read) return std::nullopt;
    auto text = std::move(*read);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\0' || text.back() == ' '))
        text.pop_back();
    return text;
}

template <class T>
std::optional<T> read_number(const ConfigfsPath& path) {
    const auto text = read_text(path);
    if (!text) return std::nullopt;
    T value{};
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end == text->data()) return std::nullopt;
    return value;
}

bool read_flag(const ConfigfsPath& path) {
    return read_number<unsigned>(path).value_or(0) != 0;
}

// "T10 VPD Unit Serial Number: 1234"
std::string unit_serial(const ConfigfsPath& device) {
    const auto text = read_text(device / "wwn" / "vpd_unit_serial").value_or("");
    const auto colon = text.find(": ");
    return colon == std::string::npos ? "" : text.substr(colon + 2);
}

// The kernel shows some of these with a title before a colon, like the serial, and others bare.
std::string inquiry_text(const ConfigfsPath& path, const std::string& otherwise) {
    auto text = read_text(path).value_or("");
    if (const auto colon = text.find(": "); colon != std::string::npos) text = text.substr(colon + 2);
    return text.empty() ? otherwise : text;
}

// A fabric's own name in `members` is its directory's, but for iSCSI.
std::string fabric_directory(std::string name) {
    return name == "iSCSI" ? "iscsi" : name;
}

constexpr std::array<std::pair<const char*, std::uint8_t>, 7> supported_states{{
    {"alua_support_active_optimized", 0x01},
    {"alua_support_active_nonoptimized", 0x02},
    {"alua_support_standby", 0x04},
    {"alua_support_unavailable", 0x08},
    {"alua_support_lba_dependent", 0x10},
    {"alua_support_offline", 0x40},
    {"alua_support_transitioning", 0x80},
}};

}  // namespace

Result<LunFacts> Configfs::facts(const LunName& name) const {
    const auto device = directory(name);
    const auto attribute = device / "attrib";
    LunFacts facts;
    std::optional<std::uint32_t> block_size, id;
    const auto size = read_number<std::uint64_t>(attribute / "dev_size");
    if (size) block_size = read_number<std::uint32_t>(attribute / "hw_block_size");
    if (block_size) id = read_number<std::uint32_t>(device / "statistics" / "scsi_dev" / "indx");
    if (!id) {
        return failure(
            ENOENT, fmt::format("cannot read size, block size and index below {}", device.path().string()));
    }
    facts.device_id = *id;
    facts.size = ByteCount{*size};
    facts.block_size = BlockSize{*block_size};
    facts.enabled = read_flag(device / "enable");
    facts.max_sectors = read_number<std::uint32_t>(attribute / "hw_max_sectors").value_or(0);
    facts.write_cache = read_flag(attribute / "emulate_write_cache");
    return facts;
}

scsi::Identity Configfs::identity(const LunName& name, std::string_view config, bool show_config) const {
    const auto device = directory(name);
    scsi::Identity identity;
    identity.vendor = inquiry_text(device / "wwn" / "vendor_id", identity.vendor);
    identity.product = inquiry_text(device / "wwn" / "product_id", identity.product);
    identity.revision = inquiry_text(device / "wwn" / "revision", identity.revision);
    identity.serial = unit_serial(device);
    if (identity.serial.empty())
        identity.serial = scsi::derived_serial(fmt::format("{}\n{}", name.text(), config));
    if (show_config) identity.config = config;
    identity.groups = target_port_groups(name);
    return identity;
}

std::vector<scsi::TargetPortGroup> Configfs::target_port_groups(const LunName& name) const {
    std::vector<scsi::TargetPortGroup> groups;
    for (const auto& path : subdirectories(directory(name) / "alua")) {
        auto group = target_port_group(path);
        // A group without a port says nothing to anybody.
        if (!group.relative_ports.empty()) groups.push_back(std::move(group));
    }
    return groups;
}

scsi::TargetPortGroup Configfs::target_port_group(const ConfigfsPath& directory) const {
    scsi::TargetPortGroup group;
    group.name = directory.name();
    group.id = read_number<std::uint16_t>(directory / "tg_pt_gp_id").value_or(0);
    group.state = static_cast<scsi::AccessState>(
        read_number<unsigned>(directory / "alua_access_state").value_or(0) & 0xf);
    const auto status = read_text(directory / "alua_access_status").value_or("");
    group.status_code = status.find("Explicit") != std::string::npos   ? 1
                        : status.find("Implicit") != std::string::npos ? 2
                                                                       : 0;
    const auto type = read_text(directory / "alua_access_type").value_or("");
    group.implicit_access = type.find("Implicit") != std::string::npos;
    group.explicit_access = type.find("Explicit") != std::string::npos;
    group.preferred = read_flag(directory / "preferred");
    for (const auto& [file, bit] : supported_states) {
        if (read_flag(directory / file)) group.supported_states |= bit;
    }
    for (const auto& where : members(directory)) group.relative_ports.push_back(relative_port(where));
    return group;
}

// Lines of <fabric>/<wwn>/tpgt_<tag>/lun_<n>, each ended by a newline and a NUL.
std::vector<Export> Configfs::members(const ConfigfsPath& group) const {
    std::vector<Export> found;
    auto text = read_text(group / "members").value_or("");
    std::ranges::replace(text, '\0', '\n');
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::filesystem::path path(line);
        std::vector<std::string> parts;
        for (const auto& part : path) parts.push_back(part.string());
        if (parts.size() == 4) found.push_back({fabric_directory(parts[0]), parts[1], parts[2], parts[3]});
    }
    return found;
}

// Of the LUN's port up to Linux 6.3, of the target port group since.
std::uint16_t Configfs::relative_port(const Export& where) const {
    const auto group = target_ / where.fabric / where.wwn / where.group;
    if (const auto text = read_text(group / "rtpi")) {
        const auto value = std::strtoul(text->c_str(), nullptr, 0);
        return value == 0 ? 1 : static_cast<std::uint16_t>(value);
    }
    const auto index =
        read_number<std::uint16_t>(group / "lun" / where.lun / "statistics" / "scsi_port" / "indx");
    return index.value_or(0) == 0 ? 1 : *index;
}

Result<void> Configfs::prepare(const LunName& name, unsigned command_timeout_s) const {
    const auto attribute = directory(name) / "attrib";
    // Missing before Linux 5.9: then nobody tells us what initiators gave up.
    if (has_attribute(attribute / "tmr_notification")) {
        if (auto set = write_attribute(attribute / "tmr_notification", "1"); !set) return set;
    }
    constexpr unsigned kernel_default = 30;
    const auto timeout = read_number<unsigned>(attribute / "cmd_time_out");
    if (timeout != kernel_default || command_timeout_s == kernel_default) return {};
    return write_attribute(attribute / "cmd_time_out", std::to_string(command_timeout_s));
}

Result<void> Configfs::reset_ring(const LunName& name, RingReset end) const {
    return write_attribute(directory(name) / "action" / "reset_ring", end == RingReset::busy ? "1" : "2");
}

Result<void> Configfs::set_size(const LunName& name, ByteCount size) const {
    return write_attribute(directory(name) / "attrib" / "dev_size", std::to_string(raw(size)));
}

Result<void> Configfs::set_access_state(const LunName& name, std::uint16_t group,
                                        scsi::AccessState state) const {
    for (const auto& path : subdirectories(directory(name) / "alua")) {
        if (read_number<std::uint16_t>(path / "tg_pt_gp_id") != group) continue;
        return write_attribute(path / "alua_access_state", std::to_string(static_cast<unsigned>(state)));
    }
    return failure(ENOENT, fmt::format("{} has no target port group {}", name.text(), group));
}

std::vector<Export> Configfs::exports(const LunName& name) const {
    std::vector<Export> found;
    for (const auto& group : subdirectories(directory(name) / "alua")) {
        for (auto& where : members(group)) found.push_back(std::move(where));
    }
    std::ranges::sort(found);
    return found;
}

namespace {

// For each ACL of a target port group, whether it maps a LUN, and writably.
std::set<std::pair<std::string, bool>> acls_that_map(const ConfigfsPath& group, const std::string& lun) {
    std::set<std::pair<std::string, bool>> found;
    for (const auto& acl : subdirectories(group / "acls")) {
        for (const auto& mapped : subdirectories(acl)) {
            std::error_code error;
            for (const auto& entry : std::filesystem::directory_iterator(mapped.path(), error)) {
                if (!entry.is_symlink(error)) continue;
                if (std::filesystem::read_symlink(entry.path(), error).filename() != lun) continue;
                found.emplace(acl.name(), read_flag(mapped / "write_protect"));
            }
        }
    }
    return found;
}

}  // namespace

bool Configfs::same_initiators(const LunName& addressed, const LunName& other) const {
    if (addressed == other) return true;
    const auto mine = exports(addressed);
    const auto theirs = exports(other);
    return !mine.empty() && std::ranges::all_of(mine, [&](const Export& here) {
        const auto there = std::ranges::find_if(theirs, [&](const Export& candidate) {
            return candidate.fabric == here.fabric && candidate.wwn == here.wwn &&
                   candidate.group == here.group;
        });
        if (there == theirs.end()) return false;
        const auto group = target_ / here.fabric / here.wwn / here.group;
        return acls_that_map(group, here.lun) == acls_that_map(group, there->lun);
    });
}

}  // namespace tcmud::daemon
