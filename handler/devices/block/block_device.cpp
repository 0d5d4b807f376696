// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/block/block_device.hpp"

#include <array>

namespace tcmud::devices {

using scsi::get_8;
using scsi::Outcome;
using scsi::Sense;

namespace {

// SAM-5, SPC-4 and SBC-3, without a version claimed (SPC-4 table 142).
constexpr std::array<std::uint16_t, 3> version_descriptors{0x00a0, 0x0460, 0x04c0};

constexpr std::array vpd_pages{
    scsi::VpdPage::supported_pages,
    scsi::VpdPage::unit_serial_number,
    scsi::VpdPage::device_identification,
    scsi::VpdPage::extended_inquiry,
    scsi::VpdPage::block_limits,
    scsi::VpdPage::block_device_characteristics,
    scsi::VpdPage::logical_block_provisioning,
};

constexpr std::uint8_t caching_page = 0x08;
constexpr std::uint8_t control_page = 0x0a;
constexpr std::uint8_t wce = 0x04;          // Byte 2 of the caching page.
constexpr std::uint8_t swp = 0x08;          // Byte 4 of the control page.
constexpr std::uint8_t d_sense_bit = 0x04;  // Byte 2 of the control page.

// Bytes behind PAGE LENGTH; SBC-3 6.5 and SPC-4 7.5.
constexpr std::array mode_page_infos{
    scsi::ModePageInfo{0x01, 0x0a, {}, {}},  // Read-write error recovery
    scsi::ModePageInfo{0x02, 0x0e, {}, {}},  // Disconnect-reconnect
    scsi::ModePageInfo{caching_page, 0x12, {wce}, {wce}},
    // QUEUE ALGORITHM MODIFIER 1: no ordering is restricted. TAS, as the kernel does it. BUSY TIMEOUT PERIOD:
    // unlimited.
    scsi::ModePageInfo{control_page, 0x0a, {0x00, 0x10, 0x00, 0x40, 0, 0, 0xff, 0xff}, {0x04, 0x00, swp}},
    scsi::ModePageInfo{0x1a, 0x26, {}, {}},      // Power condition: no timers
    scsi::ModePageInfo{0x1c, 0x0a, {0x08}, {}},  // Informational exceptions: DEXCPT, none are reported
};

PrimaryDevice::Type disk() {
    return {{scsi::DeviceType::disk, false, true, version_descriptors},
            mode_page_infos,
            vpd_pages,
            BlockDevice::commands()};
}

}  // namespace

BlockDevice::BlockDevice(BlockBackend& backend, const BlockSettings& settings, Host& host)
    : PrimaryDevice(disk(), host),
      backend_(backend),
      settings_(settings),
      traits_(backend.traits()),
      capacity_(backend.size() / settings.block_size),
      unsynchronized_(backend.size()) {
    flush_.device = this;
    flush_.deliver = [](IoOperation& operation, const IoResult& result) {
        static_cast<Flush&>(operation).device->flush_ended(result);
    };
    switch_write_cache(settings.write_cache && traits_.volatile_cache);
}

// What is in the way of a plain command is its own operation; the backend knows whether it has it.
void BlockDevice::abort(Command& command) {
    if (ranges_.cancel(command.claim)) return;
    auto& operation = command.step.operation ? *command.step.operation : command.io;
    if (!leave_flush(operation)) backend_.abort(operation);
}

Device::Whereabouts BlockDevice::whereabouts(const Command& command) const {
    if (command.claim.claimed() && command.claim.waiting)
        return {"waiting for blocks that another command has to itself"};
    if (!command.step.what.empty()) return {command.step.what};
    const IoOperation* operation = command.step.operation ? command.step.operation : &command.io;
    std::string_view words;
    if (waits_for_flush(*operation)) {
        words = "waiting for a flush";
        operation = &flush_;
    }
    if (operation->place != IoOperation::Place::elsewhere) return {words, operation};
    return {backend_.whereabouts(*operation)};
}

void BlockDevice::reset() {
    stopped_ = false;
    PrimaryDevice::reset();
    switch_write_cache(settings_.write_cache && traits_.volatile_cache);
}

void BlockDevice::set_write_cache(bool on) {
    if (on == write_cache_) return;
    switch_write_cache(on);
    attentions().raise(scsi::sense::mode_parameters_changed);
    state_changed();
}

void BlockDevice::switch_write_cache(bool on) {
    const bool was_on = write_cache_;
    set_mode_bit(ModeBit::write_cache, on);
    if (was_on && !on) synchronize_in_background();
}

void BlockDevice::set_mode_bit(ModeBit bit, bool on) {
    switch (bit) {
        case ModeBit::write_cache: mode_pages().set_bit(caching_page, 2, wce, on); break;
        case ModeBit::software_write_protect: mode_pages().set_bit(control_page, 4, swp, on); break;
        case ModeBit::descriptor_sense: mode_pages().set_bit(control_page, 2, d_sense_bit, on); break;
    }
    mode_pages_changed();
}

void BlockDevice::mode_pages_changed() {
    PrimaryDevice::mode_pages_changed();
    write_cache_ = (mode_pages().current(caching_page, 2) & wce) != 0;
    software_write_protect_ = (mode_pages().current(control_page, 4) & swp) != 0;
    state_changed();
}

void BlockDevice::capacity_changed() {
    capacity_ = backend_.size() / settings_.block_size;
    unsynchronized_.resize(backend_.size());
    attentions().raise(scsi::sense::capacity_data_changed);
    state_changed();
}

std::uint8_t BlockDevice::device_specific_parameter() const {
    constexpr std::uint8_t write_protected = 0x80;
    constexpr std::uint8_t dpo_and_fua = 0x10;
    const bool protect = traits_.read_only || software_write_protect_;
    return protect ? write_protected | dpo_and_fua : dpo_and_fua;
}

// SBC-3 6.5.2
void BlockDevice::append_block_descriptor(scsi::Writer& to, bool long_lba) const {
    constexpr std::uint64_t unknown = 0xffffffff;
    if (long_lba) {
        to.u64(raw(capacity_)).u32(0).u32(settings_.block_size.bytes);
    } else {
        to.u32(std::min(raw(capacity_), unknown)).u8(0).u24(settings_.block_size.bytes);
    }
}

// A block descriptor may only say what is so already, with 0 or the maximum for "as it is".
bool BlockDevice::accepts_block_descriptor(scsi::Bytes descriptor, bool long_lba) const {
    if (descriptor.size() != (long_lba ? 16u : 8u)) return false;
    const auto blocks = long_lba ? scsi::get_64(descriptor, 0) : scsi::get_32(descriptor, 0);
    const auto size = long_lba ? scsi::get_32(descriptor, 12) : scsi::get_24(descriptor, 5);
    const std::uint64_t maximum = long_lba ? ~std::uint64_t{0} : 0xffffffff;
    return size == settings_.block_size.bytes &&
           (blocks == 0 || blocks == maximum || blocks == raw(capacity_));
}

std::optional<Sense> BlockDevice::not_ready() const {
    if (settings_.absent) return scsi::sense::not_ready_cause_unknown;
    if (stopped_) return scsi::sense::initializing_command_required;
    return std::nullopt;
}

std::optional<Sense> BlockDevice::refuse_access(scsi::BlockAddress address) const {
    if (const auto why_not = not_ready()) return why_not;
    if (!fits(address.lba, address.count, capacity_)) return scsi::sense::lba_out_of_range;
    return std::nullopt;
}

std::optional<Sense> BlockDevice::refuse_change(scsi::BlockAddress address) const {
    if (const auto refused = refuse_access(address)) return refused;
    if (traits_.read_only) return scsi::sense::write_protected;
    if (software_write_protect_) return scsi::sense::software_write_protected;
    return std::nullopt;
}

Stable BlockDevice::stability(scsi::Bytes cdb) const {
    return !write_cache_ || scsi::force_unit_access(cdb) ? Stable::yes : Stable::no;
}

// SBC-3 5.25. Power conditions are accepted: the unit is as ready in any of them.
void BlockDevice::start_stop_unit(Command& command, Reply reply) {
    const auto byte_4 = get_8(command.cdb(), 4);
    const unsigned power_condition = byte_4 >> 4;
    const bool load_eject = (byte_4 & 0x02) != 0;
    if (load_eject) return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(4, 1)));
    const bool start = (byte_4 & 0x01) != 0;
    if (power_condition == 0 && !start && !stopped_) {
        answer(std::move(reply), stop());
        return;
    }
    if (power_condition == 0 && start) stopped_ = false;
    state_changed();
    std::move(reply)(Outcome::good());
}

