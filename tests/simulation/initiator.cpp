// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/initiator.hpp"

#include <cstring>

namespace tcmud::simulation {

namespace {

constexpr std::uint8_t check_condition = 2;
constexpr std::uint8_t task_aborted = 0x40;
constexpr std::size_t words_per_block = Initiator::block / 4;
constexpr std::uint32_t largest_entry = 200;

std::vector<std::uint8_t> cdb_10(std::uint8_t opcode, std::size_t lba) {
    return {opcode, 0, 0, 0, 0, static_cast<std::uint8_t>(lba), 0, 0, 1, 0};
}
std::vector<std::uint8_t> compare_and_write(std::size_t lba) {
    return {0x89, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(lba), 0, 0, 0, 1, 0, 0};
}

void require(bool right, const std::string& what) {
    if (!right) throw Wrong(what);
}

}  // namespace

Initiator::Initiator(test::KernelRing& kernel, Random& random) : kernel_(kernel), random_(random) {
    for (auto& values : possible_) values = {0};
}

void Initiator::send() {
    // An entry, and the padding that may have to come before it.
    if (kernel_.room() < 3 * largest_entry || under_way_.size() > 12) return;
    switch (random_.below(10)) {
        case 0: return submit({Kind::out_of_range}, cdb_10(0x28, 200), {0}, true);
        case 1: return submit({Kind::unknown}, {0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {}, true);
        case 2:
        case 3:
        case 4: return send_count();
        case 5: return send_duel();
        case 6:
        case 7: return send_plain(false);
        default: return send_plain(true);
    }
}

void Initiator::send_plain(bool write) {
    const auto where = random_.below(plain_blocks);
    if (!write)
        return submit({Kind::read, where, 0, false, possible_[where]}, cdb_10(0x28, where), {0}, true);
    if (being_written_[where]) return;
    being_written_[where] = true;
    const auto value = next_value_++;
    may_hold(where, value);
    submit({Kind::write, where, value}, cdb_10(0x2a, where), {value}, false);
}

void Initiator::send_count() {
    const auto which = random_.below(counters);
    submit({Kind::count, which, count_[which]}, compare_and_write(plain_blocks + which),
           {count_[which], count_[which] + 1}, false);
}

void Initiator::send_duel() {
    const auto which = random_.below(duels);
    auto& duel = duels_[which];
    if (duel.under_way != 0) return;
    const auto lba = plain_blocks + counters + which;
    duel = {next_value_, next_value_ + 1, 2};
    next_value_ += 2;
    submit({Kind::duel_write, which}, cdb_10(0x2a, lba), {duel.written}, false);
    submit({Kind::duel_swap, which}, compare_and_write(lba), {duel.written, duel.swapped}, false);
}

void Initiator::submit(Sent sent, std::vector<std::uint8_t> cdb, std::vector<std::uint32_t> words,
                       bool data_in) {
    std::vector<std::byte> data(words.size() * block, test::KernelRing::stale);
    if (!data_in) {
        for (std::size_t i = 0; i < words.size() * words_per_block; ++i)
            std::memcpy(&data[4 * i], &words[i / words_per_block], 4);
    }
    under_way_.emplace(kernel_.submit(cdb, data), std::move(sent));
}

void Initiator::abort_one() {
    if (under_way_.empty() || kernel_.room() < 3 * largest_entry) return;
    auto victim =
        std::next(under_way_.begin(), static_cast<std::ptrdiff_t>(random_.below(under_way_.size())));
    victim->second.aborted = true;
    kernel_.submit_task_management(1, std::array{victim->first});
}

void Initiator::may_hold(std::size_t where, std::uint32_t value) {
    possible_[where].insert(value);
    for (auto& [id, sent] : under_way_) {
        if (sent.kind == Kind::read && sent.block == where) sent.readable.insert(value);
    }
}

void Initiator::receive(const std::vector<test::KernelRing::Completed>& answers) {
    for (const auto& answer : answers) receive_one(answer);
}

void Initiator::receive_one(const test::KernelRing::Completed& answer) {
    const auto found = under_way_.find(answer.id);
    require(found != under_way_.end(), "an answer to a command that nobody sent");
    auto sent = std::move(found->second);
    under_way_.erase(found);
    ++answered_;
    if (answer.status == 0) return good(sent, answer);
    if (answer.status == task_aborted) {
        require(sent.aborted, "a command ends aborted that nobody aborted");
        if (sent.kind == Kind::write) being_written_[sent.block] = false;  // In part, or not at all.
        return end_duel(sent, false);
    }
    not_good(sent, answer);
}

void Initiator::good(Sent& sent, const test::KernelRing::Completed& answer) {
    switch (sent.kind) {
        case Kind::read:
            require(answer.data.size() == block, "a read gives less than it promised");
            for (std::size_t i = 0; i < words_per_block; ++i) {
                require(sent.readable.contains(word(answer.data, 0, i)), "a read gives what was never there");
            }
            return;
        case Kind::write:
            possible_[sent.block] = {sent.value};
            being_written_[sent.block] = false;
            return;
        case Kind::count:
            require(count_[sent.block] == sent.value, "two COMPARE AND WRITE found the same number");
            ++count_[sent.block];
            return;
        case Kind::duel_swap: duels_[sent.block].swap_won = true; return end_duel(sent, true);
        case Kind::duel_write: return end_duel(sent, true);
        default: throw Wrong("a faulty command ends GOOD");
    }
}

void Initiator::not_good(const Sent& sent, const test::KernelRing::Completed& answer) {
    require(answer.status == check_condition, "status " + std::to_string(answer.status));
    const auto key = std::to_integer<unsigned>(answer.sense[2]) & 0xf;
    const auto asc = std::to_integer<unsigned>(answer.sense[12]);
    const auto is = [&](unsigned wanted_key, unsigned wanted_asc) {
        require(key == wanted_key && asc == wanted_asc,
                "sense data " + std::to_string(key) + "/" + std::to_string(asc) + " of another command");
    };
    switch (sent.kind) {
        case Kind::out_of_range: return is(5, 0x21);
        case Kind::unknown: return is(5, 0x20);
        case Kind::count:
            is(0xe, 0x1d);
            return require(sent.aborted || count_[sent.block] != sent.value ||
                               std::ranges::any_of(under_way_,
                                                   [&](const auto& other) {
                                                       return other.second.kind == Kind::count &&
                                                              other.second.block == sent.block &&
                                                              other.second.value == sent.value;
                                                   }),
                           "COMPARE AND WRITE did not find the number that is there");
        case Kind::duel_swap: is(0xe, 0x1d); return end_duel(sent, true);
        default: throw Wrong("a faultless command fails");
    }
}

void Initiator::end_duel(const Sent& sent, bool decided) {
    if (sent.kind != Kind::duel_write && sent.kind != Kind::duel_swap) return;
    --duels_[sent.block].under_way;
    if (!decided) duels_[sent.block].undecided = true;
}

std::uint32_t Initiator::word(std::span<const std::byte> medium, std::size_t where, std::size_t index) {
    std::uint32_t value = 0;
    std::memcpy(&value, &medium[where * block + 4 * index], 4);
    return value;
}

void Initiator::start_over(std::span<std::byte> medium) {
    under_way_.clear();
    being_written_ = {};
    std::memset(medium.data(), 0, medium.size());
    for (auto& values : possible_) values = {0};
    count_ = {};
    duels_ = {};
}

void Initiator::check(std::span<const std::byte> medium) const {
    require(under_way_.empty(), "a command is never answered");
    for (std::size_t i = 0; i < words_per_block; ++i) {
        for (std::size_t where = 0; where < plain_blocks; ++where)
            require(possible_[where].contains(word(medium, where, i)), "a write is lost, or came too late");
        for (std::size_t which = 0; which < counters; ++which)
            require(word(medium, plain_blocks + which, i) == count_[which],
                    "a COMPARE AND WRITE took effect twice, or not at all");
        for (std::size_t which = 0; which < duels; ++which) {
            const auto& duel = duels_[which];
            if (duel.undecided || duel.written == 0) continue;
            require(word(medium, plain_blocks + counters + which, i) ==
                        (duel.swap_won ? duel.swapped : duel.written),
                    "a write took effect again after it was replaced");
        }
    }
}

}  // namespace tcmud::simulation
