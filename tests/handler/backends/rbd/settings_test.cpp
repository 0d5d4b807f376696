// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/settings.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::rbd;

namespace {

using Given = std::vector<std::pair<std::string, std::string>>;

Result<Settings> parsed(const std::string& path, const Given& options = {}) {
    OpenRequest request{.subtype = "rbd", .path = path, .options = {}, .size = {}, .block_size = {}};
    for (const auto& [key, value] : options) request.options.set(key, value);
    return Settings::parse(request);
}

}  // namespace

TEST_CASE("of an image alone, all else is Ceph's default") {
    const auto settings = parsed("rbd/one");
    REQUIRE(settings);
    CHECK(settings->image.image == "one");
    CHECK(settings->cluster == ClusterSettings{"", "admin", {}});
    CHECK_FALSE(settings->read_only);
    CHECK_FALSE(settings->encryption);
}

TEST_CASE("tcmu-runner's options mean what they meant to it") {
    const auto settings =
        parsed("rbd/one", {{"osd_op_timeout", "30"}, {"conf", "/etc/ceph/two.conf"}, {"id", "tcmu"}});
    REQUIRE(settings);
    CHECK(settings->cluster ==
          ClusterSettings{"/etc/ceph/two.conf", "tcmu", {{"rados_osd_op_timeout", "30"}}});
}

TEST_CASE("LUNs share a connection if what they change in Ceph's configuration is the same") {
    const auto connection = [](const Given& options) { return parsed("rbd/one", options)->cluster; };
    CHECK(connection({{"iops_limit", "100"}, {"bps_limit", "5"}}) ==
          connection({{"bps_limit", "005"}, {"iops_limit", "100"}}));
    CHECK(connection({{"iops_limit", "100"}}) != connection({{"iops_limit", "200"}}));
    CHECK(connection({{"readonly", "on"}}) == connection({}));
    // It overrides what the configuration's file says.
    CHECK(connection({{"osd_op_timeout", "0"}}).options == Given{{"rados_osd_op_timeout", "0"}});
}

TEST_CASE("a snapshot cannot be written") {
    CHECK(parsed("rbd/one@monday")->read_only);
    CHECK(parsed("rbd/one", {{"readonly", "on"}})->read_only);
}

TEST_CASE("encryption is a format and a passphrase") {
    const auto settings = parsed("rbd/one", {{"encryption", "luks1"}, {"passphrase-file", "/etc/secret"}});
    REQUIRE(settings);
    REQUIRE(settings->encryption);
    CHECK(settings->encryption->format == Encryption::Format::luks1);
    CHECK(settings->encryption->passphrase_file == "/etc/secret");
}

TEST_CASE("options that make no sense are refused, with what would") {
    const auto [options, why] = GENERATE(table<Given, const char*>({
        {{{"encryption", "luks2"}}, "needs passphrase-file=PATH"},
        {{{"passphrase-file", "/etc/secret"}}, "needs encryption=luks1 or encryption=luks2"},
        {{{"encryption", "aes"}, {"passphrase-file", "/etc/secret"}}, "write luks1 or luks2"},
        {{{"encryption", "luks2"}, {"passphrase-file", "secret"}}, "write passphrase-file=/path"},
        {{{"conf", "two.conf"}}, "write conf=/path"},
        {{{"id", "client.tcmu"}}, "write id=tcmu"},
        {{{"osd_op_timeout", "1000000001"}}, "at most 1000000000"},
        {{{"iops_limit", "18446744073709551615"}}, "too large"},
    }));
    CHECK_THAT(parsed("rbd/one", options).error().text, Catch::Contains(why));
}

TEST_CASE("every option has a line of help") {
    for (const auto& info : Settings::options()) {
        CAPTURE(info.key);
        CHECK_FALSE(info.help.empty());
        CHECK(info.help.find('\n') == std::string_view::npos);
    }
}
