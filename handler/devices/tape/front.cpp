// SPDX-License-Identifier: Apache-2.0
// The buttons at the front of a drive. Who presses one waits for his turn as a command does, so that nothing
// of a command is under way meanwhile; unlike a command he is told no unit attention, and is no successor's
// to tell again.
#include <cerrno>
#include <utility>

#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::Outcome;

void TapeDevice::press(Button button, Pressed done) {
    if (press_) return done(failure(EBUSY, "another operator's load or unload is under way"));
    press_ = std::make_unique<Press>();
    press_->button = button;
    press_->done = std::move(done);
    press_->device = this;
    press_->deliver = [](Command& command, const Outcome&) {
        static_cast<TapeDevice*>(command.device)->press_ended();
    };
    wait_for_turn(*press_);
}

void TapeDevice::press_ended() {
    const auto ended = std::exchange(press_, nullptr);
    ended->done(std::move(ended->result));
    if (became_idle) became_idle();
}

Result<void> TapeDevice::check_press() {
    if (!backend_.occupied()) return failure(ENOMEDIUM, "there is no cartridge in the drive that it can use");
    if (press_->button == Button::load) {
        if (medium()) return failure(EALREADY, "its cartridge is loaded already");
        return {};
    }
    if (!medium()) return failure(EALREADY, "its cartridge is not loaded: there is nothing to unload");
    if (!prevented_) return {};
    raise_alert(TapeAlert::no_removal);
    return failure(EBUSY,
                   "an initiator prevents the removal of its cartridge: end what uses the tape there, or "
                   "unload it there");
}

Steps<Outcome> TapeDevice::carry_out_press() {
    press_->result = check_press();
    if (!press_->result) co_return Outcome::good();
    // Where that fails initiators are told of it; it is no reason to keep the cartridge.
    if (medium()) static_cast<void>(co_await settle(false));
    const bool loads = press_->button == Button::load;
    auto outcome = Outcome::good();
    if (loads)
        outcome = co_await load();
    else
        outcome = co_await unload();
    if (outcome.status != scsi::Status::good) {
        press_->result = failure(EIO, loads ? "its cartridge cannot be loaded"
                                            : "what was written cannot be brought into the files of its "
                                              "cartridge, which stays loaded");
    }
    co_return outcome;
}

}  // namespace tcmud::devices
