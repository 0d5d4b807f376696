// SPDX-License-Identifier: Apache-2.0
// What a ring says of whoever served it before: how a successor finds out what it goes on with.
#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <random>

#include "uio/crash_point.hpp"
#include "uio/ring.hpp"

namespace tcmud::uio {

namespace {

using Kind = abi::Mark::Kind;

// Mailbox::session_state. Another layout of marks or journal is another number.
constexpr std::uint32_t untouched = 0;
constexpr std::uint32_t serving = 0x7463'6d11;
constexpr std::uint32_t left = 0x7463'6d02;    // Nothing was begun that is not answered.
constexpr std::uint32_t broken = 0x7463'6d12;  // It holds what no kernel writes.

std::uint64_t random_generation() {
    std::random_device random;
    const auto value = std::uint64_t{random()} << 32 | random();
    return value == 0 ? 1 : value;
}

}  // namespace

Ring::Beginning Ring::look_at_what_is_there() {
    const auto state = std::atomic_ref(mailbox().session_state).load(std::memory_order_acquire);
    const bool empty = load_head() == published_;
    if (state == serving) {
        if (journal_.belongs_to(mailbox().generation)) {
            if (recover()) return Beginning::continued;
        } else if (!anything_marked()) {
            return Beginning::fresh;
        }
        return Beginning::lost;
    }
    // A ring that nobody of ours has served: with its tail at the start nobody else has either.
    const bool never_served = state == untouched && published_ == 0 && !anything_marked();
    return empty || never_served || state == left ? Beginning::fresh : Beginning::lost;
}

void Ring::begin() {
    assert(beginning_ != Beginning::lost);
    if (beginning_ == Beginning::fresh) {
        if (journal_.belongs_to(mailbox().generation)) {
            journal_.end_move();
            journal_.forget_sense();
        } else {
            const auto generation = random_generation();
            journal_.begin(generation);
            mailbox().generation = generation;
        }
    }
    std::atomic_ref(mailbox().session_state).store(serving, std::memory_order_release);
}

void Ring::leave() {
    const auto say = [this](std::uint32_t state) {
        std::atomic_ref(mailbox().session_state).store(state, std::memory_order_release);
    };
    if (broken_) return say(broken);
    if (!of_predecessor_.empty()) return;
    assert(outstanding_ == 0 && answered_ == published_);
    say(left);
}

void Ring::give_up() {
    assert(beginning_ == Beginning::lost);
    std::atomic_ref(mailbox().session_state).store(untouched, std::memory_order_release);
}

std::span<const std::byte> Ring::device_state() const {
    if (!journal_.belongs_to(read<abi::Mailbox>(mapping_.data()).generation)) return {};
    return journal_.state();
}

bool Ring::anything_marked() const {
    const auto head = load_head();
    for (auto position = published_; position != head;) {
        const auto found = submitted(position, head);
        if (found.length == 0) return false;  // next() will say so.
        if (found.opcode == abi::Opcode::command && mark(found).kind != Kind::untouched) return true;
        position = after(position, found.length);
    }
    return false;
}

// False: ring and journal contradict each other.
bool Ring::recover() {
    const auto noted = sense_under_way();
    redo_move(noted);
    const auto head = load_head();
    auto behind_last_taken = published_;
    for (auto position = published_; position != head;) {
        const auto found = submitted(position, head);
        if (found.length == 0) break;  // next() will say so.
        const auto behind = after(position, found.length);
        if (found.opcode == abi::Opcode::task_management) {
            abort_listed(found);
        } else if (noted && position == noted->position) {
            if (!of_predecessor_.empty()) return false;  // Answers go to the oldest slots.
            store_answer(found, noted->mark, noted->sense);
            crash_point(CrashPoint::answer_stored);
            behind_last_taken = answered_ = behind;
        } else if (found.opcode == abi::Opcode::command) {
            const auto bears = mark(found);
            if (bears.kind == Kind::untouched) break;
            if (!recover_slot(found, position, bears)) return false;
            behind_last_taken = behind;
        }
        position = behind;
    }
    take_ = behind_last_taken;
    publish_tail();
    journal_.forget_sense();
    put_in_order();
    return !broken_;
}

// The journal's note of an answer, if it is of a slot that waits for it still. A slot that was filled anew
// since the ring was reset is unmarked; one that has the answer already has its sense data.
std::optional<Journal::SenseAnswer> Ring::sense_under_way() const {
    const auto noted = journal_.sense();
    if (!noted || noted->behind == published_ || !waits(noted->position)) return std::nullopt;
    const auto found = slot(noted->position);
    const auto kind = mark(found).kind;
    const bool waiting = kind == Kind::taken || kind == Kind::stands_for;
    const bool stored =
        std::memcmp(found.at + offsetof(abi::Response, sense), noted->sense, abi::sense_size) == 0;
    return waiting || stored ? noted : std::nullopt;
}

// An answer was to be given in the slot of another command, and the process may have ended in between. A move
// of slots that are unmarked is one of before a reset.
void Ring::redo_move(const std::optional<Journal::SenseAnswer>& sense) {
    const auto move = journal_.move();
    if (move && waits(move->from) && waits(move->to)) {
        const bool answered =
            mark(slot(move->from)).kind == Kind::answered || (sense && sense->position == move->from);
        const bool marked = mark(slot(move->to)).kind != Kind::untouched;
        if (answered && marked) set_mark(slot(move->to), move->mark);
    }
    crash_point(CrashPoint::move_ended);
    journal_.end_move();
    crash_point(CrashPoint::move_ended);
}

// Whether a command's entry that is not published is at that position.
bool Ring::waits(std::uint32_t wanted) const {
    const auto head = load_head();
    for (auto position = published_; position != head;) {
        const auto found = submitted(position, head);
        if (found.length == 0) return false;
        if (position == wanted) return found.opcode == abi::Opcode::command;
        position = after(position, found.length);
    }
    return false;
}

// The last one first. They begin in the order in which the predecessor took them, so that what had to wait
// for an older one does so again; but before all others those that may have written, so that nothing comes
// between a comparison and its write.
void Ring::put_in_order() {
    const auto bears = [this](CommandId id) { return mark(slot(position_of(id))); };
    if (of_predecessor_.empty()) return;
    // The numbers wrap; those of commands that are under way at a time are close to each other.
    const auto far_before = bears(of_predecessor_.front()).number - (std::uint32_t{1} << 31);
    const auto later = [&](CommandId a, CommandId b) {
        return bears(a).number - far_before > bears(b).number - far_before;
    };
    std::ranges::sort(of_predecessor_, later);
    taken_ = bears(of_predecessor_.front()).number;
    // Not std::ranges::stable_partition, of whose result clang 14 can make nothing.
    std::stable_partition(of_predecessor_.begin(), of_predecessor_.end(),
                          [&](CommandId id) { return (bears(id).detail & matched) == 0; });
}

bool Ring::recover_slot(const Slot& slot, std::uint32_t position, const abi::Mark& bears) {
    if (bears.kind == Kind::answered) {
        store_answer(slot, bears, nullptr);
        crash_point(CrashPoint::answer_stored);
        answered_ = after(position, slot.length);
        return of_predecessor_.empty();  // Answers go to the oldest slots.
    }
    const auto id = represented(slot, bears);
    const bool known = bears.kind == Kind::taken || (bears.kind == Kind::stands_for && journal_.saved(id));
    const bool twice = std::ranges::count(of_predecessor_, id) != 0;
    of_predecessor_.push_back(id);
    position_of(id) = position;
    return known && !twice;
}

// A task management function concerns the commands before it.
void Ring::abort_listed(const Slot& slot) {
    read_task_management(slot);
    if (entry_.kind != Entry::Kind::task_management) return;
    for (const auto id : of_predecessor_) {
        if (std::ranges::count(entry_.command_ids, static_cast<std::uint16_t>(id)) != 0) note(id, aborted);
    }
}

const Entry* Ring::next_of_predecessor() {
    const auto id = of_predecessor_.back();
    of_predecessor_.pop_back();
    const auto at = slot(position_of(id));
    const auto bears = mark(at);
    if (bears.kind == Kind::taken) {
        read_command({at.at, at.length}, offset_of(at));
    } else if (const auto saved = journal_.saved(id)) {
        read_command(saved->entry, saved->entry_offset);
    } else {
        complain("the journal has lost the entry of a command");
    }
    if (!broken_ && entry_.id != id) complain("the journal has the entry of another command");
    if (!broken_) ++outstanding_;
    entry_.progress = bears.detail;
    entry_.number = bears.number;
    return &entry_;
}

}  // namespace tcmud::uio
