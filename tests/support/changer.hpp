// SPDX-License-Identifier: Apache-2.0
// A changer under test: commands go in, answers come out, the library tells what it was asked.
#pragma once

#include <memory>
#include <vector>

#include "handler/devices/changer/changer_device.hpp"
#include "tests/support/disk.hpp"
#include "tests/support/memory_changer.hpp"

namespace tcmud::test {

class Changer {
public:
    Changer() {
        make_device();
        // Of the start.
        static_cast<void>(device->attentions().take());
    }

    // The next daemon's device, over the same library.
    void restart() { restart(device->state(), false); }
    // The daemon is killed when the library has done with the command, and before it could say so.
    void kill_in(const Bytes& cdb, std::uint32_t number) {
        backend.hold = true;
        const auto unanswered = begin(cdb, {}, number);
        const auto state = device->state();
        backend.hold = false;
        backend.let_go();  // To nobody: devices end without commands.
        restart(state, true);
    }
    // replaying: the one before had commands under way.
    void restart(const Bytes& state, bool replaying) {
        make_device();
        device->restore(state, replaying);
    }

    std::unique_ptr<Sent> begin(const Bytes& cdb, Bytes data = {}, std::uint32_t number = 0) {
        auto sent = std::make_unique<Sent>(cdb, std::move(data));
        sent->number = number == 0 ? ++number_ : number;
        device->execute(*sent, devices::Reply(*sent));
        return sent;
    }
    // REQUIRES: nothing is held back.
    Answer send(const Bytes& cdb, Bytes data = {}) {
        const auto sent = begin(cdb, std::move(data));
        assert(sent->answered());
        return sent->answer();
    }
    Answer send(std::initializer_list<unsigned> cdb, Bytes data = {}) {
        return send(bytes(cdb), std::move(data));
    }
    // What a command brings, all of it.
    Bytes read(std::initializer_list<unsigned> cdb) {
        auto answer = send(cdb, filled(4096, 0xa5));
        assert(answer.status == scsi::Status::good);
        answer.data.resize(answer.data_length);
        return answer.data;
    }
    Answer move(unsigned source, unsigned destination) { return send(move_cdb(source, destination)); }
    static Bytes move_cdb(unsigned source, unsigned destination) {
        return bytes({0xa5, 0, 0, MemoryChanger::transport, source >> 8, source & 0xff, destination >> 8,
                      destination & 0xff, 0, 0, 0, 0});
    }
    static Bytes exchange_cdb(unsigned source, unsigned first, unsigned second) {
        return bytes({0xa6, 0, 0, MemoryChanger::transport, source >> 8, source & 0xff, first >> 8,
                      first & 0xff, second >> 8, second & 0xff, 0, 0});
    }

    MemoryChanger backend;
    Host host;
    std::unique_ptr<devices::ChangerDevice> device;

private:
    void make_device() {
        device = std::make_unique<devices::ChangerDevice>(backend, host);
        device->state_changed = [] {};
    }
    std::uint32_t number_ = 0;
};

}  // namespace tcmud::test
