// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/lun_host.hpp"

#include <fstream>
#include <future>
#include <iterator>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <catch2/catch.hpp>

#include "tests/support/captured_output.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_loop.hpp"

using namespace tcmud;
using namespace tcmud::daemon;

namespace {

namespace fs = std::filesystem;

// An operation whose answer can be waited for.
struct Asked : IoOperation {
    Asked() {
        deliver = [](IoOperation& self, const IoResult& given) {
            static_cast<Asked&>(self).answer.set_value(given);
        };
    }
    std::promise<IoResult> answer;
};

// The services of a LUN in a machine whose configfs is a directory, and the LUN's host on a serving thread.
class Machine {
public:
    Machine() : control_([this] { context_.run(); }) {}
    ~Machine() {
        context_.stop();
        control_.join();
    }

    void write(const std::string& name, const std::string& text) const {
        const auto file = target_.path() / "core" / "user_0" / "disk" / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(target_.path() / "core" / "user_0" / "disk" / name);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    // The answer to what is asked on the serving thread.
    IoStatus ask(const std::function<void(LunHost&, Completion)>& question) {
        Asked asked;
        loop_.post([&] { question(host_, Completion(asked)); });
        return asked.answer.get_future().get().status;
    }
    IoStatus refresh() {
        return ask([](LunHost& host, Completion done) { host.fresh_identity(std::move(done)); });
    }
    scsi::Identity identity() {
        std::promise<scsi::Identity> identity;
        loop_.post([&] { identity.set_value(host_.identity()); });
        return identity.get_future().get();
    }

private:
    test::TemporaryDirectory target_;
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> busy_{context_.get_executor()};
    Settings settings_;
    Modules modules_;
    Configfs configfs_{target_.path()};
    WorkerPool worker_{context_, "configfs", 1, 1};
    WorkerPool offload_{context_, "offload", 1, 1};
    ServingThreads threads_{1};
    serving::LunDirectory directory_;
    LunServices services_{
        context_,
        settings_,
        modules_,
        configfs_,
        worker_,
        offload_,
        threads_,
        directory_,
        [](const netlink::Answer&) { return true; },
        [] {},
        [](const Lun&) {},
        [] {
            return std::vector<std::pair<LunName, std::string>>{{{"user_0", "disk"}, "ram/"}};
        }};
    test::TestLoop loop_;
    LunHost host_{services_, loop_, {"user_0", "disk"}, "ram/", true};
    std::thread control_;
};

}  // namespace

TEST_CASE("before configfs was read a LUN has the serial that it would have without one") {
    Machine machine;
    CHECK(machine.identity().serial == scsi::derived_serial("user_0/disk\nram/"));
}

TEST_CASE("identity is read from configfs when it is asked for") {
    Machine machine;
    machine.write("wwn/vpd_unit_serial", "T10 VPD Unit Serial Number: 1234\n");
    CHECK(machine.refresh() == IoStatus::ok);
    CHECK(machine.identity().serial == "1234");
    CHECK(machine.identity().config == "ram/");
}

TEST_CASE("what was just read is not read again, until an access state was set") {
    Machine machine;
    machine.write("alua/a/tg_pt_gp_id", "1\n");
    machine.write("alua/a/alua_access_state", "0\n");
    machine.write("wwn/vendor_id", "ONE\n");
    machine.refresh();
    machine.write("wwn/vendor_id", "TWO\n");
    machine.refresh();
    CHECK(machine.identity().vendor == "ONE");
    CHECK(machine.ask([](LunHost& host, Completion done) {
        host.set_access_state(1, scsi::AccessState::standby, std::move(done));
    }) == IoStatus::ok);
    CHECK(machine.read("alua/a/alua_access_state") == "2");
    machine.refresh();
    CHECK(machine.identity().vendor == "TWO");
}

TEST_CASE("an access state of a group that is not there is an error") {
    Machine machine;
    const test::CapturedOutput ignored(stderr);
    CHECK(machine.ask([](LunHost& host, Completion done) {
        host.set_access_state(9, scsi::AccessState::standby, std::move(done));
    }) == IoStatus::io_error);
}

TEST_CASE("a designator that no LUN of this daemon has is no end of a copy") {
    Machine machine;
    const test::CapturedOutput ignored(stderr);
    std::unique_ptr<devices::CopyPeer> found;
    CHECK(machine.ask([&](LunHost& host, Completion done) {
        host.find_copy_peer(scsi::naa_of("abcd"), found, std::move(done));
    }) == IoStatus::not_ready);
    CHECK_FALSE(found);
}
