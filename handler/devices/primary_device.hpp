// SPDX-License-Identifier: Apache-2.0
// The commands that every device type has (SPC-4), for the servers of the types to build upon.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "handler/devices/command_table.hpp"
#include "handler/devices/device.hpp"
#include "handler/devices/host.hpp"
#include "handler/devices/task.hpp"
#include "handler/devices/unit_attentions.hpp"
#include "handler/scsi/inquiry.hpp"
#include "handler/scsi/mode_pages.hpp"

namespace tcmud::devices {

class PrimaryDevice : public Device {
public:
    // What a device type says of itself.
    struct Type {
        scsi::InquiryTraits inquiry;
        std::span<const scsi::ModePageInfo> mode_pages;
        std::span<const scsi::VpdPage> vpd_pages;     // Sorted; all that INQUIRY answers.
        std::span<const scsi::CommandInfo> commands;  // Of its command table.
    };

    scsi::SenseFormat sense_format() const override { return sense_format_; }
    void reset() override;
    std::string_view name_of(const Command& command) const override;

    UnitAttentions& attentions() { return attentions_; }
    const UnitAttentions& attentions() const { return attentions_; }

    // Rows of a command table.
    void test_unit_ready(Command& command, Reply reply);
    void request_sense(Command& command, Reply reply);
    void inquiry(Command& command, Reply reply);
    void mode_sense(Command& command, Reply reply);
    void mode_select(Command& command, Reply reply);
    void report_supported_operation_codes(Command& command, Reply reply);
    void report_supported_task_management_functions(Command& command, Reply reply);
    void report_target_port_groups(Command& command, Reply reply);
    void set_target_port_groups(Command& command, Reply reply);
    void prevent_allow_medium_removal(Command& command, Reply reply);

protected:
    PrimaryDevice(const Type& type, Host& host);

    // Who the unit says it is; a type whose backend knows better overrides it.
    virtual scsi::Identity identity() const { return host_.identity(); }
    // RECOMMENDED COMMAND TIMEOUT in seconds (SPC-4 6.36.4); 0: there is none to tell.
    virtual std::uint32_t recommended_timeout(const scsi::CommandInfo&) const { return 0; }
    // A page of the type's own; REQUIRES: it is one of Type::vpd_pages.
    virtual scsi::Writer vpd_page(scsi::VpdPage page) = 0;
    // MEDIUM TYPE and DEVICE-SPECIFIC PARAMETER of the mode parameter header.
    virtual std::uint8_t medium_type() const { return 0; }
    virtual std::uint8_t device_specific_parameter() const = 0;
    virtual void append_block_descriptor(scsi::Writer& to, bool long_lba) const = 0;
    // Whether a MODE SELECT may bring this block descriptor.
    virtual bool accepts_block_descriptor(scsi::Bytes descriptor, bool long_lba) const = 0;
    // A MODE SELECT parameter list that is well formed: its header, its block descriptor, which may be empty,
    // and the mode pages as they are to become.
    struct ModeParameters {
        std::uint8_t device_specific = 0;
        scsi::Bytes block_descriptor;
        const scsi::ModePages& pages;
    };
    virtual std::optional<scsi::Sense> refuse_mode_parameters(const ModeParameters&) const {
        return std::nullopt;
    }
    // They were not refused; the pages become current next.
    virtual void mode_parameters_selected(const ModeParameters&) {}
    // The current values of mode pages changed.
    virtual void mode_pages_changed();
    // What a MODE SELECT entails before it is answered.
    virtual Steps<scsi::Outcome> carry_out_mode_select();
    // Whether this device has a command of its type's table; one that it has not ends as an unknown one
    // would.
    virtual bool offers(const scsi::CommandInfo&) const { return true; }
    // Why no medium can be used just now.
    virtual std::optional<scsi::Sense> not_ready() const { return std::nullopt; }
    // What goes on, for REQUEST SENSE.
    virtual std::optional<scsi::Sense> in_progress() const { return std::nullopt; }

    // Sends a structure, cut at the ALLOCATION LENGTH and at what the initiator lent.
    static scsi::Outcome send(Command& command, const scsi::Writer& data, std::uint64_t allocation_length);
    // The parameter list that a CDB announces; nullopt if the initiator sent less.
    static std::optional<std::vector<std::byte>> parameter_list(const Command& command, std::size_t length);

    // Runs a command of a table: unit attentions and unknown bits first.
    template <class Server, std::size_t size>
    void dispatch(const CommandTable<Server, size>& table, Server& server, Command& command, Reply&& reply);

