// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/lun_findings.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/ctl/tree.hpp"

using namespace tcmud;
using namespace tcmud::ctl;
using Catch::Matchers::Contains;

namespace {

// A LUN on which nothing is wrong.
struct LunFindingsBench {
    LunFindingsBench() {
        tree.file(disk + "enable", "1\n");
        tree.file(disk + "action/block_dev", "unblocked\n");
        tree.file(disk + "attrib/cmd_time_out", "0\n");
        tree.file(disk + "attrib/hw_max_sectors", "16384\n");
    }
    std::vector<Finding> look() const { return lun_findings(tree.root()); }
    Finding finding() const {
        const auto all = look();
        REQUIRE(all.size() == 1);
        return all[0];
    }
    std::string path(const std::string& name) const { return (tree.root() / name).string(); }

    test::Tree tree;
    const std::string disk = "core/user_0/disk/";
};

}  // namespace

TEST_CASE("on a LUN that is well there are no findings") {
    CHECK(LunFindingsBench().look().empty());
}

TEST_CASE("a LUN that is blocked is found") {
    LunFindingsBench bench;
    bench.tree.file(bench.disk + "action/block_dev", "blocked\n");
    CHECK_THAT(bench.finding().what, Contains("user_0/disk: is blocked"));
    CHECK(bench.finding().mend == "echo 0 >" + bench.path("core/user_0/disk/action/block_dev"));
}

TEST_CASE("what the kernel's default of transfers means is told, and nothing is to be mended") {
    LunFindingsBench bench;
    bench.tree.file(bench.disk + "attrib/hw_max_sectors", "128\n");
    CHECK_FALSE(bench.finding().wrong);
    CHECK_THAT(bench.finding().what, Contains("VPD page B0"));
}

TEST_CASE("a LUN that is not enabled, or not in user space, is none of ours") {
    LunFindingsBench bench;
    bench.tree.file(bench.disk + "enable", "0\n");
    bench.tree.file(bench.disk + "attrib/hw_max_sectors", "128\n");
    bench.tree.file("core/fileio_0/other/enable", "1\n");
    bench.tree.file("core/fileio_0/other/attrib/hw_max_sectors", "128\n");
    CHECK(bench.look().empty());
}

TEST_CASE("a LUN with the kernel's time-out is mended by an attribute, while nobody uses it") {
    LunFindingsBench bench;
    bench.tree.file(bench.disk + "attrib/cmd_time_out", "30\n");
    CHECK(bench.finding().mend == "echo 0 >" + bench.path("core/user_0/disk/attrib/cmd_time_out"));
}

TEST_CASE("one that is exported is taken out of its exports and put back, initiators' links too") {
    LunFindingsBench bench;
    bench.tree.file(bench.disk + "attrib/cmd_time_out", "30\n");
    const std::string group = "iscsi/iqn.2026-11.org:t/tpgt_1";
    bench.tree.link(group + "/lun/lun_0/x", "core/user_0/disk");
    bench.tree.link(group + "/lun/lun_1/y", "core/user_0");  // Of another one.
    bench.tree.link(group + "/acls/iqn.a/lun_5/z", group + "/lun/lun_0");
    bench.tree.file(group + "/acls/iqn.a/lun_5/write_protect", "1\n");
    const auto link = bench.path(group + "/lun/lun_0/x");
    const auto mapped = bench.path(group + "/acls/iqn.a/lun_5");
    CHECK(bench.finding().mend == "rm " + mapped + "/z && rm " + link + " && echo 0 >" +
                                      bench.path("core/user_0/disk/attrib/cmd_time_out") + " && ln -s " +
                                      bench.path("core/user_0/disk") + " " + link + " && ln -s " +
                                      bench.path(group + "/lun/lun_0") + " " + mapped + "/z && echo 1 >" +
                                      mapped + "/write_protect");
    CHECK_THAT(bench.finding().what, Contains("takes the LUN from its initiators"));
}
