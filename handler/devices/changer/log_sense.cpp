// SPDX-License-Identifier: Apache-2.0
// LOG SENSE of a changer (SPC-4 6.8, SMC-3 7.2): a library of files is never hot and never out of order.
#include <algorithm>

#include "handler/devices/changer/changer_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_8;
using scsi::Outcome;
using scsi::Writer;

namespace {

constexpr std::uint8_t supported_page = 0x00, temperature_page = 0x0d, tape_alert_page = 0x2e;
constexpr std::array changer_log_pages{supported_page, temperature_page, tape_alert_page};
constexpr unsigned alert_flags = 64;

// From PARAMETER POINTER on.
void append_log_parameters(Writer& to, std::uint8_t page, std::uint16_t from) {
    constexpr unsigned binary_list = 0x03;  // FORMAT AND LINKING
    if (page == supported_page) {
        for (const auto each : changer_log_pages) to.u8(each);
    } else if (page == temperature_page) {
        constexpr unsigned unknown = 0xff;
        for (unsigned code = from; code <= 1; ++code) to.u16(code).u8(binary_list).u8(2).u8(0).u8(unknown);
    } else {
        for (unsigned code = std::max<unsigned>(from, 1); code <= alert_flags; ++code)
            to.u16(code).u8(binary_list).u8(1).u8(0);
    }
}

unsigned last_log_parameter(std::uint8_t page) {
    return page == tape_alert_page ? alert_flags : page == temperature_page ? 1 : 0;
}

}  // namespace

void ChangerDevice::log_sense(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const std::uint8_t page = get_8(cdb, 2) & 0x3f;
    const auto from = get_16(cdb, 5);
    if (std::ranges::find(changer_log_pages, page) == changer_log_pages.end())
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(2, 5)));
    if (get_8(cdb, 3) != 0)
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(3)));
    if (from > last_log_parameter(page))
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb_byte(5)));
    Writer data;
    data.u8(page).u8(0).u16(0);
    append_log_parameters(data, page, from);
    data.set_16(2, data.size() - 4);
    std::move(reply)(send(command, data, get_16(cdb, 7)));
}

}  // namespace tcmud::devices
