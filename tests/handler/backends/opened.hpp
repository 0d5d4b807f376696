// SPDX-License-Identifier: Apache-2.0
// Backends as the daemon has them: from their modules, over the serving thread's queue.
#pragma once

#include <dlfcn.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "handler/serving/io_uring_queue.hpp"
#include "handler/serving/shared.hpp"
#include "tcmud/module.hpp"
#include "tests/support/descriptor.hpp"

namespace tcmud::test {

inline constexpr std::uint64_t mib = 1 << 20;

inline const BackendModule& module(const std::string& name) {
    void* library =
        ::dlopen((std::filesystem::path(MODULES) / (name + ".so")).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error(::dlerror());
    return static_cast<const ModuleEntry*>(::dlsym(library, "tcmud_module"))->module();
}

inline OpenRequest request(const std::string& path, std::uint64_t size,
                           std::initializer_list<std::pair<std::string, std::string>> options = {}) {
    OpenRequest request{
        .subtype = "file", .path = path, .options = {}, .size = ByteCount{size}, .block_size = {}};
    for (const auto& [key, value] : options) request.options.set(key, value);
    return request;
}

inline std::vector<std::byte> pattern(std::size_t size, unsigned seed) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251 + seed);
    return bytes;
}

// An open backend, called as if every call could wait.
class Opened {
public:
    Opened(const std::string& name, const OpenRequest& with) {
        auto opened = module(name).open(with);
        if (!opened) throw std::runtime_error(opened.error().text);
        backend_ = std::move(std::get<std::unique_ptr<BlockBackend>>(*opened));
        backend_->start(queue_);
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

    BlockBackend& operator*() { return *backend_; }
    BlockBackend* operator->() { return backend_.get(); }

    IoResult read(std::uint64_t at, std::span<std::byte> into) {
        const iovec piece{into.data(), into.size()};
        return wait([&](Completion done) { backend_->read(ByteOffset{at}, {&piece, 1}, std::move(done)); });
    }
    std::vector<std::byte> read(std::uint64_t at, std::size_t size) {
        std::vector<std::byte> bytes(size, std::byte{0xa5});
        const auto result = read(at, std::span(bytes));
        if (result.status != IoStatus::ok || result.bytes != size)
            throw std::runtime_error("the read failed");
        return bytes;
    }
    IoResult write(std::uint64_t at, std::vector<std::byte> from, Stable stable = Stable::no) {
        const auto half = from.size() / 2;
        const iovec pieces[]{{from.data(), half}, {from.data() + half, from.size() - half}};
        return wait(
            [&](Completion done) { backend_->write(ByteOffset{at}, pieces, stable, std::move(done)); });
    }
    IoResult flush() {
        return wait([&](Completion done) { backend_->flush(std::move(done)); });
    }
    IoResult unmap(std::uint64_t at, std::uint64_t length) {
        return wait(
            [&](Completion done) { backend_->unmap(ByteOffset{at}, ByteCount{length}, std::move(done)); });
    }
    IoResult write_zeroes(std::uint64_t at, std::uint64_t length, bool may_unmap) {
        return wait([&](Completion done) {
            backend_->write_zeroes(ByteOffset{at}, ByteCount{length}, may_unmap, std::move(done));
        });
    }

    struct Waiting : IoOperation {
        IoResult answer;
        bool answered = false;
    };
    // Of an operation that is not waited for.
    static Completion begin(Waiting& waiting) {
        waiting.deliver = [](IoOperation& operation, const IoResult& result) {
            auto& mine = static_cast<Waiting&>(operation);
            mine.answer = result;
            mine.answered = true;
        };
        return Completion(waiting);
    }
    // A turn of the serving thread.
    void look() {
        queue_.submit();
        queue_.reap();
        queue_.deliver();
        if (backend_->event_fd()) backend_->reap();
    }

private:
    template <class Start>
    IoResult wait(Start start) {
        Waiting waiting;
        start(begin(waiting));
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!waiting.answered) {
            look();
            if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no answer");
        }
        return waiting.answer;
    }

    Descriptor wake_{Descriptor::wake()};
    serving::Shared shared_;
    serving::IoUringQueue queue_{wake_.get(), shared_};
    std::unique_ptr<BlockBackend> backend_;
};

}  // namespace tcmud::test
