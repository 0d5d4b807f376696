// SPDX-License-Identifier: Apache-2.0
// MOVE MEDIUM and EXCHANGE MEDIUM (SMC-3 6.6 and 6.1): one after the other, each exactly once, whenever this
// process is killed.
#include "handler/devices/changer/changer_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_8;
using scsi::Outcome;
namespace sense = scsi::sense;

Outcome outcome_of_move(MoveStatus status) {
    switch (status) {
        case MoveStatus::ok: return Outcome::good();
        case MoveStatus::no_source_element:
        case MoveStatus::no_destination_element: return Outcome::check(sense::invalid_element_address);
        case MoveStatus::source_empty: return Outcome::check(sense::medium_source_empty);
        case MoveStatus::destination_full: return Outcome::check(sense::medium_destination_full);
        case MoveStatus::removal_prevented: return Outcome::check(sense::medium_removal_prevented);
        case MoveStatus::busy: return Outcome::check(sense::operation_in_progress);
        case MoveStatus::damaged: return Outcome::check(sense::incompatible_medium);
        case MoveStatus::barcode_taken: return Outcome::check(sense::invalid_field_in_parameter_list);
        case MoveStatus::io_error: break;
    }
    return Outcome::check(sense::internal_target_failure);
}

void ChangerDevice::move_medium(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const bool invert = (get_8(cdb, 10) & 0x01) != 0;
    if (invert) return std::move(reply)(Outcome::check(sense::invalid_field_in_cdb.in_cdb(10, 0)));
    if (!has_transport(ElementAddress{get_16(cdb, 2)}))
        return std::move(reply)(Outcome::check(sense::invalid_element_address));
    answer(std::move(reply),
           carry_out(command, {ElementAddress{get_16(cdb, 4)}, ElementAddress{get_16(cdb, 6)}, {}}));
}

void ChangerDevice::exchange_medium(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const bool invert = (get_8(cdb, 10) & 0x03) != 0;
    if (invert) return std::move(reply)(Outcome::check(sense::invalid_field_in_cdb.in_cdb(10, 1)));
    if (!has_transport(ElementAddress{get_16(cdb, 2)}))
        return std::move(reply)(Outcome::check(sense::invalid_element_address));
    answer(std::move(reply),
           carry_out(command, {ElementAddress{get_16(cdb, 4)}, ElementAddress{get_16(cdb, 6)},
                               ElementAddress{get_16(cdb, 8)}}));
}

std::optional<scsi::Sense> ChangerDevice::refuse(const Move& move) const {
    const auto* source = find(move.source);
    const auto* destination = find(move.destination);
    const auto* second = move.second_destination ? find(*move.second_destination) : destination;
    for (const auto* element : {source, destination, second}) {
        if (!element || element->type == ElementType::transport) return sense::invalid_element_address;
    }
    if (!source->full) return sense::medium_source_empty;
    if (!move.second_destination) {
        const bool in_the_way = destination->full && destination != source;
        return in_the_way ? std::optional(sense::medium_destination_full) : std::nullopt;
    }
    if (!destination->full) return sense::medium_source_empty;
    if (destination == source || destination == second) return sense::medium_destination_full;
    if (second->full && second != source) return sense::medium_destination_full;
    return std::nullopt;
}

bool ChangerDevice::has_happened(const Command& command, const Move& move) const {
    if (!replaying_ || !begun_ || begun_->number != command.number) return false;
    if (begun_->destination != move.destination) return false;
    const auto* destination = find(move.destination);
    return destination && destination->full && destination->cartridge == begun_->cartridge;
}

Steps<Outcome> ChangerDevice::carry_out(Command& command, Move move) {
    auto turn =
        co_await ClaimRange(turns_, RangeClaim::Mode::exclusive, Lba{0}, BlockCount{1}, command.claim);
    if (command.aborted) co_return Outcome::aborted();
    if (has_happened(command, move)) co_return Outcome::good();
    if (const auto refused = refuse(move)) co_return Outcome::check(*refused);
    if (move.source == move.destination) co_return Outcome::good();

    // The successor of a process that is killed from here on looks whether the cartridge has arrived.
    begun_ = {command.number, move.destination, find(move.source)->cartridge};
    replaying_ = false;
    state_changed();
    auto status = MoveStatus::io_error;
    if (move.second_destination) {
        co_await Io{[&](Completion done) {
            backend_.exchange(move.source, move.destination, *move.second_destination, status,
                              std::move(done));
        }};
    } else {
        co_await Io{
            [&](Completion done) { backend_.move(move.source, move.destination, status, std::move(done)); }};
    }
    // Before the next one may begin, which forgets this one.
    if (status == MoveStatus::ok) command.note(command, Command::Progress::done);
    if (status == MoveStatus::io_error) raise_alert(ChangerAlert::hardware_d);
    co_return outcome_of_move(status);
}

}  // namespace tcmud::devices
