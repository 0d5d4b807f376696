// SPDX-License-Identifier: Apache-2.0
// All that lives on a serving thread for one LUN: backend, device server, session.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "handler/devices/block/block_device.hpp"
#include "handler/devices/host.hpp"
#include "handler/serving/lun_directory.hpp"
#include "handler/serving/session.hpp"
#include "handler/serving/timed_backend.hpp"
#include "tcmud/module.hpp"

namespace tcmud::serving {

class ServedLun {
public:
    struct Parts {
        std::string name;  // "user_0/disk1", in the directory.
        OpenedBackend backend;
        devices::BlockSettings settings;
        std::unique_ptr<devices::Host> host;
        uio::Device uio;
        uio::Ring ring;
    };

    // On the loop's thread, as everything here but counters() and backend_latency(); begins to serve.
    ServedLun(Parts parts, Loop& loop, LunDirectory& directory, Session::Events events);
    // REQUIRES: left.
    ~ServedLun() = default;

    const SessionCounters& counters() const { return session_.counters(); }
    const Latency& backend_latency(Direction direction) const { return timed_.latency(direction); }

    // Nothing is taken from the ring any more; idle is called when nothing is in flight.
    void pause(std::function<void()> idle) { session_.pause(std::move(idle)); }
    void resume() { session_.resume(); }

    // REQUIRES, of the following: paused and idle.
    BlockBackend& backend() { return block_backend(); }
    // Closes the ring and gives the backend back, to be destroyed where that may block.
    OpenedBackend leave();

    // While it serves.
    void capacity_changed() { device_->capacity_changed(); }
    void set_write_cache(bool on) { device_->set_write_cache(on); }
    bool write_cache() const { return device_->write_cache(); }
    // Of the backend.
    Result<std::string> control(std::string_view command) { return block_backend().control(command); }
    void closing() { block_backend().closing(); }
    Session& session() { return session_; }

private:
    BlockBackend& block_backend() { return *std::get<std::unique_ptr<BlockBackend>>(backend_); }

    std::string name_;
    LunDirectory& directory_;
    std::unique_ptr<devices::Host> host_;
    OpenedBackend backend_;
    TimedBackend timed_;
    std::optional<devices::BlockDevice> device_;
    Session session_;
};

}  // namespace tcmud::serving
