// SPDX-License-Identifier: Apache-2.0
// Which operations fail, and how: rules as people write them, and what they decide. No I/O, no clock.
//
//   RULES      RULE [/ RULE]...                      the first that hits an operation decides
//   RULE       OPERATION : SETTING [, SETTING]...
//   OPERATION  read write flush unmap write_zeroes all
//   SETTING    error=EIO|ENOSPC|EROFS|ENODEV  short[=BYTES]  torn  delay=MILLISECONDS  hang
//              rate=P  every=N  seed=N  count=N  lba=N[-N]  bytes=N[-N]
//
// Since a cfgstring has neither ':' nor ',', '+' may stand for both; a space may stand for '/'.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tcmud/io.hpp"
#include "tcmud/result.hpp"
#include "tcmud/units.hpp"

namespace tcmud::fault {

enum class Operation : std::uint8_t { read, write, flush, unmap, write_zeroes };

// What a backend is asked to do. A flush has no range.
struct Request {
    Operation operation;
    ByteOffset at{0};
    ByteCount length{0};
};

// A part of a write, from the write's start.
struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    friend bool operator==(const Piece&, const Piece&) = default;
};

// What becomes of an operation.
struct Verdict {
    bool hang = false;                   // It waits until it is released,
    std::chrono::milliseconds delay{0};  // or for so long.
    IoStatus status = IoStatus::ok;      // Then it fails so; ok: it is carried out as if nothing had been.
    std::uint64_t detail = 0;            // Of a failure: where in the operation, in bytes from its start.
    std::vector<Piece> pieces;           // Of a write that fails: what of it is written all the same.
};

// One rule, with the state of its dice.
struct Rule {
    enum class Part : std::uint8_t { none, first, torn };

    std::string text;                    // As it was written, with ':' and ','.
    std::optional<Operation> operation;  // nullopt: all
    bool hang = false;
    std::optional<std::chrono::milliseconds> delay;
    std::optional<IoStatus> error;
    Part part = Part::none;
    std::optional<std::uint64_t> first_bytes;  // Of Part::first; nullopt: half.
    bool has_range = false;
    std::uint64_t first = 0;  // In bytes,
    std::uint64_t last = 0;   // inclusive.
    std::optional<double> rate;
    std::optional<std::uint64_t> every;
    std::optional<std::uint64_t> count;

    std::uint64_t dice = 0;
    std::uint64_t matched = 0;
    std::uint64_t hits = 0;
};

class Rules {
public:
    static constexpr std::size_t most_rules = 16;

    Rules() = default;
    // The error says what is wrong with the text and what is allowed there.
    static Result<Rules> parse(std::string_view text, BlockSize block_size);

    bool empty() const { return rules_.empty(); }
    // nullopt: no rule hits it. sector: what torn writes are made of.
    std::optional<Verdict> judge(const Request& request, ByteCount sector);

    // In the form that parse() takes; empty if there are none.
    std::string text() const;
    // A line each, with how often it has hit.
    std::string report() const;

private:
    std::vector<Rule> rules_;
};

}  // namespace tcmud::fault
