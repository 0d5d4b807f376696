// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/loop.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <numeric>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "handler/serving/session.hpp"
#include "tests/handler/serving/support.hpp"
#include "tests/support/descriptor.hpp"
#include "tests/support/kernel_ring.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using namespace std::chrono_literals;
using tcmud::test::on;
using tcmud::test::Waiting;

namespace {

// A backend of a library that says on threads of its own that operations have ended.
class LibraryBackend final : public BlockBackend {
public:
    // Any thread.
    void end() const { ::eventfd_write(told_.get(), 1); }
    // On the serving thread, or before it knows the backend; so are all that follow.
    std::future<std::thread::id> next_reap() { return reaped_.emplace().get_future(); }
    int reaps = 0;

    std::optional<int> event_fd() const override { return told_.get(); }
    void reap() override {
        ++reaps;
        if (reaped_) std::exchange(reaped_, {})->set_value(std::this_thread::get_id());
    }
    ByteCount size() const override { return ByteCount{512}; }
    BlockTraits traits() const override { return {}; }
    void start(IoQueue&) override {}
    void read(ByteOffset, Buffers, Completion) override {}
    void write(ByteOffset, Buffers, Stable, Completion) override {}
    void flush(Completion) override {}
    void unmap(ByteOffset, ByteCount, Completion) override {}
    void write_zeroes(ByteOffset, ByteCount, bool, Completion) override {}
    Result<void> resize(ByteCount) override { return {}; }

private:
    test::Descriptor told_{test::Descriptor::wake()};
    std::optional<std::promise<std::thread::id>> reaped_;
};

// One of several LUNs of a loop.
struct OneOfSeveral {
    explicit OneOfSeveral(Loop& loop)
        : session(doorbell.device(), *uio::Ring::attach(kernel.mapping(), uio::Journal::in_memory()), device,
                  loop, {}) {
        session.start();
    }
    void submit(int commands) {
        for (int i = 0; i < commands; ++i) kernel.submit({0x00, 0, 0, 0, 0, 0});  // TEST UNIT READY
    }
    void leave() {
        device.answer_all(scsi::Outcome::good());
        session.pause([] {});
        session.leave();
    }
    test::KernelRing kernel{{.ring_size = 256 * 1024}};
    test::HoldingDevice device;
    test::Doorbell doorbell;
    Session session;
};

}  // namespace

TEST_CASE("tasks run on the serving thread, which has the loop's name") {
    test::TestLoop loop("serving-1");
    CHECK(on(loop, [] { return std::this_thread::get_id(); }) != std::this_thread::get_id());
    const auto name = on(loop, [] {
        std::array<char, 16> text{};
        ::pthread_getname_np(::pthread_self(), text.data(), text.size());
        return std::string(text.data());
    });
    CHECK(name == "serving-1");
}

TEST_CASE("tasks run in the order in which they were posted") {
    test::TestLoop loop;
    std::vector<int> order;
    for (int i = 0; i < 1000; ++i) loop.post([&order, i] { order.push_back(i); });
    on(loop, [] {});
    std::vector<int> expected(1000);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(order == expected);
}

TEST_CASE("tasks of several threads run, each once") {
    test::TestLoop loop;
    int count = 0;  // Of the serving thread.
    std::vector<std::thread> posting;
    for (int thread = 0; thread < 4; ++thread) {
        posting.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) loop.post([&count] { ++count; });
        });
    }
    for (auto& thread : posting) thread.join();
    CHECK(on(loop, [&] { return count; }) == 4000);
}

TEST_CASE("a task may post another one, which runs later and not inside") {
    test::TestLoop loop;
    bool inside = false;  // Of the serving thread, as ran_inside.
    bool ran_inside = true;
    on(loop, [&] {
        inside = true;
        loop.post([&] { ran_inside = inside; });
        inside = false;
    });
    CHECK_FALSE(on(loop, [&] { return ran_inside; }));
}

TEST_CASE("I/O that a task queues is done in the same turn, or by the next ones, without further calls") {
    test::TestLoop loop;
    const int fd = ::memfd_create("test", MFD_CLOEXEC);
    IoFile file{fd};
    struct Told : IoOperation {
        std::promise<IoResult> ended;
    } operation;
    operation.deliver = [](IoOperation& self, const IoResult& ended_with) {
        static_cast<Told&>(self).ended.set_value(ended_with);
    };
    std::string text = "abc";
    const iovec piece{text.data(), text.size()};
    loop.post([&] { loop.io().write(file, ByteOffset{0}, {&piece, 1}, Stable::no, Completion(operation)); });
    const auto ended = operation.ended.get_future().get();
    CHECK(ended.status == IoStatus::ok);
    CHECK(ended.bytes == 3);
    on(loop, [] {});  // Nobody is in deliver() any more.
    ::close(fd);
}

TEST_CASE("an answer posted to a sleeping loop wakes it") {
    test::TestLoop loop;
    on(loop, [] {});
    struct Told : IoOperation {
        std::promise<std::thread::id> by;
    } operation;
    operation.deliver = [](IoOperation& self, const IoResult&) {
        static_cast<Told&>(self).by.set_value(std::this_thread::get_id());
    };
    loop.io().post(Completion(operation), {});
    const auto by = operation.by.get_future().get();
    CHECK(by == on(loop, [] { return std::this_thread::get_id(); }));
}

