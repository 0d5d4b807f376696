// SPDX-License-Identifier: Apache-2.0
// READ, WRITE and SYNCHRONIZE CACHE (SBC-3 5.8 to 5.12, 5.26, 5.35).
#include <utility>

#include "handler/devices/aligned_memory.hpp"
#include "handler/devices/block/block_device.hpp"

namespace tcmud::devices {

using scsi::get_8;
using scsi::Outcome;

void BlockDevice::read(Command& command, Reply reply) {
    const auto address = scsi::block_address(command.cdb());
    if (const auto refused = refuse_access(address)) return std::move(reply)(Outcome::check(*refused));
    const auto wanted = bytes(address.count);
    if (raw(command.data_length) > raw(wanted)) command.trim(wanted);
    if (raw(command.data_length) == 0) return std::move(reply)(Outcome::good());
    if (raw(command.data_length) % settings_.block_size.bytes != 0) {
        answer(std::move(reply), read_partial_block(command, address));
    } else if (scsi::force_unit_access(command.cdb()) && write_cache_) {
        answer(std::move(reply), read_through(command, address));
    } else {
        start_read(command, std::move(reply), offset(address.lba));
    }
}

void BlockDevice::start_read(Command& command, Reply&& reply, ByteOffset at) {
    command.io.command = std::move(reply).release();
    command.io.deliver = &BlockDevice::read_ended;
    backend_.read(at, command.data(), Completion(command.io));
}

void BlockDevice::read_ended(IoOperation& operation, const IoResult& result) {
    auto& command = *static_cast<Command::Io&>(operation).command;
    if (result.status == IoStatus::ok && result.bytes >= raw(command.data_length)) {
        return Reply::adopt(&command)(Outcome::good(command.data_length));
    }
    const auto& device = *static_cast<BlockDevice*>(command.device);
    const auto first = scsi::block_address(command.cdb()).lba;
    Reply::adopt (&command)(outcome_of_read(result, command.data_length, first, device.settings_.block_size));
}

// The initiator lent less than whole blocks. Backends read whole blocks only.
Steps<Outcome> BlockDevice::read_partial_block(Command& command, Address address) {
    const auto size = settings_.block_size.bytes;
    const BlockCount blocks{(raw(command.data_length) + size - 1) / size};
    AlignedMemory memory(bytes(blocks));
    const auto result = co_await Io{
        [&](Completion done) { backend_.read(offset(address.lba), memory.buffers(), std::move(done)); }};
    auto outcome = outcome_of_read(result, bytes(blocks), address.lba, settings_.block_size);
    if (outcome.status == scsi::Status::good) {
        outcome.data_length = raw(copy_to(command.data(), ByteCount{0}, memory.bytes()));
    }
    co_return outcome;
}

// FUA: what a volatile cache holds of the blocks is written to the medium before they are read.
Steps<Outcome> BlockDevice::read_through(Command& command, Address address) {
    const auto flushed = co_await Io{[&](Completion done) { flush(std::move(done)); }};
    if (flushed.status != IoStatus::ok)
        co_return outcome_of_write(flushed, address.lba, settings_.block_size);
    const auto result = co_await Io{
        [&](Completion done) { backend_.read(offset(address.lba), command.data(), std::move(done)); }};
    co_return outcome_of_read(result, command.data_length, address.lba, settings_.block_size);
}

void BlockDevice::write(Command& command, Reply reply) {
    const auto address = scsi::block_address(command.cdb());
    if (const auto refused = refuse_change(address)) return std::move(reply)(Outcome::check(*refused));
    const auto wanted = bytes(address.count);
    // Less data than the CDB announces: writing a part and saying GOOD would hide that the rest is missing.
    if (raw(command.data_length) < raw(wanted)) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_information_unit));
    }
    command.trim(wanted);
    if (raw(address.count) == 0) return std::move(reply)(Outcome::data_out_taken());
    command.claim.owner = &command;
    command.claim.granted = [](RangeClaim& claim) {
        auto& granted = *static_cast<Command*>(claim.owner);
        static_cast<BlockDevice*>(granted.device)->start_write(granted, Reply::adopt(&granted));
    };
    const bool ours = ranges_.claim(command.claim, RangeClaim::Mode::shared, address.lba, address.count);
    if (!ours) return static_cast<void>(std::move(reply).release());
    start_write(command, std::move(reply));
}

void BlockDevice::start_write(Command& command, Reply&& reply) {
    if (command.aborted) {
        ranges_.release(command.claim);
        return std::move(reply)(Outcome::aborted());
    }
    command.io.command = std::move(reply).release();
    command.io.deliver = &BlockDevice::write_ended;
    backend_.write(offset(command.claim.first), command.data(), stability(command.cdb()),
                   Completion(command.io));
}

void BlockDevice::write_ended(IoOperation& operation, const IoResult& result) {
    auto& command = *static_cast<Command::Io&>(operation).command;
    auto& device = *static_cast<BlockDevice*>(command.device);
    const auto first = command.claim.first;
    device.note_write(device.offset(first), command.data_length, device.stability(command.cdb()), result);
    // Who gets the range now may compare with what was written: it must not be written again after that.
    if (device.ranges_.anybody_waits() && result.status == IoStatus::ok)
        command.note(command, Command::Progress::done);
    device.ranges_.release(command.claim);
    Reply::adopt (&command)(outcome_of_write(result, first, device.settings_.block_size));
}

