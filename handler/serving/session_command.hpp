// SPDX-License-Identifier: Apache-2.0
// A command of a ring while a session serves it, and the pool that these come from.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "handler/devices/command.hpp"
#include "uio/ring.hpp"

namespace tcmud::serving {

class Session;

struct SessionCommand : devices::Command {
    SessionCommand();

    Session* session = nullptr;
    uio::CommandId id{};
    std::uint64_t expected_length = 0;            // Bytes that the initiator lent.
    std::chrono::steady_clock::time_point taken;  // From the ring.
    // When Session::look() saw it first; 0: not yet.
    std::chrono::steady_clock::time_point first_seen;
    // Of the session's list of what is in flight, or of the pool.
    SessionCommand* previous = nullptr;
    SessionCommand* next = nullptr;

    // Room for that many pieces.
    std::span<iovec> room_for_pieces(std::size_t count) {
        if (count <= few_pieces_.size()) return std::span(few_pieces_).first(count);
        if (many_pieces_.size() < count) many_pieces_.resize(count);
        return std::span(many_pieces_).first(count);
    }
    // Gives back what a rare, large command took.
    void shrink() {
        if (many_pieces_.size() > kept_pieces) many_pieces_ = {};
    }

private:
    static constexpr std::size_t kept_pieces = 256;
    std::array<iovec, 8> few_pieces_;
    std::vector<iovec> many_pieces_;
};

// Of one serving thread: after a while there are as many commands as were ever in flight at once, up to a
// limit.
class CommandPool {
public:
    // ready: commands that it has from the beginning.
    explicit CommandPool(std::size_t ready = 0) {
        for (std::size_t i = 0; i < ready; ++i) give_back(*new SessionCommand);
    }
    CommandPool(const CommandPool&) = delete;
    CommandPool& operator=(const CommandPool&) = delete;
    ~CommandPool() {
        while (free_) delete std::exchange(free_, free_->next);
    }

    SessionCommand& take() {
        if (!free_) return *new SessionCommand;
        --count_;
        return *std::exchange(free_, free_->next);
    }
    void give_back(SessionCommand& command) {
        if (count_ == limit) {
            delete &command;
            return;
        }
        ++count_;
        command.shrink();
        command.next = std::exchange(free_, &command);
    }

private:
    static constexpr std::size_t limit = 1024;
    SessionCommand* free_ = nullptr;
    std::size_t count_ = 0;
};

}  // namespace tcmud::serving