TEST_CASE("a backend is told to reap on the serving thread, each time that its descriptor is written") {
    test::TestLoop loop;
    LibraryBackend backend;
    on(loop, [&] { loop.add(backend); });
    const auto serving = on(loop, [] { return std::this_thread::get_id(); });
    for (int i = 0; i < 3; ++i) {
        auto reaped = on(loop, [&] { return backend.next_reap(); });
        backend.end();
        REQUIRE(reaped.wait_for(10s) == std::future_status::ready);
        CHECK(reaped.get() == serving);
    }
    on(loop, [&] { loop.remove(backend); });
    backend.end();
    CHECK(on(loop, [&] { return backend.reaps; }) == 3);
}

TEST_CASE("what a backend's library ended before the loop knew of it is reaped too") {
    test::TestLoop loop;
    LibraryBackend backend;
    auto reaped = backend.next_reap();
    backend.end();
    on(loop, [&] { loop.add(backend); });
    CHECK(reaped.wait_for(10s) == std::future_status::ready);
    on(loop, [&] { loop.remove(backend); });
}

TEST_CASE("a task may remove a backend that has just asked to be reaped") {
    test::TestLoop loop;
    auto backend = std::make_unique<LibraryBackend>();
    on(loop, [&] { loop.add(*backend); });
    on(loop, [&] {
        // Both events wait for the loop when this task returns.
        loop.post([&] {
            loop.remove(*backend);
            backend.reset();
        });
        backend->end();
    });
    on(loop, [] {});
    CHECK_FALSE(backend);
}

TEST_CASE("a loop ends, with or without ever having had a task") {
    { const test::TestLoop idle; }
    bool ran = false;
    {
        test::TestLoop loop;
        on(loop, [&] { ran = true; });
    }
    CHECK(ran);
}

TEST_CASE("every turn takes commands of each LUN that has some, however many another one has") {
    Shared shared;
    Loop loop("test", LoopKind::inline_calls, shared);  // Without a thread: a turn is a call.
    OneOfSeveral greedy(loop);
    OneOfSeveral polite(loop);
    greedy.submit(1000);
    constexpr std::size_t turns = 10;
    for (std::size_t turn = 1; turn <= turns; ++turn) {
        polite.submit(1);
        loop.serve_again(polite.session);
        REQUIRE(loop.turn());
        CHECK(polite.device.held.size() == turn);
        CHECK(greedy.device.held.size() == turn * 64);
    }
    const auto& counters = polite.session.counters();
    CHECK(counters.turns_that_found == turns);
    CHECK(counters.turns_that_took == turns);
    greedy.leave();
    polite.leave();
}

TEST_CASE("an initiator that always has another command keeps nobody else waiting") {
    Shared shared;
    Loop loop("test", LoopKind::inline_calls, shared);
    loop.start();
    std::unique_ptr<OneOfSeveral> lun;
    std::atomic<bool> ends = false;
    // Answers what the LUN has and gives it the next, in every turn.
    struct Always : IoOperation {
        OneOfSeveral* lun = nullptr;
        Loop* loop = nullptr;
        std::atomic<bool>* ends = nullptr;
        void again() { loop->io().post(Completion(*this), {}); }
    } always;
    always.deliver = [](IoOperation& self, const IoResult&) {
        auto& mine = static_cast<Always&>(self);
        if (*mine.ends) return;
        mine.lun->device.answer_all(scsi::Outcome::good());
        mine.lun->kernel.collect();
        while (mine.lun->doorbell.was_rung()) {
        }
        mine.lun->submit(1);
        mine.loop->serve_again(mine.lun->session);
        mine.again();
    };
    on(loop, [&] {
        lun = std::make_unique<OneOfSeveral>(loop);
        always.lun = lun.get();
        always.loop = &loop;
        always.ends = &ends;
        always.again();
    });
    int tasks = 0;
    for (int i = 0; i < 100; ++i) on(loop, [&] { ++tasks; });
    CHECK(tasks == 100);
    ends = true;
    on(loop, [] {});
    on(loop, [&] {
        lun->leave();
        lun.reset();
    });
    loop.stop();
}

namespace {

// Whether a command that comes without a doorbell, when a turn has just ended, is taken.
bool seen_before_sleep(std::chrono::microseconds busy_wait) {
    Shared shared;
    shared.busy_wait = busy_wait;
    Loop loop("test", LoopKind::inline_calls, shared);
    loop.start();
    std::unique_ptr<OneOfSeveral> lun;
    struct Submitting : IoOperation {
        OneOfSeveral* lun = nullptr;
    } operation;
    operation.deliver = [](IoOperation& self, const IoResult&) {
        static_cast<Submitting&>(self).lun->submit(1);
    };
    on(loop, [&] { lun = std::make_unique<OneOfSeveral>(loop); });
    on(loop, [&] {
        operation.lun = lun.get();
        lun->submit(1);
        loop.serve_again(lun->session);
        // Delivered behind the rings of the same turn.
        loop.io().post(Completion(operation), {});
    });
    on(loop, [] {});
    const bool seen = on(loop, [&] { return lun->device.held.size() == 2; });
    on(loop, [&] {
        lun->leave();
        lun.reset();
    });
    loop.stop();
    return seen;
}

}  // namespace

TEST_CASE("a loop looks at its rings before it sleeps, if it may") {
    CHECK(seen_before_sleep(10ms));
    CHECK_FALSE(seen_before_sleep(0us));
}
