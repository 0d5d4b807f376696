// SPDX-License-Identifier: Apache-2.0
// The initiator of a simulated LUN: sends commands and knows which answers and which data can be right.
//
// Blocks of three kinds. Plain ones are written by one command at a time and read by any. A counter is
// changed by COMPARE AND WRITE alone, several at a time, each from a number to the next. A duel is a WRITE
// and a COMPARE AND WRITE of what it writes, both under way at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/kernel_ring.hpp"

namespace tcmud::simulation {

// What the simulation is there to find.
struct Wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    // In [0, below).
    std::size_t below(std::size_t bound) { return engine_() % bound; }
    bool one_in(std::size_t times) { return below(times) == 0; }

private:
    std::mt19937_64 engine_;
};

class Initiator {
public:
    static constexpr std::size_t block = 512;
    static constexpr std::size_t plain_blocks = 4, counters = 2, duels = 2;
    static constexpr std::size_t blocks = plain_blocks + counters + duels;

    Initiator(test::KernelRing& kernel, Random& random);

    // Sends a command of any kind that the state of its block allows, if the ring has room.
    void send();
    // Asks for the end of a command that is under way.
    void abort_one();
    void receive(const std::vector<test::KernelRing::Completed>& answers);
    // Everything under way ended BUSY by a reset: what was written is what the medium says now.
    void start_over(std::span<std::byte> medium);
    // Nothing is under way: whether the medium holds what was promised.
    void check(std::span<const std::byte> medium) const;

    std::size_t answered() const { return answered_; }

private:
    enum class Kind { read, write, count, duel_write, duel_swap, out_of_range, unknown };
    struct Sent {
        Kind kind;
        std::size_t block = 0;
        std::uint32_t value = 0;  // Written, or to be compared with by `count`.
        bool aborted = false;
        std::set<std::uint32_t> readable{};  // Of a read: what its block may have held meanwhile.
    };
    struct Duel {
        std::uint32_t written = 0, swapped = 0;
        unsigned under_way = 0;
        bool swap_won = false, undecided = false;
    };

    void send_plain(bool write);
    void send_count();
    void send_duel();
    void submit(Sent sent, std::vector<std::uint8_t> cdb, std::vector<std::uint32_t> words, bool data_in);
    void may_hold(std::size_t where, std::uint32_t value);
    void receive_one(const test::KernelRing::Completed& answer);
    void good(Sent& sent, const test::KernelRing::Completed& answer);
    void not_good(const Sent& sent, const test::KernelRing::Completed& answer);
    void end_duel(const Sent& sent, bool decided);
    static std::uint32_t word(std::span<const std::byte> medium, std::size_t where, std::size_t index);

    test::KernelRing& kernel_;
    Random& random_;
    std::map<std::uint16_t, Sent> under_way_;
    std::array<std::set<std::uint32_t>, plain_blocks> possible_;
    std::array<bool, plain_blocks> being_written_{};
    std::array<std::uint32_t, counters> count_{};
    std::array<Duel, duels> duels_{};
    std::uint32_t next_value_ = 1;
    std::size_t answered_ = 0;
};

}  // namespace tcmud::simulation
