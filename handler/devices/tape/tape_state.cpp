// SPDX-License-Identifier: Apache-2.0
// What a drive keeps for the next daemon, so that its initiators notice nothing, and no command takes effect
// twice: where the head stands and how the last command ended are kept in one piece, after its effect and
// before its answer. A successor tells the outcome of that one again, and begins any other one again from
// there.
//
// A byte of version; then fields in the order of state(), big-endian.
#include <algorithm>

#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::get_8;
using scsi::Outcome;
using scsi::Sense;

namespace {

constexpr std::uint8_t tape_state_version = 1;
constexpr std::size_t longest_tape_state = 1000;  // Of almost all.

enum TapeFlag : unsigned {
    medium_loaded = 1 << 0,
    drive_occupied = 1 << 1,
    removal_prevented = 1 << 2,
    not_synchronized = 1 << 3,
    programmable_warning_told = 1 << 4,
    head_at_end_of_data = 1 << 5,
    overwrite_allowed = 1 << 6,
    has_last_command = 1 << 7,
    format_is_allowed = 1 << 8,
    key_goes_with_medium = 1 << 9,
};

// Puts a state together, once for each command: its room is there from the beginning.
class StateWriter {
public:
    StateWriter& u8(unsigned value) { return number<1>(value); }
    StateWriter& u16(std::uint64_t value) { return number<2>(value); }
    StateWriter& u24(std::uint64_t value) { return number<3>(value); }
    StateWriter& u32(std::uint64_t value) { return number<4>(value); }
    StateWriter& u64(std::uint64_t value) { return number<8>(value); }
    StateWriter& bytes(scsi::Bytes from) {
        std::ranges::copy(from, room(from.size()).begin());
        return *this;
    }
    std::vector<std::byte> take() && {
        state_.resize(size_);
        return std::move(state_);
    }

private:
    template <std::size_t width>
    StateWriter& number(std::uint64_t value) {
        scsi::put_big_endian<width>(room(width), 0, value);
        return *this;
    }
    std::span<std::byte> room(std::size_t count) {
        if (state_.size() - size_ < count) state_.resize(state_.size() + longest_tape_state + count);
        const auto part = std::span(state_).subspan(size_, count);
        size_ += count;
        return part;
    }

    std::vector<std::byte> state_ = std::vector<std::byte>(longest_tape_state);
    std::size_t size_ = 0;
};

// Takes a state apart from its front; beyond its end everything is zero, and it is not whole.
class StateReader {
public:
    explicit StateReader(scsi::Bytes state) : left_(state) {}
    bool whole() const { return whole_; }
    template <std::size_t width>
    std::uint64_t number() {
        const auto part = bytes(width);
        return part.size() == width ? scsi::get_big_endian<width>(part, 0) : 0;
    }
    scsi::Bytes bytes(std::size_t count) {
        if (count > left_.size()) {
            whole_ = false;
            count = 0;
        }
        const auto part = left_.first(count);
        left_ = left_.subspan(count);
        return part;
    }

private:
    scsi::Bytes left_;
    bool whole_ = true;
};

void put_position(StateWriter& to, const TapePosition& at) {
    to.u32(at.partition).u64(at.object).u64(at.file);
}

TapePosition get_position(StateReader& from) {
    TapePosition at;
    at.partition = static_cast<std::uint32_t>(from.number<4>());
    at.object = from.number<8>();
    at.file = from.number<8>();
    return at;
}

void put_outcome(StateWriter& to, const Outcome& outcome) {
    const auto& sense = outcome.sense;
    to.u8(static_cast<unsigned>(outcome.status)).u64(outcome.data_length);
    to.u8(static_cast<unsigned>(sense.key)).u8(sense.asc).u8(sense.ascq);
    to.u8((sense.information_valid ? 1u : 0u) | (sense.filemark ? 2u : 0u) | (sense.end_of_medium ? 4u : 0u) |
          (sense.incorrect_length ? 8u : 0u) | (sense.specific.valid ? 16u : 0u));
    to.u64(sense.information).u8(sense.specific.first).u16(sense.specific.value);
}

Outcome get_outcome(StateReader& from) {
    Outcome outcome;
    auto& sense = outcome.sense;
    outcome.status = static_cast<scsi::Status>(from.number<1>());
    outcome.data_length = from.number<8>();
    sense.key = static_cast<scsi::SenseKey>(from.number<1>());
    sense.asc = static_cast<std::uint8_t>(from.number<1>());
    sense.ascq = static_cast<std::uint8_t>(from.number<1>());
    const auto flags = from.number<1>();
    sense.information_valid = (flags & 1) != 0;
    sense.filemark = (flags & 2) != 0;
    sense.end_of_medium = (flags & 4) != 0;
    sense.incorrect_length = (flags & 8) != 0;
    sense.specific.valid = (flags & 16) != 0;
    sense.information = from.number<8>();
    sense.specific.first = static_cast<std::uint8_t>(from.number<1>());
    sense.specific.value = static_cast<std::uint16_t>(from.number<2>());
    return outcome;
}

void put_encryption(StateWriter& to, const TapeEncryption& encryption) {
    to.u8(static_cast<unsigned>(encryption.encrypt)).u8(static_cast<unsigned>(encryption.decrypt));
    to.bytes(encryption.key);
    for (const auto* data : {&encryption.unauthenticated, &encryption.authenticated})
        to.u8(static_cast<unsigned>(data->size())).bytes(*data);
}

TapeEncryption get_encryption(StateReader& from) {
    TapeEncryption encryption;
    encryption.encrypt = static_cast<TapeEncryption::Encrypt>(from.number<1>());
    encryption.decrypt = static_cast<TapeEncryption::Decrypt>(from.number<1>());
    const auto key = from.bytes(encryption.key.size());
    std::ranges::copy(key, encryption.key.begin());
    for (auto* data : {&encryption.unauthenticated, &encryption.authenticated}) {
        const auto value = from.bytes(from.number<1>());
        data->assign(value.begin(), value.end());
    }
    return encryption;
}

void put_text(StateWriter& to, std::string_view text) {
    constexpr std::size_t longest = 64;
    text = text.substr(0, longest);
    to.u8(static_cast<unsigned>(text.size())).bytes(std::as_bytes(std::span(text)));
}

std::string get_text(StateReader& from) {
    const auto text = from.bytes(from.number<1>());
    return {reinterpret_cast<const char*>(text.data()), text.size()};
}

}  // namespace

