// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/primary_device.hpp"

#include <algorithm>
#include <utility>

#include "handler/scsi/target_port_groups.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_32;
using scsi::get_8;
using scsi::Opcode;
using scsi::Outcome;
using scsi::Sense;
using scsi::Writer;

namespace {

constexpr std::uint8_t control_mode_page = 0x0a;
constexpr std::size_t d_sense_byte = 2;
constexpr std::uint8_t d_sense = 0x04;
constexpr std::string_view for_configfs = "waiting for configfs";

bool is_ten_bytes(scsi::Bytes cdb) {
    return cdb.size() == 10;
}

}  // namespace

PrimaryDevice::PrimaryDevice(const Type& type, Host& host)
    : type_(type), host_(host), mode_pages_(type.mode_pages) {}

void PrimaryDevice::reset() {
    mode_pages_ = scsi::ModePages(type_.mode_pages);
    mode_pages_changed();
}

std::string_view PrimaryDevice::name_of(const Command& command) const {
    const auto cdb = command.cdb();
    for (const auto& info : type_.commands) {
        if (cdb.empty() || info.opcode != static_cast<Opcode>(get_8(cdb, 0))) continue;
        if (info.service_action == scsi::no_service_action ||
            (cdb.size() >= 2 && info.service_action == service_action_of(cdb)))
            return info.name;
    }
    return {};
}

void PrimaryDevice::mode_pages_changed() {
    const bool descriptors = (mode_pages_.current(control_mode_page, d_sense_byte) & d_sense) != 0;
    sense_format_ = descriptors ? scsi::SenseFormat::descriptor : scsi::SenseFormat::fixed;
}

Outcome PrimaryDevice::send(Command& command, const Writer& data, std::uint64_t allocation_length) {
    const auto length = std::min<std::uint64_t>(data.size(), allocation_length);
    return Outcome::good(copy_to(command.data(), ByteCount{0}, data.view().first(length)));
}

std::optional<std::vector<std::byte>> PrimaryDevice::parameter_list(const Command& command,
                                                                    std::size_t length) {
    if (length > raw(command.data_length)) return std::nullopt;
    std::vector<std::byte> list(length);
    copy_from(command.data(), ByteCount{0}, list);
    return list;
}

// SAM-5 5.14: all but these end with the oldest unit attention, unexecuted.
bool PrimaryDevice::refused_before_execution(const Command& command, Reply& reply) {
    // A predecessor has begun it, and had nothing to tell then.
    if (command.progress != Command::Progress::none) return false;
    const auto opcode = static_cast<Opcode>(get_8(command.cdb(), 0));
    if (opcode == Opcode::inquiry || opcode == Opcode::report_luns || opcode == Opcode::request_sense)
        return false;
    std::move(reply)(Outcome::check(*attentions_.take()));
    // Now: who is killed in between tells it again. (An answer that waits for older ones is not told yet.)
    state_changed();
    return true;
}

void PrimaryDevice::test_unit_ready(Command&, Reply reply) {
    const auto why_not = not_ready();
    std::move(reply)(why_not ? Outcome::check(*why_not) : Outcome::good());
}

// SPC-4 6.39: the sense data is this command's data, its status is GOOD.
void PrimaryDevice::request_sense(Command& command, Reply reply) {
    const bool descriptors = (get_8(command.cdb(), 1) & 0x01) != 0;
    auto sense = attentions_.take();
    const bool taken = sense.has_value();
    if (!sense) sense = in_progress();
    if (!sense) sense = not_ready();
    const auto bytes = scsi::encode(sense.value_or(scsi::sense::no_sense),
                                    descriptors ? scsi::SenseFormat::descriptor : scsi::SenseFormat::fixed);
    Writer data;
    data.bytes(scsi::Bytes(bytes).first(8u + get_8(bytes, 7)));
    std::move(reply)(send(command, data, get_8(command.cdb(), 4)));
    if (taken) state_changed();
}

