// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/configfs.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

// configfs's directory `target`, in plain files.
class Target {
public:
    fs::path path(const std::string& name) const { return directory_.path() / name; }
    void write(const std::string& name, const std::string& text) const {
        fs::create_directories(path(name).parent_path());
        std::ofstream(path(name)) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(path(name));
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    Configfs configfs() const { return Configfs(directory_.path()); }

    // Exported as a LUN of a target port group, and a member of its default ALUA group.
    void export_lun(const std::string& device, const std::string& group, const std::string& lun) const {
        fs::create_directories(path("iscsi/iqn.a/" + group + "/lun/" + lun));
        const auto members = "core/user_0/" + device + "/alua/default_tg_pt_gp/members";
        write(members, read(members) + "iSCSI/iqn.a/" + group + "/" + lun + "\n" + '\0');
    }
    // `initiator` sees a LUN of the group.
    void map(const std::string& group, const std::string& initiator, const std::string& lun,
             bool write_protected) const {
        const auto mapped = "iscsi/iqn.a/" + group + "/acls/" + initiator + "/" + lun;
        write(mapped + "/write_protect", write_protected ? "1\n" : "0\n");
        fs::create_directory_symlink(path("iscsi/iqn.a/" + group + "/lun/" + lun), path(mapped + "/link"));
    }

private:
    test::TemporaryDirectory directory_;
};

const LunName disk{"user_0", "disk"};
const LunName other{"user_0", "other"};

}  // namespace

TEST_CASE("a LUN's size, block size and index come from configfs") {
    const Target target;
    target.write("core/user_0/disk/attrib/dev_size", "1048576\n");
    target.write("core/user_0/disk/attrib/hw_block_size", "4096\n");
    target.write("core/user_0/disk/attrib/hw_max_sectors", "128\n");
    target.write("core/user_0/disk/attrib/emulate_write_cache", "1\n");
    target.write("core/user_0/disk/statistics/scsi_dev/indx", "7\n");
    target.write("core/user_0/disk/enable", "1\n");
    const auto facts = target.configfs().facts(disk);
    REQUIRE(facts);
    CHECK(facts->size == ByteCount{1048576});
    CHECK(facts->block_size == BlockSize{4096});
    CHECK(facts->device_id == 7);
    CHECK(facts->max_sectors == 128);
    CHECK(facts->write_cache);
    CHECK(facts->enabled);
}

TEST_CASE("a LUN that configfs does not know, or not in numbers, has no facts") {
    const Target target;
    const auto missing = target.configfs().facts(disk);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().number == ENOENT);
    CHECK_THAT(missing.error().text, Contains("core/user_0/disk"));
    target.write("core/user_0/disk/attrib/dev_size", "much\n");
    target.write("core/user_0/disk/attrib/hw_block_size", "512\n");
    target.write("core/user_0/disk/statistics/scsi_dev/indx", "7\n");
    CHECK_FALSE(target.configfs().facts(disk));
}

TEST_CASE("without anything in configfs a LUN has an identity that is its own") {
    const Target target;
    const auto identity = target.configfs().identity(disk, "file//a", true);
    CHECK(identity.vendor == "LIO-ORG");
    CHECK(identity.product == "TCMU device");
    CHECK(identity.serial == scsi::derived_serial("user_0/disk\nfile//a"));
    CHECK(identity.config == "file//a");
    CHECK(identity.groups.empty());
    CHECK(target.configfs().identity(other, "file//a", true).serial != identity.serial);
    CHECK(target.configfs().identity(disk, "file//a", false).config.empty());
}

