// SPDX-License-Identifier: Apache-2.0
// The control socket: HTTP with JSON bodies on a Unix socket that only root may use. Control thread.
//
//   GET /luns      every LUN
//   GET /daemon    the process
//   POST /control  {"lun": "user_0/disk1", "command": "fault off"}: a command for a LUN's backend;
//                  {"answer": "…"}
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "handler/daemon/lun.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

struct DaemonReport {
    std::string version;
    std::string build_id;
    std::vector<std::string> subtypes;
    std::vector<ServingThreadReport> serving_threads;
    std::size_t stuck_workers = 0;
    std::string scheduler_weight;          // By what the weight of serving threads is moved.
    std::size_t held_serving_threads = 0;  // Now, by calls on file systems that do not answer.
};

class ControlServer {
public:
    struct Sources {
        std::function<std::vector<LunReport>()> luns;
        std::function<DaemonReport()> daemon;
        std::function<asio::awaitable<Result<std::string>>(std::string lun, std::string command)> control;
    };

    static Result<std::unique_ptr<ControlServer>> listen(asio::io_context& context,
                                                         const std::filesystem::path& socket,
                                                         Sources sources);
    virtual ~ControlServer() = default;
};

}  // namespace tcmud::daemon