void PrimaryDevice::inquiry(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const bool vital_product_data = (get_8(cdb, 1) & 0x01) != 0;
    const auto page = static_cast<scsi::VpdPage>(get_8(cdb, 2));
    const bool known = vital_product_data ? std::ranges::find(type_.vpd_pages, page) != type_.vpd_pages.end()
                                          : get_8(cdb, 2) == 0;
    if (!known) return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(2)));
    answer(std::move(reply), answer_inquiry(command));
}

Steps<Outcome> PrimaryDevice::answer_inquiry(Command& command) {
    co_await Io{[&](Completion done) { host_.fresh_identity(std::move(done)); }, for_configfs};
    co_return send(command, inquiry_data(command.cdb()), get_16(command.cdb(), 3));
}

Writer PrimaryDevice::inquiry_data(scsi::Bytes cdb) {
    const auto type = type_.inquiry.type;
    if ((get_8(cdb, 1) & 0x01) == 0) return scsi::standard_inquiry(identity(), type_.inquiry);
    switch (const auto page = static_cast<scsi::VpdPage>(get_8(cdb, 2))) {
        case scsi::VpdPage::supported_pages: return scsi::supported_pages(type, type_.vpd_pages);
        case scsi::VpdPage::unit_serial_number: return scsi::unit_serial_number(identity(), type);
        case scsi::VpdPage::device_identification:
            return scsi::device_identification(identity(), type_.inquiry, host_.identity().serial);
        case scsi::VpdPage::extended_inquiry: return scsi::extended_inquiry(type);
        default: return vpd_page(page);
    }
}

void PrimaryDevice::mode_sense(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    if (get_8(cdb, 2) >> 6 == static_cast<unsigned>(scsi::PageControl::saved)) {
        return std::move(reply)(Outcome::check(scsi::sense::saving_parameters_not_supported));
    }
    bool known = false;
    const auto data = mode_parameters(cdb, known);
    if (!known) return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(2, 5)));
    std::move(reply)(send(command, data, is_ten_bytes(cdb) ? get_16(cdb, 7) : get_8(cdb, 4)));
}

// SPC-4 7.5.5: header, block descriptor, pages.
Writer PrimaryDevice::mode_parameters(scsi::Bytes cdb, bool& known) const {
    const bool no_block_descriptor = (get_8(cdb, 1) & 0x08) != 0;
    const bool long_lba = is_ten_bytes(cdb) && (get_8(cdb, 1) & 0x10) != 0;
    const auto control = static_cast<scsi::PageControl>(get_8(cdb, 2) >> 6);
    Writer data;
    if (is_ten_bytes(cdb)) {
        data.u16(0).u8(medium_type()).u8(device_specific_parameter()).u8(long_lba ? 1 : 0).u8(0).u16(0);
    } else {
        data.u8(0).u8(medium_type()).u8(device_specific_parameter()).u8(0);
    }
    const auto header = data.size();
    if (!no_block_descriptor) append_block_descriptor(data, long_lba);
    const auto descriptor = data.size() - header;
    const auto page = static_cast<std::uint8_t>(get_8(cdb, 2) & 0x3f);
    // Page 00h is vendor specific. Tape drives send header and block descriptor for it, which is what Linux
    // asks for whenever a tape is opened.
    const bool descriptor_alone = page == 0 && type_.inquiry.type == scsi::DeviceType::tape;
    known = descriptor_alone || mode_pages_.append(data, page, get_8(cdb, 3), control);
    if (is_ten_bytes(cdb)) {
        data.set_16(6, descriptor);
        data.set_16(0, data.size() - 2);
    } else {
        data.set_8(3, descriptor);
        data.set_8(0, data.size() - 1);
    }
    return data;
}