    Host& host() const { return host_; }
    scsi::ModePages& mode_pages() { return mode_pages_; }
    const scsi::ModePages& mode_pages() const { return mode_pages_; }

private:
    Steps<scsi::Outcome> answer_inquiry(Command& command);
    scsi::Writer inquiry_data(scsi::Bytes cdb);
    Steps<scsi::Outcome> answer_target_port_groups(Command& command);
    Steps<scsi::Outcome> change_target_port_groups(std::vector<std::byte> list);
    scsi::Writer mode_parameters(scsi::Bytes cdb, bool& known) const;
    bool refused_before_execution(const Command& command, Reply& reply);

    Type type_;
    Host& host_;
    scsi::ModePages mode_pages_;
    scsi::SenseFormat sense_format_ = scsi::SenseFormat::fixed;
    UnitAttentions attentions_;
};

// clang-format off
template <class Server>
inline constexpr std::array primary_commands{
    CommandRow<Server>{{scsi::Opcode::test_unit_ready, scsi::no_service_action, 6,
        "TEST UNIT READY", {0x00}}, &Server::test_unit_ready},
    CommandRow<Server>{{scsi::Opcode::request_sense, scsi::no_service_action, 6,
        "REQUEST SENSE", {0x03, 0x01, 0, 0, 0xff}}, &Server::request_sense},
    CommandRow<Server>{{scsi::Opcode::inquiry, scsi::no_service_action, 6,
        "INQUIRY", {0x12, 0x01, 0xff, 0xff, 0xff}}, &Server::inquiry},
    CommandRow<Server>{{scsi::Opcode::mode_select_6, scsi::no_service_action, 6,
        "MODE SELECT(6)", {0x15, 0x10, 0, 0, 0xff}}, &Server::mode_select},
    CommandRow<Server>{{scsi::Opcode::mode_select_10, scsi::no_service_action, 10,
        "MODE SELECT(10)", {0x55, 0x10, 0, 0, 0, 0, 0, 0xff, 0xff}}, &Server::mode_select},
    CommandRow<Server>{{scsi::Opcode::mode_sense_6, scsi::no_service_action, 6,
        "MODE SENSE(6)", {0x1a, 0x08, 0xff, 0xff, 0xff}}, &Server::mode_sense},
    CommandRow<Server>{{scsi::Opcode::mode_sense_10, scsi::no_service_action, 10,
        "MODE SENSE(10)", {0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff}}, &Server::mode_sense},
    CommandRow<Server>{{scsi::Opcode::prevent_allow_medium_removal, scsi::no_service_action, 6,
        "PREVENT ALLOW MEDIUM REMOVAL", {0x1e, 0, 0, 0, 0x03}}, &Server::prevent_allow_medium_removal},
    CommandRow<Server>{{scsi::Opcode::maintenance_in, scsi::service_action::report_target_port_groups, 12,
        "REPORT TARGET PORT GROUPS", {0xa3, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
        &Server::report_target_port_groups},
    CommandRow<Server>{{scsi::Opcode::maintenance_in, scsi::service_action::report_supported_operation_codes, 12,
        "REPORT SUPPORTED OPERATION CODES", {0xa3, 0x1f, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
        &Server::report_supported_operation_codes},
    CommandRow<Server>{{scsi::Opcode::maintenance_in,
        scsi::service_action::report_supported_task_management_functions, 12,
        "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", {0xa3, 0x1f, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
        &Server::report_supported_task_management_functions},
    CommandRow<Server>{{scsi::Opcode::maintenance_out, scsi::service_action::set_target_port_groups, 12,
        "SET TARGET PORT GROUPS", {0xa4, 0x1f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
        &Server::set_target_port_groups},
};
// clang-format on

template <class Server, std::size_t size>
void PrimaryDevice::dispatch(const CommandTable<Server, size>& table, Server& server, Command& command,
                             Reply&& reply) {
    if (!attentions_.empty() && refused_before_execution(command, reply)) return;
    const auto* row = table.find(command.cdb());
    if (!row || !offers(row->info))
        return std::move(reply)(scsi::Outcome::check(scsi::sense::invalid_operation_code));
    if (command.cdb().size() < row->info.length) {
        return std::move(reply)(scsi::Outcome::check(scsi::sense::invalid_field_in_cdb));
    }
    if (const auto unknown = row->unknown_bit(command)) {
        return std::move(reply)(scsi::Outcome::check(*unknown));
    }
    (server.*row->run)(command, std::move(reply));
}

}  // namespace tcmud::devices
