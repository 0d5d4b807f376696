// SPDX-License-Identifier: Apache-2.0
// How a LUN is changed while it is served: write cache, size, cfgstring.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "handler/daemon/geometry.hpp"
#include "handler/daemon/log.hpp"
#include "handler/daemon/lun.hpp"
#include "handler/daemon/lun_patience.hpp"

namespace tcmud::daemon {

asio::awaitable<int> Lun::reconfigure(const netlink::Event& event) {
    Result<void> done;
    if (event.write_cache) {
        // Restoring a configuration writes the values that are there already: those change nothing.
        if (*event.write_cache != facts_.write_cache && served_) {
            loop_->post([served = served_, on = *event.write_cache] { served->set_write_cache(on); });
        }
        facts_.write_cache = *event.write_cache;
    } else if (event.size) {
        if (ByteCount{*event.size} != facts_.size) done = co_await resize(ByteCount{*event.size});
    } else if (event.config) {
        auto config = *event.config;
        while (!config.empty() && (config.back() == '\n' || config.back() == ' ')) config.pop_back();
        if (config != uio_name_.config) done = co_await change_config(config);
    }
    if (done) co_return 0;
    change_error_ = done.error().text;
    // Of a device that goes, or that has gone after a predecessor had answered, nobody needs to hear.
    services_.hear();
    if (!is_to_go() && co_await exists())
        log::error("{}: cannot be changed: {}", name_.text(), change_error_);
    co_return -std::max(1, done.error().number);
}

asio::awaitable<Result<void>> Lun::resize(ByteCount size) {
    if (state_ != LunState::serving) co_return failure(ENODEV, "it is not being served: " + error_);
    if (kind() != LunKind::disk)
        co_return failure(EOPNOTSUPP, "only disks have a size: a tape's is that of its cartridges");
    if (auto possible = check_geometry(size, facts_.block_size); !possible) co_return possible;
    change(LunEvent::block);
    Result<bool> resized = failure(EBUSY, "its commands do not end");
    if (co_await pause(change_patience)) {
        auto resizing = services_.offload.run<bool>(
            "resize " + uio_name_.config, change_patience,
            [served = served_, size]() -> Result<bool> {
                return served->resize(size).map([] { return true; });
            },
            awaited_);
        resized = co_await std::move(resizing);
    }
    if (resized) {
        facts_.size = size;
        loop_->post([served = served_] { served->capacity_changed(); });
        log::info("{}: has {} bytes now", name_.text(), raw(size));
    }
    resume();
    change(LunEvent::unblock);
    co_return resized.map([](bool) {});
}

// Another file, or other options. The new backend often needs what the old one holds (the file's lock), so
// that the old one is closed first, and opened again if the new one fails.
asio::awaitable<Result<void>> Lun::change_config(const std::string& config) {
    if (subtype_of(config) != subtype_of(uio_name_.config)) {
        co_return failure(EOPNOTSUPP, "the subtype of a LUN cannot be changed: remove it and make another");
    }
    const auto old = std::exchange(uio_name_.config, config);
    if (state_ != LunState::serving) {
        // It is tried with the new string at once.
        if (state_ == LunState::waiting) co_await try_to_open();
        if (state_ == LunState::serving) co_return Result<void>{};
        uio_name_.config = old;
        co_return failure(ENODEV, error_);
    }
    change(LunEvent::block);
    if (!co_await leave(change_patience)) {
        uio_name_.config = old;
        resume();
        change(LunEvent::unblock);
        co_return failure(EBUSY, "its commands do not end");
    }
    auto opened = co_await open();
    if (!opened) {
        const auto why = opened.error();
        uio_name_.config = old;
        if (const auto back = co_await open(); !back) {
            error_ = back.error().text;
            retry_at_ = std::chrono::steady_clock::now() + first_retry;
            absent_at_ = std::chrono::steady_clock::now() + services_.settings.not_ready_after;
            change(LunEvent::lost);
            co_return tl::unexpected(why);
        }
        opened = tl::unexpected(why);
    }
    change(LunEvent::unblock);
    co_return opened;
}

}  // namespace tcmud::daemon
