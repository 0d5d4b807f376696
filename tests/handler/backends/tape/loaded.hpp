// SPDX-License-Identifier: Apache-2.0
// A drive with a cartridge in it, over a serving thread's queue, called as if every call could wait.
#pragma once

#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "handler/backends/tape/drive.hpp"
#include "handler/serving/io_uring_queue.hpp"
#include "handler/serving/shared.hpp"
#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/descriptor.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

struct BlockRead {
    TapeResult result;
    Bytes data;
};

class Loaded {
public:
    explicit Loaded(const std::string& directory, tape::DriveOptions options, TapeBackend::Events events = {})
        : drive_(tape::make_drive(std::move(options))) {
        drive_->start(queue_, std::move(events));
        insert(directory);
    }
    explicit Loaded(const std::string& directory, bool protect = false)
        : drive_(tape::make_drive({.serial = "0123456789", .placement_key = ""})) {
        drive_->start(queue_, {});
        insert(directory, protect);
    }
    Loaded(const Loaded&) = delete;
    Loaded& operator=(const Loaded&) = delete;

    tape::Drive* operator->() { return drive_.get(); }
    tape::Drive& operator*() { return *drive_; }

    void insert(const std::string& directory, bool protect = false) {
        auto cartridge = need(tape::Cartridge::open(directory, tape::Cartridge::Use::drive));
        if (protect) cartridge.protect();
        drive_->insert(std::make_unique<tape::Cartridge>(std::move(cartridge)));
    }

    // What the call started ends with.
    template <class Start>
    TapeResult wait(Start start) {
        struct Waiting : IoOperation {
            bool answered = false;
        } waiting;
        waiting.deliver = [](IoOperation& operation, const IoResult&) {
            static_cast<Waiting&>(operation).answered = true;
        };
        TapeResult result;
        pump([&] { start(result, Completion(waiting)); }, [&] { return waiting.answered; });
        return result;
    }
    // Carries out what is queued until it is done.
    template <class Begin, class Done>
    void pump(Begin begin, Done done) {
        begin();
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!done()) {
            static_cast<void>(queue_.submit());
            queue_.reap();
            queue_.deliver();
            if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no answer");
        }
    }

    // Blocks of that length.
    TapeResult write(Bytes data, std::size_t length) {
        const auto part = data.size() / 3;
        const iovec pieces[]{{data.data(), part}, {data.data() + part, data.size() - part}};
        return wait([&](TapeResult& result, Completion done) {
            drive_->write(pieces, static_cast<std::uint32_t>(length), result, std::move(done));
        });
    }
    TapeResult write(const Bytes& data) { return write(data, data.size()); }
    TapeResult filemarks(std::uint64_t count = 1) {
        return wait([&](TapeResult& result, Completion done) {
            drive_->write_filemarks(count, result, std::move(done));
        });
    }
    BlockRead read(std::size_t room = 1 << 16) {
        BlockRead read{{}, Bytes(room, std::byte{0xa5})};
        const auto part = room / 3;
        const iovec pieces[]{{read.data.data(), part}, {read.data.data() + part, room - part}};
        read.result =
            wait([&](TapeResult& result, Completion done) { drive_->read(pieces, result, std::move(done)); });
        read.data.resize(read.result.bytes);
        return read;
    }
    TapeResult space(TapeSpacing over, std::int64_t count) {
        return wait([&](TapeResult& result, Completion done) {
            drive_->space(over, count, result, std::move(done));
        });
    }
    TapeResult space_to_end() {
        return wait(
            [&](TapeResult& result, Completion done) { drive_->space_to_end(result, std::move(done)); });
    }
    TapeResult locate(std::uint32_t partition, std::uint64_t object) {
        return wait([&](TapeResult& result, Completion done) {
            drive_->locate(partition, object, result, std::move(done));
        });
    }
    TapeResult synchronize() {
        return wait(
            [&](TapeResult& result, Completion done) { drive_->synchronize(result, std::move(done)); });
    }
    TapeResult unload() {
        return wait([&](TapeResult& result, Completion done) { drive_->unload(result, std::move(done)); });
    }
    TapeResult load() {
        return wait([&](TapeResult& result, Completion done) { drive_->load(result, std::move(done)); });
    }
    TapeResult format(std::vector<ByteCount> sizes) {
        return wait([&](TapeResult& result, Completion done) {
            drive_->format(std::move(sizes), result, std::move(done));
        });
    }
    TapeResult erase() {
        return wait([&](TapeResult& result, Completion done) { drive_->erase(result, std::move(done)); });
    }
    TapeResult verify(std::uint64_t blocks) {
        return wait(
            [&](TapeResult& result, Completion done) { drive_->verify(blocks, result, std::move(done)); });
    }
    TapeResult resume(const TapePosition& position, bool cut) {
        return wait([&](TapeResult& result, Completion done) {
            drive_->resume(position, cut, result, std::move(done));
        });
    }

private:
    Descriptor wake_{Descriptor::wake()};
    serving::Shared shared_;
    serving::IoUringQueue queue_{wake_.get(), shared_};
    std::unique_ptr<tape::Drive> drive_;
};

// A cartridge of a test, of 100 MiB if nothing else is said.
class TestCartridge {
public:
    explicit TestCartridge(tape::NewCartridge what = {}) {
        if (raw(what.capacity) == 0) what.capacity = ByteCount{100 << 20};
        need(tape::Cartridge::create(path(), what));
    }
    std::string path() const { return (directory_.path() / "cart").string(); }

private:
    TemporaryDirectory directory_;
};

}  // namespace tcmud::test
