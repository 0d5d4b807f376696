// SPDX-License-Identifier: Apache-2.0
// A disk under test: commands go in, answers come out, the backend tells what it was asked.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "handler/devices/block/block_device.hpp"
#include "tests/support/memory_disk.hpp"

namespace tcmud::test {

struct Answer {
    scsi::Status status{};
    scsi::Sense sense{};
    std::uint64_t data_length = 0;
    std::vector<std::byte> data;  // The buffer as it is now.
};

using Bytes = std::vector<std::byte>;

inline Bytes bytes(std::initializer_list<unsigned> values) {
    Bytes result;
    for (const auto value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}
inline Bytes filled(std::size_t size, unsigned value) {
    return Bytes(size, static_cast<std::byte>(value));
}

// A command that may be unanswered still.
class Sent : public devices::Command {
public:
    Sent(const Bytes& cdb_of, Bytes data_of) : answer_{.data = std::move(data_of)} {
        set_cdb(cdb_of);
        // Two pieces, so that both a piece and the gap between two are seen.
        const auto half = answer_.data.size() / 2;
        if (half > 0) pieces_.push_back({answer_.data.data(), half});
        if (!answer_.data.empty())
            pieces_.push_back({answer_.data.data() + half, answer_.data.size() - half});
        pieces = pieces_;
        data_length = ByteCount{answer_.data.size()};
        deliver = [](devices::Command& command, const scsi::Outcome& outcome) {
            auto& sent = static_cast<Sent&>(command);
            sent.restore();
            assert(!sent.answered_);
            sent.answered_ = true;
            sent.answer_.status = outcome.status;
            sent.answer_.sense = outcome.sense;
            sent.answer_.data_length = outcome.data_length;
        };
    }
    bool answered() const { return answered_; }
    const Answer& answer() const { return answer_; }

private:
    Answer answer_;
    std::vector<iovec> pieces_;
    bool answered_ = false;
};

class Disk {
public:
    static constexpr std::size_t blocks = 128;
    static constexpr std::size_t block = 512;

    // Block n is filled with the byte n.
    explicit Disk(BlockTraits traits = MemoryBackend({}).offered, devices::BlockSettings settings = {})
        : backend(content()), settings_(settings) {
        backend.offered = traits;
        device = std::make_unique<devices::BlockDevice>(backend, settings_, host);
    }

    std::unique_ptr<Sent> begin(const Bytes& cdb, Bytes data = {}) {
        auto sent = std::make_unique<Sent>(cdb, std::move(data));
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

    Bytes stored(std::size_t first, std::size_t count) {
        const auto part = backend.content().subspan(first * block, count * block);
        return {part.begin(), part.end()};
    }

    MemoryBackend backend;
    Host host;
    std::unique_ptr<devices::BlockDevice> device;

private:
    static Bytes content() {
        Bytes all;
        for (std::size_t i = 0; i < blocks * block; ++i) all.push_back(static_cast<std::byte>(i / block));
        return all;
    }
    devices::BlockSettings settings_;
};

inline bool good(const Answer& answer) {
    return answer.status == scsi::Status::good;
}

}  // namespace tcmud::test
