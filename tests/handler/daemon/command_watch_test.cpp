// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/command_watch.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"
#include "tests/support/captured_output.hpp"
#include "tests/support/kernel_ring.hpp"
#include "tests/support/run_coroutine.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using tcmud::test::on;

namespace {

constexpr std::initializer_list<std::uint8_t> read_of_block_7{0x28, 0, 0, 0, 0, 7, 0, 0, 1, 0};

// Keeps reads until the test lets them go.
class HoldingBackend final : public BlockBackend {
public:
    ByteCount size() const override { return ByteCount{100 * 512}; }
    BlockTraits traits() const override { return {}; }
    void start(IoQueue&) override {}
    void read(ByteOffset, Buffers into, Completion done) override {
        held_.emplace_back(std::move(done), raw(total(into)));
    }
    void write(ByteOffset, Buffers, Stable, Completion) override {}
    void flush(Completion done) override { std::move(done)({}); }
    void unmap(ByteOffset, ByteCount, Completion) override {}
    void write_zeroes(ByteOffset, ByteCount, bool, Completion) override {}
    Result<void> resize(ByteCount) override { return {}; }
    void closing() override {
        for (auto& [done, length] : std::exchange(held_, {})) std::move(done)({IoStatus::ok, length, 0});
    }

private:
    std::vector<std::pair<Completion, std::uint64_t>> held_;
};

// One LUN on a serving thread, and the control thread, which is the test's.
struct Bench {
    Bench() {
        on(loop, [&] {
            lun = std::make_shared<serving::ServedLun>(
                serving::ServedLun::Parts{"user_0/disk1",
                                          std::make_unique<HoldingBackend>(),
                                          {},
                                          std::make_unique<test::LonelyHost>(),
                                          bell.device(),
                                          *uio::Ring::attach(kernel.mapping(), uio::Journal::in_memory())},
                loop, directory, serving::Session::Events{});
        });
        served = {{"user_0/disk1", &loop, lun, 0}};
        asio::co_spawn(context, watch.run(), rethrow);
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench() {
        on(loop, [&] {
            lun->closing();
            lun->pause([] {});
        });
        on(loop, [&] {
            lun->leave();
            lun.reset();
        });
    }

    void submit(std::initializer_list<std::uint8_t> cdb) {
        on(loop, [&] { kernel.submit_in(cdb, 512); });
        bell.ring();
        while (in_flight() == 0) std::this_thread::sleep_for(1ms);
    }
    std::uint64_t in_flight() const { return lun->counters().in_flight; }
    LunReport report() const {
        LunReport report;
        report.name = {"user_0", "disk1"};
        report.counters.in_flight = in_flight();
        watch.describe(report);
        return report;
    }
    // Runs the control thread until that is so.
    template <class Condition>
    bool soon(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        context.restart();
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            context.run_for(10ms);
        }
        return true;
    }
    HungReport hung(std::optional<std::chrono::milliseconds> age) {
        return test::run_coroutine(context, watch.older_than(age));
    }

    asio::io_context context;
    ServingThreads threads{1};
    serving::Loop& loop = threads.place(serving::LoopKind::inline_calls);
    serving::LunDirectory directory;
    test::KernelRing kernel;
    test::Doorbell bell;
    std::shared_ptr<serving::ServedLun> lun;
    std::vector<LunServing> served;
    CommandWatch watch{context, threads, 400ms, [this] {
                           for (auto& each : served) each.in_flight = in_flight();
                           return served;
                       }};
};

}  // namespace

TEST_CASE("a command that hangs is reported once, and its end") {
    Bench bench;
    test::CapturedOutput log(stderr);
    bench.submit(read_of_block_7);
    REQUIRE(bench.soon([&] { return bench.report().hung_commands == 1; }));
    CHECK(bench.report().oldest_command >= 400ms);
    const auto told = bench.hung(std::nullopt);
    CHECK(told.older_than == 400ms);
    REQUIRE(told.commands.size() == 1);
    CHECK(told.commands[0].lun == "user_0/disk1");
    CHECK(told.commands[0].command.name == "READ(10)");
    CHECK(told.commands[0].command.waits == "in its backend");
    CHECK(told.silent.empty());
    CHECK(bench.hung(1h).commands.empty());
    std::this_thread::sleep_for(300ms);
    on(bench.loop, [&] { bench.lun->closing(); });
    REQUIRE(bench.soon([&] { return bench.report().hung_commands == 0 && bench.in_flight() == 0; }));
    bench.soon([deadline = std::chrono::steady_clock::now() + 500ms] {
        return std::chrono::steady_clock::now() > deadline;
    });
    const auto text = log.text();
    CHECK_THAT(text,
               Contains("user_0/disk1: READ(10) [28 00 00 00 00 07 00 00 01 00] has been in flight for 0 s, "
                        "in its backend; 1 of its commands hangs"));
    CHECK(text.find("has been in flight") == text.rfind("has been in flight"));
    CHECK_THAT(text, Contains("user_0/disk1: the commands that hung have ended, after "));
    CHECK(bench.report().oldest_command == 0ms);
}

TEST_CASE("a serving thread that does not answer is told of, with its LUNs") {
    Bench bench;
    test::CapturedOutput log(stderr);
    bench.submit(read_of_block_7);
    std::atomic<bool> held{true};
    bench.loop.post([&] {
        while (held) std::this_thread::sleep_for(1ms);
    });
    CHECK(bench.soon([&] { return log.text().find("has not answered for") != std::string::npos; }));
    const auto told = bench.hung(0ms);
    held = false;
    CHECK(told.commands.empty());
    REQUIRE(told.silent.size() == 1);
    CHECK(told.silent[0].lun == "user_0/disk1");
    CHECK(told.silent[0].in_flight == 1);
    CHECK(told.silent[0].thread != 0);
    REQUIRE(bench.soon([&] { return bench.hung(0ms).commands.size() == 1; }));
    CHECK(bench.hung(0ms).silent.empty());
}

TEST_CASE("CDBs and threads are shown as people read them") {
    serving::CommandReport command;
    command.cdb = {std::byte{0xc1}, std::byte{0x00}, std::byte{0xff}};
    CHECK(cdb_text(command) == "c1 00 ff");
    CHECK(name_of(command) == "c1h");
    command.name = "WRITE(10)";
    CHECK(name_of(command) == "WRITE(10)");
    CHECK(thread_text(0).empty());
    CHECK_THAT(thread_text(::gettid()), Contains("(thread " + std::to_string(::gettid())));
}
