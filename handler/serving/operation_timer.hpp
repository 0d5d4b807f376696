// SPDX-License-Identifier: Apache-2.0
// How long the operations of a backend take: a look at the thread's clock where one begins and where it ends.
#pragma once

#include <array>
#include <utility>

#include "handler/serving/command_group.hpp"
#include "handler/serving/latency.hpp"
#include "handler/serving/turn_clock.hpp"
#include "tcmud/io.hpp"

namespace tcmud::serving {

class OperationTimer {
public:
    // Outlives it.
    explicit OperationTimer(TurnClock& clock) : clock_(clock) {}

    // Any thread.
    const Latency& latency(Direction direction) const {
        return latencies_[static_cast<std::size_t>(direction)];
    }

    // The operation stays its waiter's, who is answered as if nobody had been in between.
    Completion timed(Completion done, Direction direction) {
        auto& operation = done.target();
        operation.measured = {operation.deliver, this, static_cast<unsigned>(direction), clock_.now()};
        operation.deliver = &OperationTimer::ended;
        return done;
    }

    // The same, given to a call that may carry the operation out and answer inside of itself: then time has
    // gone by, though no point of the turn was passed.
    template <class Call>
    void around(Direction direction, Completion done, Call call) {
        calling_ = true;
        call(timed(std::move(done), direction));
        calling_ = false;
    }

private:
    static void ended(IoOperation& operation, const IoResult& result) {
        const auto& measured = operation.measured;
        auto& self = *static_cast<OperationTimer*>(measured.by);
        if (self.calling_) self.clock_.go_on();
        self.latencies_[measured.as].record(self.clock_.now() - measured.since);
        operation.deliver = measured.deliver;
        operation.deliver(operation, result);
    }

    TurnClock& clock_;
    bool calling_ = false;
    std::array<Latency, direction_names.size()> latencies_;
};

}  // namespace tcmud::serving