TEST_CASE("what the administrator set identifies the LUN, bare or with the kernel's titles") {
    const Target target;
    target.write("core/user_0/disk/wwn/vpd_unit_serial", "T10 VPD Unit Serial Number: 1234-abcd\n");
    target.write("core/user_0/disk/wwn/vendor_id", "ACME\n");
    target.write("core/user_0/disk/wwn/product_id", "T10 Product Identification: Rocket\n");
    target.write("core/user_0/disk/wwn/revision", "\n");
    const auto identity = target.configfs().identity(disk, "file//a", true);
    CHECK(identity.serial == "1234-abcd");
    CHECK(identity.vendor == "ACME");
    CHECK(identity.product == "Rocket");
    CHECK(identity.revision == "0002");
}

TEST_CASE("an empty unit serial counts as none") {
    const Target target;
    target.write("core/user_0/disk/wwn/vpd_unit_serial", "T10 VPD Unit Serial Number: \n");
    CHECK(target.configfs().identity(disk, "file//a", true).serial ==
          scsi::derived_serial("user_0/disk\nfile//a"));
}

TEST_CASE("target port groups are those that have ports") {
    const Target target;
    const std::string group = "core/user_0/disk/alua/default_tg_pt_gp/";
    target.write(group + "tg_pt_gp_id", "3\n");
    target.write(group + "alua_access_state", "1\n");
    target.write(group + "alua_access_status", "Altered by Explicit STPG\n");
    target.write(group + "alua_access_type", "Implicit and Explicit\n");
    target.write(group + "preferred", "1\n");
    target.write(group + "alua_support_active_optimized", "1\n");
    target.write(group + "alua_support_standby", "1\n");
    target.write(group + "alua_support_offline", "0\n");
    target.export_lun("disk", "tpgt_1", "lun_0");
    target.export_lun("disk", "tpgt_2", "lun_0");
    target.write("iscsi/iqn.a/tpgt_1/rtpi", "0x12\n");                              // Since Linux 6.4.
    target.write("iscsi/iqn.a/tpgt_2/lun/lun_0/statistics/scsi_port/indx", "5\n");  // Before.
    target.write("core/user_0/disk/alua/empty/tg_pt_gp_id", "4\n");
    const auto groups = target.configfs().identity(disk, "x/", true).groups;
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].name == "default_tg_pt_gp");
    CHECK(groups[0].id == 3);
    CHECK(groups[0].state == scsi::AccessState::active_non_optimized);
    CHECK(groups[0].status_code == 1);
    CHECK(groups[0].implicit_access);
    CHECK(groups[0].explicit_access);
    CHECK(groups[0].preferred);
    CHECK(groups[0].supported_states == 0x05);
    CHECK(groups[0].relative_ports == std::vector<std::uint16_t>{0x12, 5});
}

TEST_CASE("a port whose number cannot be read is the first") {
    // The kernel answers ENODEV where a LUN is being taken back.
    const Target target;
    target.export_lun("disk", "tpgt_1", "lun_0");
    fs::create_directories(target.path("iscsi/iqn.a/tpgt_1/lun/lun_0/statistics/scsi_port/indx"));  // EISDIR.
    const auto groups = target.configfs().identity(disk, "x/", true).groups;
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].relative_ports == std::vector<std::uint16_t>{1});
}

TEST_CASE("preparing a LUN asks for task management, and replaces the kernel's timeout but no other") {
    const Target target;
    const std::string attribute = "core/user_0/disk/attrib/";
    target.write(attribute + "tmr_notification", "0\n");
    target.write(attribute + "cmd_time_out", "30\n");
    REQUIRE(target.configfs().prepare(disk, 0));
    CHECK(target.read(attribute + "tmr_notification") == "1");
    CHECK(target.read(attribute + "cmd_time_out") == "0");
    target.write(attribute + "cmd_time_out", "45\n");
    REQUIRE(target.configfs().prepare(disk, 0));
    CHECK(target.read(attribute + "cmd_time_out") == "45\n");
}

TEST_CASE("a kernel that does not tell of task management is prepared all the same") {
    const Target target;
    target.write("core/user_0/disk/attrib/cmd_time_out", "30\n");
    CHECK(target.configfs().prepare(disk, 60));
    CHECK(target.read("core/user_0/disk/attrib/cmd_time_out") == "60");
    CHECK_FALSE(fs::exists(target.path("core/user_0/disk/attrib/tmr_notification")));
}

