// SPDX-License-Identifier: Apache-2.0
// Self-test, buffers and clock: little, but software for tapes asks.
#include <chrono>

#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_24;
using scsi::get_32;
using scsi::get_8;
using scsi::Outcome;
using scsi::Writer;

namespace {

namespace sense = scsi::sense;

std::int64_t milliseconds_now() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

// SPC-4 6.42: there are no diagnostic pages to be sent; every self-test is passed.
Steps<Outcome> TapeDevice::send_diagnostic(Command& command) {
    const bool pages = get_16(command.cdb(), 3) != 0;
    co_return pages ? Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(3)) : Outcome::good();
}

Steps<Outcome> TapeDevice::receive_diagnostic_results(Command& command) {
    const auto cdb = command.cdb();
    if (get_8(cdb, 2) != 0) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(2));
    Writer supported;
    supported.u8(0).u8(0).u16(1).u8(0);
    co_return send(command, supported, get_16(cdb, 3));
}

// SPC-4 6.18: buffers of no bytes. LTFS looks for a drive's dump in them.
Steps<Outcome> TapeDevice::read_buffer(Command& command) {
    enum Mode : unsigned { header_and_data = 0, data = 2, descriptor = 3 };
    const auto cdb = command.cdb();
    Writer nothing;
    switch (get_8(cdb, 1) & 0x1f) {
        case header_and_data:
        case descriptor: nothing.zeros(4); break;
        case data: break;
        default: co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 4));
    }
    co_return send(command, nothing, get_24(cdb, 6));
}

Steps<Outcome> TapeDevice::write_buffer(Command& command) {
    const bool nothing = get_24(command.cdb(), 6) == 0;
    co_return nothing ? Outcome::data_out_taken()
                      : Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(6));
}

// SPC-4 6.35. Without SET TIMESTAMP it is the machine's clock.
Steps<Outcome> TapeDevice::report_timestamp(Command& command) {
    constexpr unsigned by_command = 2, otherwise = 3;
    const auto now = static_cast<std::uint64_t>(milliseconds_now() + clock_offset_ms_);
    Writer data;
    data.u16(10).u8(clock_offset_ms_ != 0 ? by_command : otherwise).u8(0);
    data.u16(now >> 32 & 0xffff).u32(now & 0xffffffff).u16(0);
    co_return send(command, data, get_32(command.cdb(), 6));
}

Steps<Outcome> TapeDevice::set_timestamp(Command& command) {
    constexpr std::uint32_t size = 12;
    const auto length = get_32(command.cdb(), 6);
    if (length == 0) co_return Outcome::data_out_taken();
    const auto list = length == size ? parameter_list(command, size) : std::nullopt;
    if (!list) co_return Outcome::check(sense::parameter_list_length_error);
    const auto wanted = static_cast<std::int64_t>(scsi::get_big_endian<6>(*list, 4));
    clock_offset_ms_ = wanted - milliseconds_now();
    co_return Outcome::data_out_taken();
}

}  // namespace tcmud::devices
