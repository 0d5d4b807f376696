// SPDX-License-Identifier: Apache-2.0
// GET /metrics on a TCP address, for Prometheus, and nothing else. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "handler/daemon/listen_address.hpp"

namespace tcmud::daemon {

namespace asio = boost::asio;

class MetricsServer {
public:
    // Listens as soon as it can: the address may be a predecessor's still, or not be there yet. That it
    // cannot is logged. The server lives as long as the context runs.
    static std::unique_ptr<MetricsServer> listen(asio::io_context& context, const ListenAddress& address,
                                                 std::function<std::string()> metrics);
    virtual ~MetricsServer() = default;
};

}  // namespace tcmud::daemon