TEST_CASE("a ring is reset, and what cannot be written is named") {
    const Target target;
    const auto failed = target.configfs().reset_ring(disk);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().number == ENOENT);
    CHECK_THAT(failed.error().text, Contains("core/user_0/disk/action/reset_ring"));
    target.write("core/user_0/disk/action/reset_ring", "");
    CHECK(target.configfs().reset_ring(disk));
    CHECK(target.read("core/user_0/disk/action/reset_ring") == "1");
}

TEST_CASE("an access state goes to the group with that number") {
    const Target target;
    target.write("core/user_0/disk/alua/a/tg_pt_gp_id", "1\n");
    target.write("core/user_0/disk/alua/b/tg_pt_gp_id", "2\n");
    for (const auto* group : {"a", "b"})
        target.write("core/user_0/disk/alua/" + std::string(group) + "/alua_access_state", "0");
    CHECK(target.configfs().set_access_state(disk, 2, scsi::AccessState::standby));
    CHECK(target.read("core/user_0/disk/alua/b/alua_access_state") == "2");
    CHECK(target.read("core/user_0/disk/alua/a/alua_access_state") == "0");
    CHECK_THAT(target.configfs().set_access_state(disk, 3, scsi::AccessState::standby).error().text,
               Contains("user_0/disk has no target port group 3"));
}

TEST_CASE("exports are the members of all target port groups") {
    const Target target;
    CHECK(target.configfs().exports(disk).empty());
    target.export_lun("disk", "tpgt_2", "lun_1");
    target.export_lun("disk", "tpgt_1", "lun_0");
    target.write("core/user_0/disk/alua/b/members", "loopback/naa.5/tpgt_1/lun_4\nnonsense\n");
    const std::vector<Export> expected{{"iscsi", "iqn.a", "tpgt_1", "lun_0"},
                                       {"iscsi", "iqn.a", "tpgt_2", "lun_1"},
                                       {"loopback", "naa.5", "tpgt_1", "lun_4"}};
    CHECK(target.configfs().exports(disk) == expected);
}

TEST_CASE("initiators of one LUN reach the other if each of its exports shows both alike") {
    const Target target;
    const auto configfs = target.configfs();
    CHECK(configfs.same_initiators(disk, disk));
    CHECK_FALSE(configfs.same_initiators(disk, other));  // Not exported at all.
    target.export_lun("disk", "tpgt_1", "lun_0");
    CHECK_FALSE(configfs.same_initiators(disk, other));
    target.export_lun("other", "tpgt_1", "lun_1");
    CHECK(configfs.same_initiators(disk, other));  // Without ACLs everybody sees both.
    target.export_lun("disk", "tpgt_2", "lun_0");
    CHECK_FALSE(configfs.same_initiators(disk, other));
    CHECK(configfs.same_initiators(other, disk));
}

TEST_CASE("an ACL that maps only one LUN, or one of them read-only, keeps them apart") {
    const Target target;
    const auto configfs = target.configfs();
    target.export_lun("disk", "tpgt_1", "lun_0");
    target.export_lun("other", "tpgt_1", "lun_1");
    target.map("tpgt_1", "iqn.i", "lun_0", false);
    CHECK_FALSE(configfs.same_initiators(disk, other));
    target.map("tpgt_1", "iqn.i", "lun_1", true);
    CHECK_FALSE(configfs.same_initiators(disk, other));
    target.write("iscsi/iqn.a/tpgt_1/acls/iqn.i/lun_1/write_protect", "0\n");
    CHECK(configfs.same_initiators(disk, other));
    target.map("tpgt_1", "iqn.j", "lun_1", false);
    CHECK_FALSE(configfs.same_initiators(disk, other));
}
