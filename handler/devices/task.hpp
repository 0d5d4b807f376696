// SPDX-License-Identifier: Apache-2.0
// Coroutines for commands of several steps.
#pragma once

#include <coroutine>
#include <exception>
#include <string_view>
#include <utility>

#include "handler/devices/command.hpp"
#include "handler/scsi/outcome.hpp"
#include "tcmud/io.hpp"

namespace tcmud::devices {

// Several steps that end in a value: `auto outcome = co_await steps(...)`. Begins when it is awaited. What it
// holds is given back before the value arrives.
template <class T>
class [[nodiscard]] Steps {
public:
    struct promise_type {
        Steps get_return_object() { return Steps(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Resume {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
                    return ended.promise().waiting;
                }
                void await_resume() noexcept {}
            };
            return Resume{};
        }
        void return_value(T result) { value = std::move(result); }
        // Only the library throws, and only for want of memory: there is no state to go on from.
        void unhandled_exception() { std::terminate(); }

        T value{};
        std::coroutine_handle<> waiting;
        Command* command = nullptr;  // Whose steps these are, if they are a command's.
    };

    Steps(Steps&& other) noexcept : steps_(std::exchange(other.steps_, nullptr)) {}
    Steps& operator=(Steps&&) = delete;
    ~Steps() {
        if (steps_) steps_.destroy();
    }

    bool await_ready() const { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiting) {
        steps_.promise().waiting = waiting;
        steps_.promise().command = waiting.promise().command;
        return steps_;
    }
    T await_resume() { return std::move(steps_.promise().value); }

private:
    explicit Steps(std::coroutine_handle<promise_type> steps) : steps_(steps) {}
    std::coroutine_handle<promise_type> steps_;
};

// Runs at once, up to its first wait, and owns itself.
struct Task {
    struct promise_type {
        promise_type() = default;
        // Of answer().
        promise_type(Reply& reply, Steps<scsi::Outcome>&) : command(&reply.target()) {}

        Command* command = nullptr;

        Task get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

// Carries a compound command out and answers it.
inline Task answer(Reply reply, Steps<scsi::Outcome> steps) {
    const auto outcome = co_await steps;
    std::move(reply)(outcome);
}

// `co_await Io{[&](Completion done) { backend.read(..., std::move(done)); }}` gives the IoResult. what: the
// words for what is waited for, if it is not the backend.
template <class Start>
class Io {
public:
    explicit Io(Start start, std::string_view what = {}) : start_(std::move(start)), what_(what) {}

    bool await_ready() const { return false; }
    // False: it ended inside of the call that started it.
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        operation_.deliver = [](IoOperation& operation, const IoResult& result) {
            static_cast<Operation&>(operation).io->ended(result);
        };
        operation_.io = this;
        start_(Completion(operation_));
        if (ended_) return false;
        waiting_ = waiting;
        command_ = waiting.promise().command;
        if (command_) command_->step = {&operation_, what_};
        return true;
    }
    IoResult await_resume() const { return result_; }

private:
    struct Operation : IoOperation {
        Io* io = nullptr;
    };

    void ended(IoResult result) {
        result_ = result;
        ended_ = true;
        if (command_) command_->step = {};
        if (waiting_) waiting_.resume();
    }

    Start start_;
    std::string_view what_;
    Command* command_ = nullptr;
    Operation operation_;
    IoResult result_;
    bool ended_ = false;
    std::coroutine_handle<> waiting_;
};

// A claim that ends with the scope.
class HeldRange {
public:
    HeldRange(ExclusiveRanges& ranges, RangeClaim& claim) : ranges_(&ranges), claim_(&claim) {}
    HeldRange(HeldRange&& other) noexcept
        : ranges_(std::exchange(other.ranges_, nullptr)), claim_(other.claim_) {}
    HeldRange& operator=(HeldRange&&) = delete;
    ~HeldRange() {
        if (ranges_) ranges_->release(*claim_);
    }

private:
    ExclusiveRanges* ranges_;
    RangeClaim* claim_;
};

// `auto held = co_await ClaimRange(...)` waits until the range is ours.
class [[nodiscard]] ClaimRange {
public:
    ClaimRange(ExclusiveRanges& ranges, RangeClaim::Mode mode, Lba first, BlockCount count, RangeClaim& claim)
        : ranges_(ranges), claim_(claim), mode_(mode), first_(first), count_(count) {}

    bool await_ready() {
        claim_.owner = this;
        claim_.granted = [](RangeClaim& claim) { static_cast<ClaimRange*>(claim.owner)->waiting_.resume(); };
        return ranges_.claim(claim_, mode_, first_, count_);
    }
    void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
    HeldRange await_resume() { return {ranges_, claim_}; }

private:
    ExclusiveRanges& ranges_;
    RangeClaim& claim_;
    RangeClaim::Mode mode_;
    Lba first_;
    BlockCount count_;
    std::coroutine_handle<> waiting_;
};

}  // namespace tcmud::devices
