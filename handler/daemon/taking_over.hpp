// SPDX-License-Identifier: Apache-2.0
// The beginning of a tcmud that takes over from one that runs: serves one LUN after the other. See
// takeover.hpp.
#pragma once

#include <functional>

#include <boost/asio/awaitable.hpp>

#include "handler/daemon/line_channel.hpp"
#include "handler/daemon/takeover.hpp"

namespace tcmud::daemon {

class TakingOver {
public:
    struct Luns {
        // The predecessor has it.
        std::function<void(const LunLine&)> expect;
        // It is ours now; `tried` is called when it is served, or is known not to be.
        std::function<void(const LunLine&, FileDescriptor uio, std::function<void()> tried)> inherit;
        // It has been removed.
        std::function<void(const LunLine&)> gone;
        // Which LUNs the predecessor has is known: events can be dealt with.
        std::function<void()> all_expected;
        // Each LUN was given, but for those with commands that do not end.
        std::function<void()> tried;
        // There is no predecessor any more: what it has not given is ours without.
        std::function<void()> alone;
    };

    TakingOver(asio::io_context& context, LineChannel channel, Luns luns);

    // Ends when the predecessor is gone, after all_expected, tried and alone were called once each, in that
    // order. False: it does not speak as we do, and has what it had when it is left alone.
    asio::awaitable<bool> run();

private:
    enum class Stage { waiting, expecting, taking, left_overs };
    void advance(Stage to);
    bool deal_with(LineChannel::Line line);

    asio::io_context& context_;
    LineChannel channel_;
    Luns luns_;
    Stage stage_ = Stage::waiting;
};

}  // namespace tcmud::daemon
