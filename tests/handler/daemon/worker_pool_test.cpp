// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/worker_pool.hpp"

#include <atomic>
#include <cerrno>
#include <future>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/captured_output.hpp"
#include "tests/support/run_coroutine.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using tcmud::test::run_coroutine;

namespace {

constexpr auto soon = 50ms;
constexpr auto ample = 60s;

using Work = std::function<Result<int>()>;

// A pool whose jobs the test can hold up; all go on at the latest when the test ends.
class Pool {
public:
    explicit Pool(std::size_t threads, std::size_t replacements)
        : workers(context, "test", threads, replacements) {}
    ~Pool() { let_go(); }

    Result<int> run(Work work, std::chrono::milliseconds deadline = ample) {
        test::CapturedOutput ignored(stderr);
        return run_coroutine(context, workers.run<int>("the job", deadline, std::move(work)));
    }
    Result<int> run_stuck() { return run(stuck_work(), soon); }
    Work stuck_work() const {
        return [gate = gate_]() -> Result<int> {
            gate.wait();
            return 0;
        };
    }
    void let_go() {
        if (!std::exchange(open_, true)) opener_.set_value();
    }

    asio::io_context context;
    WorkerPool workers;

private:
    std::promise<void> opener_;
    std::shared_future<void> gate_{opener_.get_future()};
    bool open_ = false;
};

int seven() {
    return 7;
}

}  // namespace

TEST_CASE("work is done on another thread, and its value awaited") {
    Pool pool(1, 0);
    std::thread::id where;
    const auto result = pool.run([&]() -> Result<int> {
        where = std::this_thread::get_id();
        return 7;
    });
    REQUIRE(result);
    CHECK(*result == 7);
    CHECK(where != std::thread::id{});
    CHECK(where != std::this_thread::get_id());
}

TEST_CASE("an error of the work is the waiter's error") {
    Pool pool(1, 0);
    const auto result = pool.run([]() -> Result<int> { return failure(ENOENT, "no such thing"); });
    REQUIRE_FALSE(result);
    CHECK(result.error().number == ENOENT);
    CHECK(result.error().text == "no such thing");
}

TEST_CASE("jobs that come at once wait for a thread, and all are done") {
    Pool pool(2, 0);
    int done = 0;
    for (int i = 0; i < 20; ++i) {
        asio::co_spawn(pool.context, pool.workers.run<int>("one of many", ample, Work(seven)),
                       [&](const std::exception_ptr&, const Result<int>& result) { done += result ? 1 : 0; });
    }
    pool.context.run();
    CHECK(done == 20);
    CHECK(pool.workers.stuck() == 0);
}

TEST_CASE("a job that misses its deadline is an error that names it") {
    Pool pool(1, 1);
    const auto result = pool.run_stuck();
    REQUIRE_FALSE(result);
    CHECK(result.error().number == ETIMEDOUT);
    CHECK_THAT(result.error().text, Contains("the job: did not end within 50 ms"));
    CHECK(pool.workers.stuck() == 1);
}

TEST_CASE("a stuck thread is replaced") {
    Pool pool(1, 1);
    CHECK_FALSE(pool.run_stuck());
    CHECK(pool.run(seven) == 7);
}

TEST_CASE("when all threads are stuck, jobs end at once with an error") {
    Pool pool(1, 1);
    CHECK_FALSE(pool.run_stuck());
    CHECK_FALSE(pool.run_stuck());
    CHECK(pool.workers.stuck() == 2);
    const auto result = pool.run(seven);
    REQUIRE_FALSE(result);
    CHECK(result.error().number == EAGAIN);
    CHECK_THAT(result.error().text, Contains("the job: all threads for such work are stuck"));
}

TEST_CASE("a thread that was stuck counts no more when its job ends after all") {
    Pool pool(1, 0);
    CHECK_FALSE(pool.run_stuck());
    CHECK(pool.run(seven).error().number == EAGAIN);
    pool.let_go();
    for (int i = 0; i < 1000 && pool.workers.stuck() != 0; ++i) std::this_thread::sleep_for(10ms);
    CHECK(pool.workers.stuck() == 0);
    CHECK(pool.run(seven) == 7);
}

