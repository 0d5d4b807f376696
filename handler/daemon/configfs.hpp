// SPDX-License-Identifier: Apache-2.0
// What configfs knows of a LUN. Every call may block: they are for the configfs worker, never for the control
// thread or a serving thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "handler/daemon/configfs_file.hpp"
#include "handler/scsi/identity.hpp"
#include "tcmud/result.hpp"
#include "tcmud/units.hpp"

namespace tcmud::daemon {

// Names a LUN: core/<hba>/<device>.
struct LunName {
    std::string hba;     // "user_0"
    std::string device;  // "disk1"
    std::string text() const { return hba + "/" + device; }
    auto operator<=>(const LunName&) const = default;
};

struct LunFacts {
    std::uint32_t device_id = 0;  // As in netlink messages.
    bool enabled = false;         // False: somebody's `enable` waits still, or nobody enabled it.
    ByteCount size{0};
    BlockSize block_size{};
    std::uint32_t max_sectors = 0;  // hw_max_sectors, in logical blocks.
    bool write_cache = false;       // emulate_write_cache
};

// Where a LUN is exported: one logical unit number of one target port group.
struct Export {
    std::string fabric;  // Its directory below target/: "iscsi"
    std::string wwn;
    std::string group;  // "tpgt_1"
    std::string lun;    // "lun_0"
    auto operator<=>(const Export&) const = default;
};

class Configfs {
public:
    explicit Configfs(std::filesystem::path target = "/sys/kernel/config/target")
        : target_(std::move(target)) {}

    // Its directory.
    std::filesystem::path device(const LunName& name) const { return directory(name).path(); }
    Result<LunFacts> facts(const LunName& name) const;
    // What INQUIRY tells. config: the LUN's, for the designator and for a serial where none is set.
    scsi::Identity identity(const LunName& name, std::string_view config, bool show_config) const;
    // Lists the commands that a task management function concerns in the ring, and sets cmd_time_out where it
    // is the kernel's default of 30 s. An error names what could not be set.
    Result<void> prepare(const LunName& name, unsigned command_timeout_s) const;
    // How every command in a ring ends in its reset: BUSY, which initiators of disks repeat, or with an
    // error.
    enum class RingReset { busy = 1, error = 2 };
    Result<void> reset_ring(const LunName& name, RingReset end = RingReset::busy) const;
    Result<void> set_size(const LunName& name, ByteCount size) const;
    Result<void> set_access_state(const LunName& name, std::uint16_t group, scsi::AccessState state) const;

    std::vector<Export> exports(const LunName& name) const;
    // Whether every initiator that reaches `addressed` reaches `other` in the same way, so that EXTENDED COPY
    // to one may touch the other: the ring does not tell which initiator asks.
    bool same_initiators(const LunName& addressed, const LunName& other) const;

private:
    ConfigfsPath directory(const LunName& name) const { return target_ / "core" / name.hba / name.device; }
    std::vector<scsi::TargetPortGroup> target_port_groups(const LunName& name) const;
    scsi::TargetPortGroup target_port_group(const ConfigfsPath& directory) const;
    std::vector<Export> members(const ConfigfsPath& group) const;
    std::uint16_t relative_port(const Export& where) const;

    ConfigfsPath target_;
};

}  // namespace tcmud::daemon
