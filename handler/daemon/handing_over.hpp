// SPDX-License-Identifier: Apache-2.0
// The end of a tcmud whose successor runs already: gives it one LUN after the other. See takeover.hpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "handler/daemon/line_channel.hpp"
#include "handler/daemon/takeover.hpp"

namespace tcmud::daemon {

// What became of the wish to give a LUN up.
struct HandedOver {
    enum class How {
        given,
        busy,  // It has commands that do not end, and is served as before.
        gone,  // It has been removed.
    } how = How::gone;
    FileDescriptor uio;  // If given, and if it was open.
};

class HandingOver {
public:
    struct Luns {
        // From here on, new LUNs are the successor's; or not any more.
        std::function<void(bool)> leave_new_ones;
        // All there are now.
        std::function<std::vector<LunLine>()> all;
        std::function<asio::awaitable<HandedOver>(LunLine)> give;
    };

    HandingOver(asio::io_context& context, LineChannel channel, Luns luns);

    // port: of our netlink socket. lock: of the run directory, which goes along. True: the successor has
    // everything. False: it is gone, and what it had taken is nobody's.
    asio::awaitable<bool> run(std::uint32_t port, int lock);

private:
    asio::awaitable<bool> expect(std::string text);
    asio::awaitable<bool> round();
    asio::awaitable<bool> give(LunLine line);

    asio::io_context& context_;
    LineChannel channel_;
    Luns luns_;
    std::vector<LunLine> announced_;  // And neither given nor gone.
};

}  // namespace tcmud::daemon