TEST_CASE("what an abandoned job returns is dropped on its own thread") {
    struct Value {
        std::promise<std::thread::id>* dropped = nullptr;
        Value() = default;
        explicit Value(std::promise<std::thread::id>& tell) : dropped(&tell) {}
        Value(Value&& other) noexcept : dropped(std::exchange(other.dropped, nullptr)) {}
        Value& operator=(Value&&) = delete;
        ~Value() {
            if (dropped) dropped->set_value(std::this_thread::get_id());
        }
    };
    std::promise<std::thread::id> dropped;
    std::promise<void> go_on;
    Pool pool(1, 1);
    {
        const test::CapturedOutput ignored(stderr);
        std::function<Result<Value>()> work = [&]() -> Result<Value> {
            go_on.get_future().wait();
            return Value(dropped);
        };
        CHECK_FALSE(run_coroutine(pool.context, pool.workers.run<Value>("open", soon, std::move(work))));
    }
    go_on.set_value();
    auto where = dropped.get_future();
    REQUIRE(where.wait_for(10s) == std::future_status::ready);
    CHECK(where.get() != std::this_thread::get_id());
}

TEST_CASE("a job that waits for its turn is not late, however long that takes") {
    Pool pool(1, 0);
    int done = 0;
    constexpr auto deadline = 1000ms;
    for (int i = 0; i < 4; ++i) {
        Work work = []() -> Result<int> {
            std::this_thread::sleep_for(400ms);
            return 0;
        };
        asio::co_spawn(pool.context, pool.workers.run<int>("one of many", deadline, std::move(work)),
                       [&](const std::exception_ptr&, const Result<int>& result) { done += result ? 1 : 0; });
    }
    pool.context.run();
    CHECK(done == 4);
    CHECK(pool.workers.stuck() == 0);
}

TEST_CASE("urgent jobs begin before others, also if they became urgent while they waited") {
    Pool pool(1, 0);
    std::string order;
    int left = 5;
    const auto urgent = std::make_shared<std::atomic<bool>>(true);
    const auto becomes_urgent = std::make_shared<std::atomic<bool>>(false);
    const auto add = [&](Work work, WorkerPool::Urgency urgency) {
        asio::co_spawn(pool.context, pool.workers.run<int>("one of many", ample, std::move(work), urgency),
                       [&](const std::exception_ptr&, const Result<int>&) { --left; });
    };
    const auto noting = [&](char name) -> Work {
        return [&order, name]() -> Result<int> {
            order += name;
            return 0;
        };
    };
    add(pool.stuck_work(), {});
    while (!pool.workers.busy()) pool.context.poll();
    add(noting('a'), {});
    add(noting('b'), becomes_urgent);
    add(noting('c'), urgent);
    add(noting('d'), {});
    pool.context.poll();
    *becomes_urgent = true;
    pool.let_go();
    pool.context.restart();
    pool.context.run();
    CHECK(left == 0);
    CHECK(order == "bcad");
}

TEST_CASE("a job whose turn never comes ends when all threads are stuck, and is not done later") {
    Pool pool(1, 0);
    bool done = false;
    std::vector<int> errors;
    const auto collect = [&](const std::exception_ptr&, const Result<int>& result) {
        errors.push_back(result ? 0 : result.error().number);
    };
    Work touch = [&]() -> Result<int> {
        done = true;
        return 0;
    };
    {
        const test::CapturedOutput ignored(stderr);
        asio::co_spawn(pool.context, pool.workers.run<int>("first", soon, pool.stuck_work()), collect);
        asio::co_spawn(pool.context, pool.workers.run<int>("second", soon, std::move(touch)), collect);
        pool.context.run();
    }
    CHECK(errors == std::vector<int>{ETIMEDOUT, EAGAIN});
    pool.let_go();
    for (int i = 0; i < 1000 && pool.workers.stuck() != 0; ++i) std::this_thread::sleep_for(10ms);
    CHECK(pool.run(seven) == 7);  // The only thread is past the queue.
    CHECK_FALSE(done);
}

TEST_CASE("stuck threads never number more than threads and replacements") {
    Pool pool(2, 0);
    CHECK_FALSE(pool.run_stuck());
    for (int i = 0; i < 4; ++i) {
        asio::co_spawn(pool.context, pool.workers.run<int>("the job", 20 * soon, pool.stuck_work()),
                       [](const std::exception_ptr&, const Result<int>&) {});
    }
    pool.context.restart();
    {
        const test::CapturedOutput ignored(stderr);
        pool.context.run();
    }
    CHECK(pool.workers.stuck() == 2);
}
