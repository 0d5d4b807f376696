// SPDX-License-Identifier: Apache-2.0
// Two ends of a connection, for tests of what processes say to each other.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "handler/daemon/line_channel.hpp"

namespace tcmud::test {

inline std::pair<boost::asio::local::stream_protocol::socket, boost::asio::local::stream_protocol::socket>
connected_sockets(boost::asio::io_context& context) {
    boost::asio::local::stream_protocol::socket one(context), other(context);
    boost::asio::local::connect_pair(one, other);
    return {std::move(one), std::move(other)};
}

inline std::pair<daemon::LineChannel, daemon::LineChannel> connected_channels(
    boost::asio::io_context& context) {
    auto [one, other] = connected_sockets(context);
    return {daemon::LineChannel(context, std::move(one)), daemon::LineChannel(context, std::move(other))};
}

}  // namespace tcmud::test