void BlockDevice::note_write(ByteOffset at, ByteCount length, Stable stable, IoResult result) {
    if (!traits_.volatile_cache || result.status == IoStatus::aborted) return;
    if (stable == Stable::no) {
        unsynchronized_.written(at, length);
        if (unsynchronized_.anything_lost()) state_changed();
    } else if (result.status == IoStatus::ok) {
        // What was lost here before is not lost any more.
        if (!unsynchronized_.anything_lost()) return;
        unsynchronized_.written(at, length);
        state_changed();
    } else {
        // It has consumed the kernel's one report of a failed write-back, whichever write that was.
        unsynchronized_.flush_failed();
        state_changed();
    }
}

void BlockDevice::synchronize_cache(Command& command, Reply reply) {
    const auto address = scsi::block_address(command.cdb());
    if (const auto refused = refuse_access(address)) return std::move(reply)(Outcome::check(*refused));
    const bool immediate = (get_8(command.cdb(), 1) & 0x02) != 0;
    if (immediate) {
        synchronize_in_background();
        return std::move(reply)(Outcome::good());
    }
    answer(std::move(reply), synchronize());
}

Steps<Outcome> BlockDevice::synchronize() {
    const auto result = co_await Io{[&](Completion done) { flush(std::move(done)); }};
    if (result.status == IoStatus::ok) co_return Outcome::good();
    co_return outcome_of_write(result, Lba{0}, settings_.block_size);
}

// Its failure is not forgotten: UnsynchronizedRanges makes the next SYNCHRONIZE CACHE tell it.
Task BlockDevice::synchronize_in_background() {
    co_await Io{[&](Completion done) { flush(std::move(done)); }};
}

void BlockDevice::flush(Completion done) {
    auto* operation = std::move(done).release();
    operation->next = waiting_;
    waiting_ = operation;
    if (flushing_) return;
    flushing_ = true;
    covered_ = std::exchange(waiting_, nullptr);
    unsynchronized_.flush_begins();
    backend_.flush(Completion(flush_));
}

void BlockDevice::flush_ended(IoResult result) {
    const bool was_lost = unsynchronized_.anything_lost();
    if (result.status != IoStatus::ok) {
        unsynchronized_.flush_failed();
    } else if (!unsynchronized_.flush_succeeded()) {
        result.status = IoStatus::io_error;
    }
    if (was_lost || unsynchronized_.anything_lost()) state_changed();
    flushing_ = false;
    for (auto* next = std::exchange(covered_, nullptr); next;) {
        Completion answer(*std::exchange(next, next->next));
        std::move(answer)(result);
    }
    if (waiting_ && !flushing_) {
        auto* first = waiting_;
        waiting_ = std::exchange(first->next, nullptr);
        flush(Completion(*first));
    }
    if (idle() && became_idle) became_idle();
}

bool BlockDevice::waits_for_flush(const IoOperation& operation) const {
    for (const auto* list : {covered_, waiting_}) {
        for (const auto* waiting = list; waiting; waiting = waiting->next) {
            if (waiting == &operation) return true;
        }
    }
    return false;
}

// The flush itself goes on, and reads nothing of a command's.
bool BlockDevice::leave_flush(IoOperation& operation) {
    for (auto* list : {&covered_, &waiting_}) {
        for (auto** link = list; *link; link = &(*link)->next) {
            if (*link != &operation) continue;
            *link = operation.next;
            Completion left(operation);
            std::move(left)({IoStatus::aborted, 0, 0});
            return true;
        }
    }
    return false;
}

// SBC-3 5.13: nothing is kept ahead of need; CONDITION MET is for what fits a cache, GOOD for what may not.
void BlockDevice::pre_fetch(Command& command, Reply reply) {
    const auto refused = refuse_access(scsi::block_address(command.cdb()));
    std::move(reply)(refused ? Outcome::check(*refused) : Outcome::good());
}

void BlockDevice::peer_read(Lba first, Buffers into, Completion done) {
    const auto count = total(into) / settings_.block_size;
    if (refuse_access({first, count})) return std::move(done)({IoStatus::not_ready, 0, 0});
    backend_.read(offset(first), into, std::move(done));
}

void BlockDevice::peer_write(Lba first, Buffers from, RangeClaim& claim, Completion done) {
    write_for_peer(first, from, claim, std::move(done));
}

Task BlockDevice::write_for_peer(Lba first, Buffers from, RangeClaim& claim, Completion done) {
    const auto length = total(from);
    const auto count = length / settings_.block_size;
    if (refuse_change({first, count})) {
        std::move(done)({IoStatus::read_only, 0, 0});
        co_return;
    }
    const auto stable = write_cache_ ? Stable::no : Stable::yes;
    IoResult result;
    {
        auto held = co_await ClaimRange(ranges_, RangeClaim::Mode::shared, first, count, claim);
        result = co_await Io{
            [&](Completion written) { backend_.write(offset(first), from, stable, std::move(written)); }};
        note_write(offset(first), length, stable, result);
    }
    std::move(done)(result);
}

}  // namespace tcmud::devices
