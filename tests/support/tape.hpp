// SPDX-License-Identifier: Apache-2.0
// A tape drive under test: commands go in, answers come out, the cartridge shows what was done.
#pragma once

#include <memory>

#include "handler/devices/tape/tape_device.hpp"
#include "tests/support/disk.hpp"
#include "tests/support/memory_tape.hpp"

namespace tcmud::test {

class Tape {
public:
    // The unit attention of a new drive is told already.
    explicit Tape(MemoryCartridge of = {}, std::string_view personality = tape_personalities.front(),
                  std::string_view maker = tape_makers.front())
        : cartridge(std::move(of)), backend(&cartridge) {
        backend.drive_personality = personality;
        backend.drive_maker = maker;
        start();
        send({0x00, 0, 0, 0, 0, 0});
    }

    std::unique_ptr<Sent> begin(const Bytes& cdb, Bytes data = {}) {
        auto sent = std::make_unique<Sent>(cdb, std::move(data));
        sent->number = number++;
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

    // A new device on the same backend, as after a restart; nothing is told to it.
    void start() {
        device = std::make_unique<devices::TapeDevice>(backend, host);
        device->state_changed = [this] { state = device->state(); };
    }
    // What the killed one had kept is restored.
    void restart(bool replaying) {
        const auto kept = state;
        start();
        device->restore(kept, replaying);
    }

    // WRITE(6), variable; every byte is `value`.
    Answer write(std::size_t length, unsigned value = 0x5a) {
        return send(list({0x0a, 0, length >> 16 & 0xff, length >> 8 & 0xff, length & 0xff, 0}),
                    filled(length, value));
    }
    Answer filemarks(unsigned count = 1) { return send({0x10, 0, 0, 0, count, 0}); }
    Answer rewind() { return send({0x01, 0, 0, 0, 0, 0}); }
    // READ(6), variable.
    Answer read(std::size_t length, bool silent = false) {
        return send(list({0x08, silent ? 2u : 0u, length >> 16 & 0xff, length >> 8 & 0xff, length & 0xff, 0}),
                    filled(length, 0xee));
    }
    // READ(6), fixed.
    Answer read_blocks(unsigned count, std::size_t block) {
        return send(list({0x08, 1, 0, 0, count, 0}), filled(count * block, 0xee));
    }
    Answer write_blocks(unsigned count, std::size_t block, unsigned value = 0x5a) {
        return send(list({0x0a, 1, 0, 0, count, 0}), filled(count * block, value));
    }
    // SPACE(6).
    Answer space(unsigned code, int count) {
        const auto n = static_cast<unsigned>(count);
        return send(list({0x11, code, n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff, 0}));
    }
    Answer set_block_length(std::size_t length) {
        return send({0x15, 0x10, 0, 0, 12, 0}, list({0, 0, 0x10, 8, 0, 0, 0, 0, 0, length >> 16 & 0xff,
                                                     length >> 8 & 0xff, length & 0xff}));
    }
    // The block number that READ POSITION tells.
    std::uint32_t position() {
        return scsi::get_32(send({0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0}, filled(20, 0)).data, 4);
    }

    MemoryCartridge cartridge;
    MemoryTape backend;
    Host host;
    std::unique_ptr<devices::TapeDevice> device;
    Bytes state;  // The last that the device wanted to be kept.
    std::uint32_t number = 1;

private:
    static Bytes list(std::initializer_list<std::size_t> values) {
        Bytes result;
        for (const auto value : values) result.push_back(static_cast<std::byte>(value));
        return result;
    }
};

}  // namespace tcmud::test
