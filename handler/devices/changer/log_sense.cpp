// SPDX-License-Identifier: Apache-2.0
// LOG SENSE of a changer (SPC-4 6.8, SMC-3 7.2): a library of files is never hot.
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

// From PARAMETER POINTER on.
void append_log_parameters(Writer& to, std::uint8_t page, std::uint16_t from, std::uint64_t alerts) {
    constexpr unsigned binary_list = 0x03;  // FORMAT AND LINKING
    if (page == supported_page) {
        for (const auto each : changer_log_pages) to.u8(each);
    } else if (page == temperature_page) {
        constexpr unsigned unknown = 0xff;
        for (unsigned code = from; code <= 1; ++code) to.u16(code).u8(binary_list).u8(2).u8(0).u8(unknown);
    } else {
        for (unsigned code = std::max<unsigned>(from, 1); code <= tape_alert_flags; ++code)
            to.u16(code).u8(binary_list).u8(1).u8((alerts & bit_of_flag(code)) != 0 ? 1 : 0);
    }
}

unsigned last_log_parameter(std::uint8_t page) {
    return page == tape_alert_page ? tape_alert_flags : page == temperature_page ? 1 : 0;
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
    append_log_parameters(data, page, from, alerts_);
    const auto allocation = get_16(cdb, 7);
    // As of drives (SSC-5 8.3.3), reading the flags takes them down.
    if (page == tape_alert_page)
        alerts_ &= ~flags_told(from, std::min<std::uint64_t>(data.size(), allocation));
    data.set_16(2, data.size() - 4);
    std::move(reply)(send(command, data, allocation));
}

}  // namespace tcmud::devices
