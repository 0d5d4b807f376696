// SPDX-License-Identifier: Apache-2.0
// An operation of a tape backend as a step of a command.
#pragma once

#include <utility>

#include "handler/devices/task.hpp"
#include "tcmud/tape_backend.hpp"

namespace tcmud::devices {

// `co_await TapeIo{[&](TapeResult& result, Completion done) { backend.read(into, result, std::move(done));
// }}` gives the TapeResult.
template <class Start>
class TapeIo {
public:
    explicit TapeIo(Start start) : start_(std::move(start)), io_(Begin{this}) {}
    TapeIo(const TapeIo&) = delete;
    TapeIo& operator=(const TapeIo&) = delete;

    bool await_ready() const { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        return io_.await_suspend(waiting);
    }
    TapeResult await_resume() {
        const auto io = io_.await_resume();
        if (io.status == IoStatus::aborted) result_.status = TapeStatus::aborted;
        // Nobody has written a result.
        if (io.status != IoStatus::ok && io.status != IoStatus::aborted)
            result_.status = TapeStatus::io_error;
        return result_;
    }

private:
    struct Begin {
        TapeIo* io;
        void operator()(Completion done) { io->start_(io->result_, std::move(done)); }
    };

    Start start_;
    TapeResult result_;
    Io<Begin> io_;
};

}  // namespace tcmud::devices