void PrimaryDevice::mode_select(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const std::size_t length = is_ten_bytes(cdb) ? get_16(cdb, 7) : get_8(cdb, 4);
    if (length == 0) return std::move(reply)(Outcome::data_out_taken());
    const auto list = parameter_list(command, length);
    const std::size_t header = is_ten_bytes(cdb) ? 8 : 4;
    if (!list || list->size() < header) {
        return std::move(reply)(Outcome::check(scsi::sense::parameter_list_length_error));
    }
    const bool long_lba = is_ten_bytes(cdb) && (get_8(*list, 4) & 0x01) != 0;
    const std::size_t descriptor = is_ten_bytes(cdb) ? get_16(*list, 6) : get_8(*list, 3);
    if (header + descriptor > list->size()) {
        return std::move(reply)(Outcome::check(scsi::sense::parameter_list_length_error));
    }
    if (descriptor != 0 &&
        !accepts_block_descriptor(scsi::Bytes(*list).subspan(header, descriptor), long_lba)) {
        return std::move(reply)(Outcome::check(
            scsi::sense::invalid_field_in_parameter_list.in_parameters(static_cast<std::uint16_t>(header))));
    }
    const auto pages = header + descriptor;
    auto wanted = mode_pages_;
    if (const auto wrong = wanted.select(scsi::Bytes(*list).subspan(pages), pages)) {
        return std::move(reply)(Outcome::check(*wrong));
    }
    const ModeParameters parameters{get_8(*list, is_ten_bytes(cdb) ? 3 : 2),
                                    scsi::Bytes(*list).subspan(header, descriptor), wanted};
    if (const auto refused = refuse_mode_parameters(parameters)) {
        return std::move(reply)(Outcome::check(*refused));
    }
    mode_parameters_selected(parameters);
    mode_pages_ = std::move(wanted);
    mode_pages_changed();
    answer(std::move(reply), carry_out_mode_select());
}

Steps<Outcome> PrimaryDevice::carry_out_mode_select() {
    co_return Outcome::data_out_taken();
}

namespace {

using Seconds = std::uint32_t;

// SPC-4 6.36.4: no command has a nominal processing time to tell.
void append_timeouts(Writer& to, Seconds recommended) {
    to.u16(0x000a).u8(0).u8(0).u32(0).u32(recommended);
}

void append_command(Writer& data, const scsi::CommandInfo& info, std::optional<Seconds> timeout) {
    const bool has_action = info.service_action != scsi::no_service_action;
    data.u8(static_cast<unsigned>(info.opcode)).u8(0).u16(has_action ? info.service_action : 0);
    data.u8(0).u8((timeout ? 0x02u : 0u) | (has_action ? 0x01u : 0u)).u16(info.length);
    if (timeout) append_timeouts(data, *timeout);
}

Writer one_command(const scsi::CommandInfo* info, std::optional<Seconds> timeout) {
    constexpr unsigned not_supported = 1;
    constexpr unsigned as_the_standard_says = 3;
    Writer data;
    data.u8(0);
    if (!info) return std::move(data.u8(not_supported).u16(0));
    data.u8((timeout ? 0x80u : 0u) | as_the_standard_says).u16(info->length);
    for (std::size_t i = 0; i < info->length; ++i) data.u8(info->usage[i]);
    if (timeout) append_timeouts(data, *timeout);
    return data;
}

}  // namespace

// SPC-4 6.36
void PrimaryDevice::report_supported_operation_codes(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const bool timeouts = (get_8(cdb, 2) & 0x80) != 0;
    const unsigned options = get_8(cdb, 2) & 0x07;
    const auto opcode = static_cast<Opcode>(get_8(cdb, 3));
    const auto action = get_16(cdb, 4);
    const auto allocation = get_32(cdb, 6);
    const auto timeout = [&](const scsi::CommandInfo& info) {
        return timeouts ? std::optional(recommended_timeout(info)) : std::nullopt;
    };
    if (options == 0) {
        Writer data;
        data.u32(0);
        for (const auto& info : type_.commands) {
            if (offers(info)) append_command(data, info, timeout(info));
        }
        data.set_32(0, data.size() - 4);
        return std::move(reply)(send(command, data, allocation));
    }
    const auto of_opcode = std::ranges::find(type_.commands, opcode, &scsi::CommandInfo::opcode);
    const bool exists = of_opcode != type_.commands.end() && offers(*of_opcode);
    const bool has_actions = exists && of_opcode->service_action != scsi::no_service_action;
    const auto invalid = [&](std::uint16_t byte) {
        std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(byte)));
    };
    if (options > 3) return invalid(2);
    if (options == 1 && has_actions) return invalid(2);
    if (options == 2 && exists && !has_actions) return invalid(2);

    const scsi::CommandInfo* found = nullptr;
    for (const auto& info : type_.commands) {
        if (info.opcode != opcode || !exists) continue;
        // With option 3 a command without service actions is asked for by service action 0.
        if (!has_actions ? (options != 3 || action == 0) : info.service_action == action) found = &info;
    }
    std::move(reply)(send(command, one_command(found, found ? timeout(*found) : std::nullopt), allocation));
}

