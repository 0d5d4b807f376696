// SPDX-License-Identifier: Apache-2.0
// The device server of medium changers (SMC-3): cartridges that move between elements, over a ChangerBackend.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "handler/devices/changer/changer_alert.hpp"
#include "handler/devices/changer/element_status.hpp"
#include "handler/devices/exclusive_ranges.hpp"
#include "handler/devices/primary_device.hpp"
#include "tcmud/changer_backend.hpp"

namespace tcmud::devices {

// Mode pages that tell which elements the library has.
struct ChangerPages {
    explicit ChangerPages(std::span<const Element> elements);
    std::vector<scsi::ModePageInfo> infos;
};

class ChangerDevice final : private ChangerPages, public PrimaryDevice {
public:
    // REQUIRES: the backend was started and outlives the device, as the host does; which elements it has does
    // not change.
    ChangerDevice(ChangerBackend& backend, Host& host);
    ~ChangerDevice() override = default;

    void execute(Command& command, Reply reply) override;
    void abort(Command& command) override;
    Whereabouts whereabouts(const Command& command) const override;
    void reset() override;
    bool idle() const override { return true; }
    std::vector<std::byte> state() const override;
    void restore(std::span<const std::byte> state, bool replaying) override;

    // The command table's facts, for documentation and tests.
    static std::span<const scsi::CommandInfo> commands();

    // What the backend's events are for: initiators are told.
    void import_export_accessed();
    void inventory_changed();

    // Rows of the command table that are another's in PrimaryDevice.
    void prevent_allow_medium_removal(Command& command, Reply reply);

private:
    friend struct ChangerCommands;

    // Rows of the command table.
    void initialize_element_status(Command& command, Reply reply);
    void initialize_element_status_with_range(Command& command, Reply reply);
    void read_element_status(Command& command, Reply reply);
    void move_medium(Command& command, Reply reply);
    void exchange_medium(Command& command, Reply reply);
    void position_to_element(Command& command, Reply reply);
    void open_close_import_export_element(Command& command, Reply reply);
    void request_volume_element_address(Command& command, Reply reply);
    void send_volume_tag(Command& command, Reply reply);
    void log_sense(Command& command, Reply reply);

    // Of PrimaryDevice.
    scsi::Identity identity() const override;
    std::uint32_t recommended_timeout(const scsi::CommandInfo& info) const override;
    scsi::Writer vpd_page(scsi::VpdPage page) override;
    std::uint8_t device_specific_parameter() const override { return 0; }
    void append_block_descriptor(scsi::Writer&, bool) const override {}
    bool accepts_block_descriptor(scsi::Bytes, bool) const override { return false; }
    void mode_pages_changed() override;

    const Element* find(ElementAddress address) const;
    // Address 0 stands for the one that there is (SMC-3 6.6).
    bool has_transport(ElementAddress address) const;

    struct Move {
        ElementAddress source{};
        ElementAddress destination{};
        std::optional<ElementAddress> second_destination;  // Of EXCHANGE MEDIUM.
    };
    Steps<scsi::Outcome> carry_out(Command& command, Move move);
    Steps<scsi::Outcome> change_barcode(Command& command, ElementAddress at, std::string barcode,
                                        bool replace);
    // Why a move cannot begin.
    std::optional<scsi::Sense> refuse(const Move& move) const;
    // Whether a predecessor has carried this command out, and was killed before it could say so.
    bool has_happened(const Command& command, const Move& move) const;

    void raise_alert(ChangerAlert alert) { alerts_ |= bit_of(alert); }
    void look_for_damage();
    // addresses: of elements, as mode page 1Dh tells of them.
    bool has_elements_of(scsi::Bytes addresses) const;

    ChangerBackend& backend_;
    bool prevented_ = false;
    std::uint64_t alerts_ = 0;  // TapeAlert flags.
    // Commands that change something come one after the other.
    ExclusiveRanges turns_;

    // The last SEND VOLUME TAG that was a search, for REQUEST VOLUME ELEMENT ADDRESS.
    std::optional<VolumeSearch> search_;

    // The move that began last.
    struct Begun {
        std::uint32_t number = 0;  // Of its command.
        ElementAddress destination{};
        std::string cartridge;  // What is there afterwards.
    };
    std::optional<Begun> begun_;
    bool replaying_ = false;  // begun_ is a predecessor's.
};

// Where a backend's result becomes what an initiator is told.
scsi::Outcome outcome_of_move(MoveStatus status);

}  // namespace tcmud::devices