std::vector<std::byte> TapeDevice::state() const {
    const bool loaded =
        unsettled_ == Unsettled::nothing ? medium() != nullptr : unsettled_ == Unsettled::load;
    unsigned flags = 0;
    if (loaded) flags |= medium_loaded;
    if (backend_.occupied()) flags |= drive_occupied;
    if (prevented_) flags |= removal_prevented;
    if (unsynchronized_) flags |= not_synchronized;
    if (told_programmable_) flags |= programmable_warning_told;
    if (medium() ? at_end_of_data() : resume_at_end_of_data_) flags |= head_at_end_of_data;
    if (overwrite_at_) flags |= overwrite_allowed;
    if (last_) flags |= has_last_command;
    if (format_allowed_) flags |= format_is_allowed;
    if (clear_key_on_unload_) flags |= key_goes_with_medium;
    StateWriter to;
    to.u8(tape_state_version).u16(flags);
    put_text(to, medium_id_);
    put_position(to, resume_ || medium() ? where() : TapePosition{});
    put_position(to, overwrite_at_.value_or(TapePosition{}));
    to.u32(last_ ? last_->number : 0);
    put_outcome(to, last_ ? last_->outcome : Outcome{});
    to.u24(block_length_).u8(buffered_mode_).u64(alerts_);
    const auto pending = attentions().pending();
    to.u8(static_cast<unsigned>(pending.size()));
    for (const auto& attention : pending)
        to.u8(static_cast<std::uint8_t>(attention.key)).u8(attention.asc).u8(attention.ascq);
    to.u64(raw(at_load_.written)).u64(raw(at_load_.read));
    to.u64(raw(at_load_.stored)).u64(raw(at_load_.fetched));
    to.u32(loads_).u32(write_failures_).u32(read_failures_);
    to.u64(static_cast<std::uint64_t>(clock_offset_ms_));
    put_encryption(to, encryption_);
    to.u32(key_instance_);
    const auto values = mode_pages().values();
    to.u16(values.size()).bytes(values);
    return std::move(to).take();
}