// SPC-4 6.37: the functions are the kernel's.
void PrimaryDevice::report_supported_task_management_functions(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    if (get_32(cdb, 6) < 4) {
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(6)));
    }
    constexpr unsigned abort_task = 0x80;
    constexpr unsigned logical_unit_reset = 0x08;
    constexpr unsigned target_reset = 0x02;
    Writer data;
    data.u8(abort_task | logical_unit_reset | target_reset).u8(0).u8(0);
    const bool extended = (get_8(cdb, 2) & 0x80) != 0;
    if (extended) {
        data.u8(0x0c).zeros(12);  // No timeouts to tell.
    } else {
        data.u8(0);
    }
    std::move(reply)(send(command, data, get_32(cdb, 6)));
}

void PrimaryDevice::report_target_port_groups(Command& command, Reply reply) {
    if (get_8(command.cdb(), 1) >> 5 > 1) {  // PARAMETER DATA FORMAT
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(1, 7)));
    }
    answer(std::move(reply), answer_target_port_groups(command));
}

Steps<Outcome> PrimaryDevice::answer_target_port_groups(Command& command) {
    co_await Io{[&](Completion done) { host_.fresh_identity(std::move(done)); }, for_configfs};
    const bool extended = get_8(command.cdb(), 1) >> 5 == 1;
    co_return send(command, scsi::report_target_port_groups(host_.identity().groups, extended),
                   get_32(command.cdb(), 6));
}

void PrimaryDevice::set_target_port_groups(Command& command, Reply reply) {
    const auto length = get_32(command.cdb(), 6);
    if (length == 0) return std::move(reply)(Outcome::data_out_taken());
    constexpr std::uint32_t longest_list = 65536;
    auto list = length > longest_list ? std::nullopt : parameter_list(command, length);
    if (!list) return std::move(reply)(Outcome::check(scsi::sense::parameter_list_length_error));
    answer(std::move(reply), change_target_port_groups(std::move(*list)));
}

Steps<Outcome> PrimaryDevice::change_target_port_groups(std::vector<std::byte> list) {
    co_await Io{[&](Completion done) { host_.fresh_identity(std::move(done)); }, for_configfs};
    const auto groups = host_.identity().groups;
    // Without a group that can be changed this is not a command of this device.
    if (std::ranges::none_of(groups, &scsi::TargetPortGroup::explicit_access)) {
        co_return Outcome::check(scsi::sense::invalid_operation_code);
    }
    const auto changes = scsi::parse_set_target_port_groups(list, groups);
    if (!changes) co_return Outcome::check(changes.error());
    for (const auto& change : *changes) {
        const auto result = co_await Io{
            [&](Completion done) { host_.set_access_state(change.group, change.state, std::move(done)); },
            for_configfs};
        if (result.status != IoStatus::ok)
            co_return Outcome::check(scsi::sense::set_target_port_groups_failed);
    }
    co_return Outcome::data_out_taken();
}

// SBC-3 5.12: a disk whose medium cannot be removed has nothing to prevent.
void PrimaryDevice::prevent_allow_medium_removal(Command&, Reply reply) {
    std::move(reply)(Outcome::good());
}

}  // namespace tcmud::devices
