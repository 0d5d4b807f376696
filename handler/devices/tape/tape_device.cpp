// SPDX-License-Identifier: Apache-2.0
// The order of a drive's commands: one begins when the one before has ended.
#include "handler/devices/tape/tape_device.hpp"

#include <cassert>
#include <utility>

#include "handler/devices/tape/tape_pages.hpp"

namespace tcmud::devices {

using scsi::get_8;
using scsi::Opcode;
using scsi::Outcome;

namespace {

// SAM-5, SPC-4 and SSC-4, without a version claimed (SPC-4 table 142).
constexpr std::array<std::uint16_t, 3> tape_versions{0x00a0, 0x0460, 0x0520};

PrimaryDevice::Type tape_type(const TapeBackend& backend) {
    const auto& personality = tape_personality(backend.personality());
    return {{scsi::DeviceType::tape, true, false, tape_versions, true},
            tape_mode_pages(personality.most_partitions),
            tape_vpd_pages(backend.automation().has_value()),
            TapeDevice::commands()};
}

Command& waiting_command(IoOperation& operation) {
    return *static_cast<Command::Io&>(operation).command;
}

}  // namespace

TapeDevice::TapeDevice(TapeBackend& backend, Host& host)
    : PrimaryDevice(tape_type(backend), host),
      backend_(backend),
      personality_(tape_personality(backend.personality())) {
    attentions().raise(scsi::sense::power_on);
    another_medium();
    set_defaults();
}

TapeDevice::~TapeDevice() {
    assert(!running_ && !first_waiting_);
}

// SAM-5 5.14 and SPC-4: these tell what is so while others are carried out.
bool TapeDevice::needs_no_turn(const Command& command) {
    const auto opcode = static_cast<Opcode>(get_8(command.cdb(), 0));
    return opcode == Opcode::inquiry || opcode == Opcode::request_sense || opcode == Opcode::report_luns;
}

void TapeDevice::execute(Command& command, Reply reply) {
    command.device = this;
    if (needs_no_turn(command)) return dispatch_command(command, std::move(reply));
    static_cast<void>(std::move(reply).release());
    wait_for_turn(command);
}

void TapeDevice::wait_for_turn(Command& command) {
    command.io.command = &command;
    command.io.next = nullptr;
    (last_waiting_ ? last_waiting_->next : first_waiting_) = &command.io;
    last_waiting_ = &command.io;
    serve();
}

// Commands that end inside of their call are begun one after the other, not one inside of the other.
void TapeDevice::serve() {
    if (serving_) return;
    serving_ = true;
    while (!running_ && first_waiting_) {
        auto& next = *first_waiting_;
        first_waiting_ = std::exchange(next.next, nullptr);
        if (!first_waiting_) last_waiting_ = nullptr;
        begin(waiting_command(next));
    }
    serving_ = false;
}

// Every answer passes here, by whichever way the command comes to it: what it says is kept before it is
// given.
void TapeDevice::begin(Command& command) {
    assert(!running_);
    running_ = &command;
    deliver_ = std::exchange(command.deliver, [](Command& answered, const Outcome& outcome) {
        static_cast<TapeDevice*>(answered.device)->ended(answered, outcome);
    });
    auto reply = Reply::adopt(&command);
    if (command.aborted) return std::move(reply)(Outcome::aborted());
    if (unsettled_ == Unsettled::nothing) return begin_now(std::move(reply));
    begin_loaded(std::move(reply));
}

Task TapeDevice::begin_loaded(Reply reply) {
    co_await settle_load();
    begin_now(std::move(reply));
}

void TapeDevice::begin_now(Reply reply) {
    auto& command = reply.target();
    if (is_press(command)) return static_cast<void>(answer(std::move(reply), carry_out_press()));
    if (tell_again(command, reply)) return;
    dispatch_command(command, std::move(reply));
}

void TapeDevice::ended(Command& command, const Outcome& outcome) {
    assert(running_ == &command);
    const auto told = outcome;
    command.deliver = deliver_;
    if (is_press(command))
        state_changed();
    else
        remember(command, told);
    running_ = nullptr;
    command.deliver(command, told);
    serve();
}

bool TapeDevice::leave_queue(Command& command) {
    IoOperation* before = nullptr;
    for (auto* waiting = first_waiting_; waiting; before = std::exchange(waiting, waiting->next)) {
        if (waiting != &command.io) continue;
        (before ? before->next : first_waiting_) = waiting->next;
        if (last_waiting_ == waiting) last_waiting_ = before;
        waiting->next = nullptr;
        auto reply = Reply::adopt(&command);
        std::move(reply)(Outcome::aborted());
        return true;
    }
    return false;
}

void TapeDevice::abort(Command& command) {
    if (leave_queue(command)) return;
    if (command.step.operation && command.step.what.empty()) backend_.abort(*command.step.operation);
}

Device::Whereabouts TapeDevice::whereabouts(const Command& command) const {
    if (!command.step.what.empty()) return {command.step.what};
    const auto* operation = command.step.operation;
    if (!operation) {
        if (&command != running_) return {"waiting for the commands before it"};
        return {"in its device server"};
    }
    if (operation->place != IoOperation::Place::elsewhere) return {{}, operation};
    return {backend_.whereabouts(*operation)};
}

// LOGICAL UNIT RESET leaves the medium where it is; the kernel tells initiators of it.
void TapeDevice::reset() {
    PrimaryDevice::reset();
    set_defaults();
    allow_removal();
    state_changed();
}

void TapeDevice::set_defaults() {
    block_length_ = 0;
    buffered_mode_ = 1;
    show_partitions();
    mode_pages_changed();
}

std::optional<scsi::Sense> TapeDevice::in_progress() const {
    if (!running_ || !running_->step.operation) return std::nullopt;
    // How far it is nobody knows: half.
    return scsi::sense::progress_of_operation.with_progress(0x8000);
}

std::optional<scsi::Sense> TapeDevice::not_ready() const {
    const auto* in_drive = medium();
    if (!in_drive) return scsi::sense::medium_not_present;
    if (in_drive->cleaning) return scsi::sense::cleaning_cartridge_installed;
    if (!can_read(in_drive->density)) return scsi::sense::incompatible_medium_installed;
    return std::nullopt;
}

// A density that is not LTO's is nobody's to refuse.
bool TapeDevice::can_read(std::uint8_t density) const {
    return !find_tape_density(density) ||
           (density >= personality_.oldest_readable && density <= personality_.density);
}

bool TapeDevice::can_write(std::uint8_t density) const {
    return !find_tape_density(density) ||
           (density >= personality_.oldest_writable && density <= personality_.density);
}

scsi::Identity TapeDevice::identity() const {
    auto identity = host().identity();
    const auto& model = personality_.model(backend_.maker());
    identity.vendor = model.vendor;
    identity.product = model.product;
    identity.revision = model.revision;
    identity.serial = serial();
    identity.config.clear();
    return identity;
}

std::string TapeDevice::serial() const {
    const auto own = backend_.serial();
    return own.empty() ? host().identity().serial : std::string(own);
}

}  // namespace tcmud::devices
