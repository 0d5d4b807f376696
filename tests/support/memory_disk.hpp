// SPDX-License-Identifier: Apache-2.0
// A disk in memory and the machine around it, as little as a BlockDevice needs to answer every command.
#pragma once

#include <algorithm>
#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "handler/devices/host.hpp"
#include "tcmud/block_backend.hpp"

namespace tcmud::test {

// Writes down what is asked of it, fails or holds back what it is told to.
class MemoryBackend final : public BlockBackend {
public:
    explicit MemoryBackend(std::vector<std::byte> content) : content_(std::move(content)) {}

    // The next operation ends so.
    std::optional<IoResult> fail_next;
    // Operations end only when let_go() is called.
    bool hold = false;
    BlockTraits offered{
        .unmap = true, .unmap_reads_zero = true, .write_zeroes = true, .volatile_cache = true};
    std::vector<std::string>
        log;  // "write 512 1024", "stable write 0 512", "flush" ...: offset and length in bytes

    std::span<std::byte> content() { return content_; }
    void let_go() {
        for (auto& [done, result] : std::exchange(held_, {})) std::move(done)(result);
    }

    ByteCount size() const override { return ByteCount{content_.size()}; }
    BlockTraits traits() const override { return offered; }
    void start(IoQueue&) override {}
    void read(ByteOffset at, Buffers into, Completion done) override {
        note("read", at, total(into));
        const auto length = fail_next ? ByteCount{0} : copy_to(into, ByteCount{0}, range(at, total(into)));
        end(std::move(done), {IoStatus::ok, raw(length), 0});
    }
    void write(ByteOffset at, Buffers from, Stable stable, Completion done) override {
        note(stable == Stable::yes ? "stable write" : "write", at, total(from));
        const auto length = fail_next ? ByteCount{0} : copy_from(from, ByteCount{0}, range(at, total(from)));
        end(std::move(done), {IoStatus::ok, raw(length), 0});
    }
    void flush(Completion done) override {
        log.emplace_back("flush");
        end(std::move(done), {});
    }
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        note("unmap", at, length);
        clear(at, length, std::move(done));
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool may_unmap, Completion done) override {
        note(may_unmap ? "zeroes, may unmap" : "zeroes", at, length);
        clear(at, length, std::move(done));
    }
    // What is held has been carried out already; it only is not told so.
    void abort(IoOperation& operation) override {
        const auto found =
            std::ranges::find_if(held_, [&](const auto& h) { return h.first.answers(operation); });
        if (found == held_.end()) return;
        auto done = std::move(found->first);
        held_.erase(found);
        std::move(done)({IoStatus::aborted, 0, 0});
    }
    Result<void> resize(ByteCount size) override {
        content_.resize(raw(size));
        return {};
    }

private:
    void note(const char* what, ByteOffset at, ByteCount length) {
        log.push_back(std::string(what) + " " + std::to_string(raw(at)) + " " + std::to_string(raw(length)));
    }
    // The contract: ranges lie within the size.
    std::span<std::byte> range(ByteOffset at, ByteCount length) {
        assert(fits(at, length, size()));
        return std::span(content_).subspan(raw(at), raw(length));
    }
    void clear(ByteOffset at, ByteCount length, Completion done) {
        if (!fail_next) std::ranges::fill(range(at, length), std::byte{0});
        end(std::move(done), {});
    }
    void end(Completion done, IoResult result) {
        if (fail_next) result = *std::exchange(fail_next, std::nullopt);
        if (hold) {
            held_.emplace_back(std::move(done), result);
        } else {
            std::move(done)(result);
        }
    }

    std::vector<std::byte> content_;
    std::vector<std::pair<Completion, IoResult>> held_;
};

// The other end of every extended copy: swallows what is written and reads as zeros.
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
    static constexpr BlockCount peer_capacity{256};

    Host() {
        identity_.serial = "0123456789abcdef";
        identity_.config = "file//srv/disk.img";
        identity_.groups.push_back(
            {.explicit_access = true, .supported_states = 0x0f, .relative_ports = {1}});
    }
    const scsi::Identity& identity() const override { return identity_; }
    void fresh_identity(Completion done) override { std::move(done)({}); }
    void set_access_state(std::uint16_t, scsi::AccessState, Completion done) override { std::move(done)({}); }
    void find_copy_peer(const scsi::Naa& naa, std::unique_ptr<devices::CopyPeer>& found,
                        Completion done) override {
        if (naa != scsi::naa_of(identity_.serial)) return std::move(done)({IoStatus::not_ready, 0, 0});
        found = std::make_unique<Peer>(peer_capacity);
        std::move(done)({});
    }
    void remark(std::string_view) override {}

private:
    scsi::Identity identity_;
};

}  // namespace tcmud::test