// What a volatile cache holds is written before the unit stops.
Steps<Outcome> BlockDevice::stop() {
    const auto outcome = co_await synchronize();
    if (outcome.status == scsi::Status::good) stopped_ = true;
    state_changed();
    co_return outcome;
}

// A cache that was switched off holds nothing.
Steps<Outcome> BlockDevice::carry_out_mode_select() {
    co_return co_await made_stable();
}

Outcome outcome_of_read(IoResult result, ByteCount wanted, Lba first, BlockSize block_size) {
    const auto failed = [&](Sense sense, std::uint64_t at) {
        return Outcome::check(sense.with_information(raw(first) + at / block_size.bytes));
    };
    switch (result.status) {
        case IoStatus::ok:
            if (result.bytes >= raw(wanted)) return Outcome::good(wanted);
            // The backing store ends within the LUN: it was cut. Never zeros in its place.
            return failed(scsi::sense::unrecovered_read_error, result.bytes);
        case IoStatus::not_ready: return Outcome::check(scsi::sense::not_ready_cause_unknown);
        case IoStatus::aborted: return Outcome::aborted();
        default: return failed(scsi::sense::unrecovered_read_error, result.detail);
    }
}

Outcome outcome_of_write(IoResult result, Lba first, BlockSize block_size) {
    switch (result.status) {
        case IoStatus::ok: return Outcome::data_out_taken();
        case IoStatus::no_space: return Outcome::check(scsi::sense::space_allocation_failed);
        case IoStatus::read_only: return Outcome::check(scsi::sense::write_protected);
        case IoStatus::not_ready: return Outcome::check(scsi::sense::not_ready_cause_unknown);
        case IoStatus::unsupported: return Outcome::check(scsi::sense::invalid_field_in_cdb);
        case IoStatus::aborted: return Outcome::aborted();
        default:
            return Outcome::check(
                scsi::sense::write_error.with_information(raw(first) + result.detail / block_size.bytes));
    }
}

}  // namespace tcmud::devices
