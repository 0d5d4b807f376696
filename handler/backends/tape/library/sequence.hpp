// SPDX-License-Identifier: Apache-2.0
// Several steps that wait for each other, as several lines: coroutines over completions.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "tcmud/io.hpp"

namespace tcmud::tape {

// Runs at once, up to its first wait, and owns itself.
struct Sequence {
    struct promise_type {
        Sequence get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        // Only the library throws, and only for want of memory: there is no state to go on from.
        void unhandled_exception() { std::terminate(); }
    };
};

// `co_await Wait{[&](Completion done) { drive.unload(result, std::move(done)); }}` gives the IoResult.
template <class Start>
class Wait {
public:
    explicit Wait(Start start) : start_(std::move(start)) {}

    bool await_ready() const { return false; }
    // False: it ended inside of the call that started it.
    bool await_suspend(std::coroutine_handle<> waiting) {
        operation_.deliver = [](IoOperation& operation, const IoResult& result) {
            static_cast<Operation&>(operation).wait->ended(result);
        };
        operation_.wait = this;
        start_(Completion(operation_));
        if (ended_) return false;
        waiting_ = waiting;
        return true;
    }
    IoResult await_resume() const { return result_; }

private:
    struct Operation : IoOperation {
        Wait* wait = nullptr;
    };

    void ended(IoResult result) {
        result_ = result;
        ended_ = true;
        if (waiting_) waiting_.resume();
    }

    Start start_;
    Operation operation_;
    IoResult result_;
    bool ended_ = false;
    std::coroutine_handle<> waiting_;
};

// `co_await in_background(queue, file, work)`: work() is called where it may block. REQUIRES: work outlives
// the wait.
template <class Work>
auto in_background(IoQueue& queue, IoFile& file, Work& work) {
    return Wait{[&queue, &file, &work](Completion done) {
        queue.run(
            file, [](void* context) { (*static_cast<Work*>(context))(); }, &work, std::move(done));
    }};
}

}  // namespace tcmud::tape
