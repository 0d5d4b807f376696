// SPDX-License-Identifier: Apache-2.0
// The control socket: HTTP with JSON bodies on a Unix socket that only root may use. Control thread.
//
//   GET /luns      every LUN
//   GET /stats     the same, with latencies
//   GET /luns/HBA/NAME
//                  one of them, with its exports and its last errors
//   GET /daemon    the process
//   GET /modules   the backends
//   GET /metrics   for Prometheus; text
//   GET /hung?older=SECONDS
//                  the commands that have been in flight for longer, what they wait for, and LUNs whose
//                  serving thread does not answer; without SECONDS those that the log is told of
//   POST /control  {"lun": "user_0/disk1", "command": "fault off"}: a command for a LUN's backend,
//                  or "load" and "unload" for a tape drive; {"answer": "…"}
//   POST /end-waiting
//                  {"lun": "user_0/disk1"}: it is being removed; what of its commands only waits ends, with
//                  an error
//   POST /resize   {"lun": "user_0/disk1", "size_bytes": 1048576}
//   POST /log-level
//                  {"log_level": "debug"}
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "handler/daemon/command_watch.hpp"
#include "handler/daemon/daemon_report.hpp"
#include "handler/daemon/lun.hpp"
#include "tcmud/module.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

class ControlServer {
public:
    struct Sources {
        std::function<std::vector<LunReport>()> luns;
        std::function<DaemonReport()> daemon;
        std::function<asio::awaitable<Result<std::string>>(std::string lun, std::string command)> control;
        std::function<asio::awaitable<HungReport>(std::optional<std::chrono::milliseconds> older_than)> hung;
        std::function<Result<void>(const std::string& lun)> end_what_waits;
        // Whether a successor may have everything now; if so it gets this connection. See takeover.hpp.
        std::function<bool()> may_hand_over;
        std::function<std::string()> metrics;
        std::function<asio::awaitable<Result<LunDetails>>(std::string lun)> details;
        std::function<asio::awaitable<Result<void>>(std::string lun, ByteCount size)> resize;
        std::function<std::vector<const BackendModule*>()> modules;
        std::function<void(asio::local::stream_protocol::socket)> hand_over;
    };

    static Result<std::shared_ptr<ControlServer>> listen(asio::io_context& context,
                                                         const std::filesystem::path& socket,
                                                         Sources sources);
    virtual ~ControlServer() = default;
    // Takes no more clients; those that it has keep it alive.
    virtual void close() = 0;
};

}  // namespace tcmud::daemon
