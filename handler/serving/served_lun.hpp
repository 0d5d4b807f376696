// SPDX-License-Identifier: Apache-2.0
// All that lives on a serving thread for one LUN: backend, device server, session.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "handler/devices/host.hpp"
#include "handler/serving/lun_directory.hpp"
#include "handler/serving/served_unit.hpp"
#include "handler/serving/session.hpp"

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
    // nullptr: it is not measured.
    const Latency* backend_latency(Direction direction) const { return unit_->latency(direction); }

    // Nothing is taken from the ring any more; idle is called when nothing is in flight.
    void pause(std::function<void()> idle) { session_.pause(std::move(idle)); }
    void resume() { session_.resume(); }

    // REQUIRES, of the following: paused and idle.
    // Of a disk; fails for all others.
    Result<void> resize(ByteCount size);
    // Closes the ring and gives the backend back, to be destroyed where that may block.
    OpenedBackend leave();

    // While it serves. Without effect on what is no disk:
    void capacity_changed();
    void set_write_cache(bool on);

    // Of the unit.
    void control(std::string_view command, ServedUnit::Controlled done) {
        unit_->control(command, std::move(done));
    }
    void closing() { unit_->closing(); }
    Session& session() { return session_; }
    ServedUnit& unit() { return *unit_; }

private:
    std::string name_;
    LunDirectory& directory_;
    std::unique_ptr<devices::Host> host_;
    std::unique_ptr<ServedUnit> unit_;
    Session session_;
};

}  // namespace tcmud::serving