void TapeDevice::restore(std::span<const std::byte> state, bool replaying) {
    StateReader from(state);
    if (from.number<1>() != tape_state_version) return;
    const auto flags = from.number<2>();
    const auto is = [flags](TapeFlag flag) { return (flags & flag) != 0; };
    const auto id = get_text(from);
    const auto at = get_position(from);
    const auto overwrite = get_position(from);
    const auto number = static_cast<std::uint32_t>(from.number<4>());
    const auto outcome = get_outcome(from);
    const auto block_length = static_cast<std::uint32_t>(from.number<3>());
    const auto buffered_mode = static_cast<std::uint8_t>(from.number<1>());
    const auto alerts = from.number<8>();
    std::vector<Sense> pending(from.number<1>());
    for (auto& attention : pending) {
        attention.key = static_cast<scsi::SenseKey>(from.number<1>());
        attention.asc = static_cast<std::uint8_t>(from.number<1>());
        attention.ascq = static_cast<std::uint8_t>(from.number<1>());
    }
    TapeStatistics at_load;
    for (auto* count : {&at_load.written, &at_load.read, &at_load.stored, &at_load.fetched})
        *count = ByteCount{from.number<8>()};
    const auto loads = static_cast<std::uint32_t>(from.number<4>());
    const auto write_failures = static_cast<std::uint32_t>(from.number<4>());
    const auto read_failures = static_cast<std::uint32_t>(from.number<4>());
    const auto clock_offset_ms = static_cast<std::int64_t>(from.number<8>());
    const auto encryption = get_encryption(from);
    const auto key_instance = static_cast<std::uint32_t>(from.number<4>());
    const auto values = from.bytes(from.number<2>());
    if (!from.whole()) return;

    attentions().clear();
    for (const auto& attention : pending) attentions().raise(attention);
    block_length_ = block_length;
    buffered_mode_ = buffered_mode;
    alerts_ = alerts;
    mode_pages().set_values(values);
    mode_pages_changed();
    replaying_ = replaying;
    prevented_ = is(removal_prevented);
    backend_.prevent_removal(prevented_);
    unsynchronized_ = is(not_synchronized) || replaying;
    told_programmable_ = is(programmable_warning_told);
    if (is(overwrite_allowed)) overwrite_at_ = overwrite;
    format_allowed_ = is(format_is_allowed);
    clear_key_on_unload_ = is(key_goes_with_medium);
    at_load_ = at_load;
    loads_ = loads;
    write_failures_ = write_failures;
    read_failures_ = read_failures;
    clock_offset_ms_ = clock_offset_ms;
    encrypt_as(encryption);
    key_instance_ = key_instance;
    resume_at_end_of_data_ = is(head_at_end_of_data);
    if (replaying && is(has_last_command)) last_ = {number, outcome};
    medium_id_ = id;
    take_medium_of_predecessor(is(medium_loaded), is(drive_occupied), at);
}

// The medium may have been exchanged, loaded or unloaded in between.
void TapeDevice::take_medium_of_predecessor(bool loaded, bool occupied, const TapePosition& at) {
    const auto* in_drive = medium();
    if (loaded && in_drive && in_drive->id == medium_id_) {
        resume_ = at;
    } else if (loaded && !in_drive && backend_.occupied()) {
        unsettled_ = Unsettled::load;
        resume_ = at;
    } else if (!loaded && occupied && in_drive) {
        unsettled_ = Unsettled::unload;
    } else if (in_drive) {
        another_medium();
        attentions().raise(scsi::sense::medium_may_have_changed);
    } else {
        medium_id_.clear();
    }
}

Steps<TapeStatus> TapeDevice::settle_load() {
    const bool load = unsettled_ == Unsettled::load;
    const auto result = co_await TapeIo{[&](TapeResult& r, Completion done) {
        load ? backend_.load(r, std::move(done)) : backend_.unload(r, std::move(done));
    }};
    unsettled_ = Unsettled::nothing;
    if (load && (!medium() || medium()->id != medium_id_)) {
        another_medium();
        attentions().raise(scsi::sense::medium_may_have_changed);
    }
    co_return result.status;
}

Steps<TapeStatus> TapeDevice::settle(bool cut) {
    if (!resume_) co_return TapeStatus::ok;
    const auto at = *resume_;
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.resume(at, cut, r, std::move(done)); }};
    if (result.status == TapeStatus::aborted) co_return result.status;
    resume_.reset();
    // What was written there is gone, though no power was lost: nobody's position holds any more.
    if (result.status != TapeStatus::ok) attentions().raise(scsi::sense::power_on);
    co_return result.status;
}

Steps<Outcome> TapeDevice::settled_first(Command& command, Steps<Outcome> (TapeDevice::*steps)(Command&)) {
    const auto settled = medium() ? co_await settle(false) : TapeStatus::ok;
    if (settled != TapeStatus::ok) co_return failed(settled, scsi::sense::unrecovered_read_error, 0);
    co_return co_await (this->*steps)(command);
}

void TapeDevice::remember(const Command& command, const Outcome& outcome) {
    last_ = {command.number, outcome};
    state_changed();
}

bool TapeDevice::tell_again(const Command& command, Reply& reply) {
    if (!last_ || !replaying_ || last_->number != command.number) return false;
    const auto outcome = last_->outcome;
    std::move(reply)(outcome);
    return true;
}

}  // namespace tcmud::devices
