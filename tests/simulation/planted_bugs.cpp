// SPDX-License-Identifier: Apache-2.0
// Faults that are planted into a world: each leaves ring, journal or medium as faulty code would.
#include "tests/simulation/world.hpp"

namespace tcmud::simulation {

namespace {

using uio::CrashPoint;
using uio::abi::Mark;
using Kind = Mark::Kind;

Mark mark_of(const std::byte* slot) {
    Mark mark;
    std::memcpy(&mark, slot + uio::abi::mark_offset, sizeof mark);
    return mark;
}
void set_mark(std::byte* slot, const Mark& mark) {
    std::memcpy(slot + uio::abi::mark_offset, &mark, sizeof mark);
}

// The youngest command's slot between tail and head that fits.
template <class Fits>
std::byte* youngest(test::KernelRing& kernel, Fits fits) {
    const auto& box = kernel.mailbox();
    std::byte* found = nullptr;
    for (auto at = box.tail; at != box.head;) {
        auto* slot = kernel.ring() + at;
        std::uint32_t word = 0;
        std::memcpy(&word, slot, sizeof word);
        if ((word & 7) == 1 && fits(mark_of(slot))) found = slot;
        at += word & ~7u;
        if (at == box.ring_size) at = 0;
    }
    return found;
}

void forget_progress(test::KernelRing& kernel, std::uint8_t bit) {
    const auto noted = [&](const Mark& mark) {
        return mark.kind != Kind::answered && mark.kind != Kind::untouched && (mark.detail & bit) != 0;
    };
    while (auto* slot = youngest(kernel, noted)) {
        auto mark = mark_of(slot);
        mark.detail &= static_cast<std::uint8_t>(~bit);
        set_mark(slot, mark);
    }
}

}  // namespace

const char* name_of(Bug bug) {
    switch (bug) {
        case Bug::none: return "none";
        case Bug::tail_lost: return "the tail steps back";
        case Bug::ids_swapped: return "an answer goes to another command";
        case Bug::matched_not_noted: return "MATCHED is not noted";
        case Bug::done_not_noted: return "DONE is not noted";
        case Bug::late_write: return "a write comes after its answer";
        case Bug::entry_not_saved: return "the journal has another entry";
        case Bug::move_forgotten: return "no slot stands for a command";
        case Bug::mark_forgotten: return "a taken command is not marked";
        case Bug::sense_forgotten: return "sense data is not noted";
        case Bug::answer_unmarked: return "an answered slot is marked as taken";
    }
    return "";
}

void World::plant(CrashPoint point) {
    const auto journal = uio::Journal::at(machine_.journal);
    const auto at = [&](CrashPoint wanted) { return point == wanted; };
    switch (bug_) {
        case Bug::tail_lost:
            if (at(CrashPoint::published) && random_.one_in(8)) std::swap(kernel_.mailbox().tail, last_tail_);
            last_tail_ = kernel_.mailbox().tail;
            return;
        case Bug::ids_swapped:
            if (!at(CrashPoint::answer_stored) || !random_.one_in(8)) return;
            if (auto* slot = youngest(kernel_, [](const Mark& mark) { return mark.kind == Kind::answered; }))
                reinterpret_cast<uio::abi::EntryHeader*>(slot)->command_id ^= 1;
            return;
        case Bug::matched_not_noted:
            if (at(CrashPoint::noted)) forget_progress(kernel_, uio::matched);
            return;
        case Bug::done_not_noted:
            if (at(CrashPoint::noted)) forget_progress(kernel_, uio::done);
            return;
        case Bug::entry_not_saved:
            if (at(CrashPoint::move_begun)) {
                const auto saved = journal.saved(uio::CommandId{journal.move()->mark.id});
                // Another logical block, in CDBs of ten bytes and more.
                if (saved) const_cast<std::byte&>(saved->entry[saved->entry.size() - 8]) ^= std::byte{1};
            }
            return;
        case Bug::move_forgotten:
            if (at(CrashPoint::move_begun)) last_move_ = journal.move();
            if (at(CrashPoint::move_ended)) set_mark(kernel_.ring() + last_move_->to, {Kind::taken});
            return;
        case Bug::mark_forgotten:
            if (!at(CrashPoint::taken)) return;
            if (auto* slot = youngest(kernel_, [](const Mark& mark) { return mark.kind == Kind::taken; }))
                set_mark(slot, {});
            return;
        case Bug::sense_forgotten:
            if (at(CrashPoint::sense_noted)) uio::Journal::at(machine_.journal).forget_sense();
            return;
        case Bug::answer_unmarked:
            if (!at(CrashPoint::answer_stored)) return;
            if (auto* slot = youngest(kernel_, [](const Mark& mark) { return mark.kind == Kind::answered; }))
                set_mark(slot, {Kind::taken});
            return;
        case Bug::late_write:
        case Bug::none: return;
    }
}

}  // namespace tcmud::simulation
