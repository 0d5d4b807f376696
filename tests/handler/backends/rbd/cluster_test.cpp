// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/cluster.hpp"

#include <chrono>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/handler/backends/rbd/ceph.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::rbd;
using Patience = Cluster::Patience;

namespace {

std::string why_not(const ClusterSettings& settings) {
    return Cluster::connect(settings, Patience::bounded).error().text;
}

std::string option(const Cluster& cluster, const char* name) {
    std::string value(100, '\0');
    ::rados_conf_get(cluster.handle(), name, value.data(), value.size());
    return value.c_str();
}

}  // namespace

TEST_CASE("whoever wants the same connection gets the one that is there, as long as somebody has it") {
    const test::Ceph ceph;
    const ClusterSettings settings{"", "admin", {}};
    auto one = Cluster::connect(settings, Patience::as_it_says).value();
    CHECK(Cluster::connect(settings, Patience::as_it_says).value() == one);
    CHECK(Cluster::connect(settings, Patience::bounded).value() != one);
    CHECK(Cluster::connect({"", "other", {}}, Patience::as_it_says).value() != one);
    const std::weak_ptr<Cluster> gone = one;
    one.reset();
    CHECK(gone.expired());
    CHECK(Cluster::connect(settings, Patience::as_it_says));
}

TEST_CASE("those who want it at the same time wait for one connection") {
    const test::Ceph ceph;
    std::vector<std::shared_ptr<Cluster>> got(8);
    std::vector<std::thread> threads;
    for (auto& mine : got) {
        threads.emplace_back([&] {
            mine = Cluster::connect({"", "admin", {}}, Patience::as_it_says).value();
        });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& each : got) CHECK(each == got[0]);
}

TEST_CASE("a connection has its settings' options, and no cache") {
    const test::Ceph ceph;
    const auto cluster =
        Cluster::connect({"", "admin", {{"rados_osd_op_timeout", "30"}, {"rbd_qos_iops_limit", "7"}}},
                         Patience::as_it_says)
            .value();
    CHECK(std::stoi(option(*cluster, "rados_osd_op_timeout")) == 30);
    CHECK(option(*cluster, "rbd_qos_iops_limit") == "7");
    CHECK(option(*cluster, "rbd_cache") == "false");
}

TEST_CASE("a configuration that leads to no cluster is named") {
    const test::Ceph ceph;
    const test::TemporaryDirectory directory;
    const std::string conf = directory.path() / "ceph.conf";
    CHECK_THAT(why_not({conf, "admin", {}}), Catch::Contains("conf=" + conf + ": cannot read: No such file"));
    std::ofstream(conf) << "this is not what Ceph reads\n";
    CHECK_THAT(why_not({conf, "admin", {}}), Catch::Contains("is no configuration of Ceph"));
    std::ofstream(conf)
        << "[global]\nauth client required = cephx\nmon host = v1:127.0.0.1:1\nkeyring = /none\n";
    CHECK_THAT(why_not({conf, "bob", {}}), Catch::Contains("there is no key for client.bob ('keyring')"));
}

TEST_CASE("a cluster that does not answer is given up within seconds") {
    const test::Ceph ceph;
    const test::TemporaryDirectory directory;
    const std::string conf = directory.path() / "ceph.conf";
    // Nobody listens there.
    std::ofstream(conf) << "[global]\nmon host = v1:127.0.0.1:1\nauth client required = none\n"
                           "keyring = /dev/null\n";
    const auto began = std::chrono::steady_clock::now();
    CHECK_THAT(why_not({conf, "admin", {}}), Catch::Contains("no monitor of the cluster in " + conf));
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}
