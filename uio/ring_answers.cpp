// SPDX-License-Identifier: Apache-2.0
// How answers get into the ring.
//
// The kernel does not care whose request was in a slot: it reads id and answer of each slot up to the tail,
// in order. So an answer goes to the oldest unanswered slot. Where that is another command's, the slot of the
// command that is answered stands for the other one from then on.
#include <atomic>
#include <cassert>
#include <cstring>
#include <utility>

#include "uio/crash_point.hpp"
#include "uio/ring.hpp"

namespace tcmud::uio {

namespace {

using Kind = abi::Mark::Kind;
constexpr std::uint8_t check_condition = 2;

}  // namespace

void Ring::note(CommandId id, Progress progress) {
    const auto found = slot(position_of(id));
    auto noted = mark(found);
    assert(represented(found, noted) == id);
    noted.detail |= progress;
    set_mark(found, noted);
    crash_point(CrashPoint::noted);
}

void Ring::complete(CommandId id, const Response& response) {
    assert(outstanding_ > 0);
    if (held_.empty() && place(id, response)) return;
    if (response.without_data_in) note(id, done);
    auto& held = held_.emplace_back(Held{id, response, {}});
    if (response.sense) std::memcpy(held.sense.data(), response.sense, held.sense.size());
    place_what_is_held();
}

// In the order in which they came, as long as one more finds its place.
void Ring::place_what_is_held() {
    for (bool again = true; again;) {
        again = false;
        for (auto held = held_.begin(); held != held_.end();) {
            if (held->response.sense) held->response.sense = held->sense.data();
            const bool placed = place(held->id, held->response);
            held = placed ? held_.erase(held) : held + 1;
            again = again || placed;
        }
    }
}

// False: it has to wait for an older one.
bool Ring::place(CommandId id, const Response& response) {
    const auto oldest = oldest_unanswered();
    const bool moves = position_of(id) != answered_;
    if (moves && !(completes_out_of_order() && begin_move(oldest, id))) return false;

    abi::Mark answer{Kind::answered, response.status, static_cast<std::uint16_t>(id), 0};
    if (response.read_length && knows_read_length()) {
        assert(*response.read_length > 0);
        answer.number = *response.read_length;
    }
    const bool with_sense = response.status == check_condition;
    const auto behind = after(answered_, oldest.length);
    if (with_sense) {
        assert(response.sense);
        journal_.note_sense({answered_, behind, answer, response.sense});
        crash_point(CrashPoint::sense_noted);
    } else {
        set_mark(oldest, answer);
        crash_point(CrashPoint::answer_marked);
    }
    if (moves) end_move();
    store_answer(oldest, answer, with_sense ? response.sense : nullptr);
    answered_ = behind;
    position_of(id) = nowhere;
    --outstanding_;
    crash_point(CrashPoint::answer_stored);
    if (with_sense) {
        // The sense data has taken the place of the mark, and the journal has room for one.
        publish_tail();
        journal_.forget_sense();
    }
    return true;
}

// The command at the oldest slot is to lose it. Nothing has happened before the slot is marked as answered.
bool Ring::begin_move(const Slot& oldest, CommandId for_answer_to) {
    const auto bears = mark(oldest);
    const auto moved = represented(oldest, bears);
    if (bears.kind == Kind::taken) {
        if (!journal_.save(moved, {oldest.at, oldest.length}, offset_of(oldest))) return false;
        crash_point(CrashPoint::entry_saved);
    }
    journal_.begin_move({answered_,
                         position_of(for_answer_to),
                         {Kind::stands_for, bears.detail, static_cast<std::uint16_t>(moved), bears.number}});
    crash_point(CrashPoint::move_begun);
    return true;
}

void Ring::end_move() {
    const auto move = *journal_.move();
    set_mark(slot(move.to), move.mark);
    position_of(CommandId{move.mark.id}) = move.to;
    crash_point(CrashPoint::move_ended);
    journal_.end_move();
    crash_point(CrashPoint::move_ended);
}

void Ring::store_answer(const Slot& slot, const abi::Mark& mark, const std::byte* sense) {
    abi::ResponseHead head{};
    head.header.length_and_opcode = slot.length | static_cast<std::uint32_t>(abi::Opcode::command);
    head.header.command_id = mark.id;
    head.scsi_status = mark.detail;
    if (mark.number != 0) {
        head.header.user_flags = abi::read_length_valid;
        head.read_length = mark.number;
    }
    std::memcpy(slot.at, &head, sizeof head);
    if (!sense) return;
    // The mark last, which says until then that the answer is missing.
    constexpr auto of_mark = abi::mark_offset - sizeof head;
    constexpr auto behind_mark = of_mark + sizeof(abi::Mark);
    std::memcpy(slot.at + sizeof head, sense, of_mark);
    std::memcpy(slot.at + sizeof head + behind_mark, sense + behind_mark, abi::sense_size - behind_mark);
    set_mark(slot, read<abi::Mark>(sense + of_mark));
}

// The slot of the oldest command that was taken and not answered. REQUIRES: there is one.
Ring::Slot Ring::oldest_unanswered() {
    for (;;) {
        const auto next = slot(answered_);
        assert(next.length != 0 && answered_ != take_);
        if (next.opcode == abi::Opcode::command) return next;
        answered_ = after(answered_, next.length);
    }
}

// Padding, task management functions and entries of unknown opcodes that were taken.
void Ring::skip_what_needs_no_answer() {
    while (answered_ != take_) {
        const auto next = slot(answered_);
        assert(next.length != 0);
        if (next.opcode == abi::Opcode::command) return;
        answered_ = after(answered_, next.length);
    }
}

void Ring::publish_tail() {
    if (answered_ == published_) return;
    published_ = answered_;
    unannounced_ = true;
    std::atomic_ref(mailbox().tail).store(published_, std::memory_order_release);
    crash_point(CrashPoint::published);
}

bool Ring::publish() {
    skip_what_needs_no_answer();
    publish_tail();
    return std::exchange(unannounced_, false);
}

}  // namespace tcmud::uio
