// SPDX-License-Identifier: Apache-2.0
// tcmud's part on a bus, with a thread for its control thread.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>

#include "handler/daemon/dbus/service.hpp"
#include "tests/support/captured_output.hpp"

namespace tcmud::test {

class OnBus {
public:
    // With the handlers "file" and "ram"; a cfgstring with "bad" in it is refused.
    explicit OnBus(std::function<void(daemon::dbus::Offer&)> change = {})
        : service_(context_, offer(change)) {
        daemon::asio::co_spawn(context_, service_.run(), daemon::rethrow);
        const auto look = [](OnBus& self) -> daemon::asio::awaitable<void> {
            co_await self.service_.settle(std::chrono::seconds(5));
            self.settled_ = true;
        };
        daemon::asio::co_spawn(context_, look(*this), daemon::rethrow);
        thread_ = std::thread([this] { context_.run(); });
    }
    ~OnBus() { end(); }

    bool settled() const { return settled_; }
    std::set<std::string> registered() const {
        const std::lock_guard lock(mutex_);
        return registered_;
    }
    void stop() {
        daemon::asio::post(context_, [this] { service_.stop(); });
    }
    // What was logged. The thread's work is over then.
    std::string end() {
        if (thread_.joinable()) {
            context_.stop();
            thread_.join();
        }
        return log_.text();
    }

private:
    daemon::dbus::Offer offer(const std::function<void(daemon::dbus::Offer&)>& change) {
        daemon::dbus::Offer offer;
        offer.handlers = {{"file", "A file."}, {"ram", "Memory."}};
        offer.check = [](std::string config) { return check(std::move(config)); };
        offer.registered = [this](std::set<std::string> subtypes) {
            const std::lock_guard lock(mutex_);
            registered_ = std::move(subtypes);
        };
        offer.administrator = ::geteuid();
        if (change) change(offer);
        return offer;
    }
    static daemon::asio::awaitable<Result<void>> check(std::string config) {
        if (config.find("bad") != std::string::npos) co_return failure(EINVAL, "no good: " + config);
        co_return Result<void>{};
    }

    CapturedOutput log_{stderr};
    mutable std::mutex mutex_;
    std::set<std::string> registered_;
    std::atomic<bool> settled_{false};
    daemon::asio::io_context context_;
    daemon::dbus::Service service_;
    std::thread thread_;
};

}  // namespace tcmud::test
