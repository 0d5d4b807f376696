// SPDX-License-Identifier: Apache-2.0
// What comes into the drive and leaves it: LOAD UNLOAD, PREVENT ALLOW MEDIUM REMOVAL, a robot's hand.
#include <utility>

#include "handler/devices/tape/tape_device.hpp"
#include "handler/devices/tape/tape_pages.hpp"

namespace tcmud::devices {

using scsi::get_8;
using scsi::Outcome;

namespace {

namespace sense = scsi::sense;

}  // namespace

// SSC-5 7.2. HOLD and RETEN have no meaning without a mechanism.
Steps<Outcome> TapeDevice::load_unload(Command& command) {
    constexpr unsigned load_bit = 0x01, end_of_tape = 0x04;
    const auto flags = get_8(command.cdb(), 4);
    if ((flags & load_bit) == 0) co_return co_await unload();
    if ((flags & end_of_tape) != 0) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(4, 2));
    co_return co_await load();
}

// A loaded one is rewound, to partition 0.
Steps<Outcome> TapeDevice::load() {
    if (medium()) co_return co_await locate(true, 0, 0);
    if (!backend_.occupied()) co_return Outcome::check(sense::medium_not_present);
    const auto result =
        co_await TapeIo{[&](TapeResult& r, Completion done) { backend_.load(r, std::move(done)); }};
    if (result.status != TapeStatus::ok) co_return motion_failed(result.status, 0);
    another_medium();
    attentions().raise(sense::medium_may_have_changed);
    co_return Outcome::good();
}

Steps<Outcome> TapeDevice::unload() {
    if (prevented_) {
        raise_alert(TapeAlert::no_removal);
        co_return Outcome::check(sense::medium_removal_prevented);
    }
    if (!medium()) co_return Outcome::good();
    const auto result =
        co_await TapeIo{[&](TapeResult& r, Completion done) { backend_.unload(r, std::move(done)); }};
    if (result.status != TapeStatus::ok) co_return write_failed(result.status, 0);
    another_medium();
    co_return Outcome::good();
}

// What was known of the one before is forgotten.
void TapeDevice::another_medium() {
    unsynchronized_ = false;
    told_programmable_ = false;
    overwrite_at_.reset();
    resume_.reset();
    medium_id_ = medium() ? medium()->id : std::string();
    format_allowed_ = false;
    if (medium()) {
        at_load_ = medium()->statistics;
        ++loads_;
        if (medium()->cleaning) raise_alert(TapeAlert::cleaning_media);
        if (!can_read(medium()->density)) raise_alert(TapeAlert::unsupported_format);
    } else if (std::exchange(clear_key_on_unload_, false)) {
        encrypt_as({});
    }
    show_partitions();
}

void TapeDevice::medium_changed() {
    unsettled_ = Unsettled::nothing;
    if (prevented_ && !backend_.occupied()) raise_alert(TapeAlert::forced_eject);
    another_medium();
    if (medium()) attentions().raise(sense::medium_may_have_changed);
    state_changed();
}

// SPC-4 6.14. The ring does not name initiators: one bit for all of them.
void TapeDevice::prevent_allow_medium_removal(Command& command, Reply reply) {
    prevented_ = (get_8(command.cdb(), 4) & 0x01) != 0;
    backend_.prevent_removal(prevented_);
    std::move(reply)(Outcome::good());
}

void TapeDevice::allow_removal() {
    prevented_ = false;
    backend_.prevent_removal(false);
}

}  // namespace tcmud::devices
