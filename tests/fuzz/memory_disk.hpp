// SPDX-License-Identifier: Apache-2.0
// A disk in memory and the machine around it, as little as a BlockDevice needs to answer every command.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "handler/devices/host.hpp"
#include "tcmud/block_backend.hpp"

namespace tcmud::fuzz {

class MemoryBackend final : public BlockBackend {
public:
    explicit MemoryBackend(std::vector<std::byte> content) : content_(std::move(content)) {}

    ByteCount size() const override { return ByteCount{content_.size()}; }
    BlockTraits traits() const override {
        BlockTraits traits;
        traits.unmap = traits.unmap_reads_zero = traits.write_zeroes = traits.volatile_cache = true;
        return traits;
    }
    void start(IoQueue&) override {}
    void read(ByteOffset at, Buffers into, Completion done) override {
        const auto length = copy_to(into, ByteCount{0}, range(at, total(into)));
        std::move(done)({IoStatus::ok, raw(length), 0});
    }
    void write(ByteOffset at, Buffers from, Stable, Completion done) override {
        const auto length = copy_from(from, ByteCount{0}, range(at, total(from)));
        std::move(done)({IoStatus::ok, raw(length), 0});
    }
    void flush(Completion done) override { std::move(done)({}); }
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        std::ranges::fill(range(at, length), std::byte{0});
        std::move(done)({});
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool, Completion done) override {
        unmap(at, length, std::move(done));
    }
    Result<void> resize(ByteCount) override { return {}; }

private:
    // Throws what ends the process if it is not within the disk.
    std::span<std::byte> range(ByteOffset at, ByteCount length) {
        promise(fits(at, length, size()), "backends see ranges within their size only");
        return std::span(content_).subspan(raw(at), raw(length));
    }
    std::vector<std::byte> content_;
};

// Everybody's copies end here: a disk that swallows and gives zeros.
class Peer final : public devices::CopyPeer {
public:
    explicit Peer(BlockCount capacity) : capacity_(capacity) {}
    BlockCount capacity() const override { return capacity_; }
    BlockSize block_size() const override { return {}; }
    void read(Lba, Buffers into, Completion done) override {
        fill_zero(into, ByteCount{0}, total(into));
        std::move(done)({IoStatus::ok, raw(total(into)), 0});
    }
    void write(Lba, Buffers from, Completion done) override {
        std::move(done)({IoStatus::ok, raw(total(from)), 0});
    }

private:
    BlockCount capacity_;
};

class Host final : public devices::Host {
public:
    Host() {
        identity_.serial = "0123456789abcdef";
        identity_.config = "file//srv/disk.img";
        identity_.groups.push_back(
            {.name = "default_tg_pt_gp", .explicit_access = true, .relative_ports = {1}});
    }
    const scsi::Identity& identity() const override { return identity_; }
    void fresh_identity(Completion done) override { std::move(done)({}); }
    void set_access_state(std::uint16_t, scsi::AccessState, Completion done) override { std::move(done)({}); }
    void find_copy_peer(const scsi::Naa&, std::unique_ptr<devices::CopyPeer>& found,
                        Completion done) override {
        found = std::make_unique<Peer>(BlockCount{256});
        std::move(done)({});
    }

private:
    scsi::Identity identity_;
};

}  // namespace tcmud::fuzz
