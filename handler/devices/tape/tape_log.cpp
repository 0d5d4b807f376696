// SPDX-License-Identifier: Apache-2.0
// LOG SENSE and LOG SELECT: what a drive has counted (SSC-5 8.3).
#include <algorithm>
#include <array>

#include "handler/devices/tape/log_page.hpp"
#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_8;
using scsi::Outcome;
using scsi::Writer;

namespace {

namespace sense = scsi::sense;

constexpr std::uint64_t megabyte = 1'000'000;
constexpr std::uint64_t mib = 1024 * 1024;

enum TapeLog : std::uint8_t {
    supported_log_pages = 0x00,
    write_errors = 0x02,
    read_errors = 0x03,
    sequential_access = 0x0c,
    temperature = 0x0d,
    device_status = 0x11,
    alert_response = 0x12,
    device_statistics = 0x14,
    volume_statistics = 0x17,
    data_compression = 0x1b,
    tape_alert = 0x2e,
    tape_usage = 0x30,
    tape_capacity = 0x31,
    vendor_compression = 0x32,
};

constexpr std::array tape_logs{
    supported_log_pages, write_errors,   read_errors,       sequential_access,  temperature,
    device_status,       alert_response, device_statistics, volume_statistics,  data_compression,
    tape_alert,          tape_usage,     tape_capacity,     vendor_compression,
};

// In hundredths; without data there is none.
std::uint64_t ratio(ByteCount plain, ByteCount compressed) {
    return raw(compressed) == 0 ? 100 : std::min<std::uint64_t>(raw(plain) * 100 / raw(compressed), 0xffff);
}

LogPage compression_log(std::uint8_t code, const TapeStatistics& counts, bool enabled) {
    LogPage page(code);
    const auto split = [&](std::uint16_t parameter, ByteCount bytes) {
        page.number(parameter, raw(bytes) / mib, 4).number(parameter + 1u, raw(bytes) % mib, 4);
    };
    page.number(0x0000, ratio(counts.read, counts.fetched), 2);
    page.number(0x0001, ratio(counts.written, counts.stored), 2);
    split(0x0002, counts.read);
    split(0x0004, counts.fetched);
    split(0x0006, counts.written);
    split(0x0008, counts.stored);
    if (code == data_compression) page.number(0x0100, enabled ? 1 : 0, 1);
    return page;
}

LogPage errors_log(std::uint8_t code, ByteCount processed, std::uint32_t failures) {
    LogPage page(code);
    // Nothing is corrected: a block is as it was written, or it is lost.
    for (std::uint16_t corrected = 0; corrected <= 4; ++corrected) page.number(corrected, 0, 4);
    page.number(0x0005, raw(processed), 8).number(0x0006, failures, 4);
    return page;
}

// A record for each partition: its length, its number, and MB.
template <class Value>
Writer by_partition(const std::vector<TapePartition>& partitions, Value value) {
    Writer records;
    for (std::size_t i = 0; i < partitions.size(); ++i)
        records.u8(7).u8(0).u16(i).u32(std::min<std::uint64_t>(value(partitions[i]) / megabyte, 0xffffffff));
    return records;
}

std::uint64_t free_bytes(const TapePartition& partition) {
    return raw(partition.capacity) - std::min(raw(partition.capacity), raw(partition.used));
}

LogPage capacity_log(const std::vector<TapePartition>& partitions) {
    LogPage page(tape_capacity);
    const std::size_t count = std::max<std::size_t>(partitions.size(), 2);
    const auto at = [&](std::size_t i) { return i < partitions.size() ? partitions[i] : TapePartition{}; };
    for (std::size_t i = 0; i < 2; ++i)
        page.number(static_cast<std::uint16_t>(1 + i), free_bytes(at(i)) / mib, 4);
    for (std::size_t i = 0; i < 2; ++i)
        page.number(static_cast<std::uint16_t>(3 + i), raw(at(i).capacity) / mib, 4);
    // More than two: partition by partition, in the same order.
    for (std::size_t i = 2; i < count; ++i) {
        const auto code = static_cast<std::uint16_t>(1 + 2 * i);
        page.number(code, free_bytes(at(i)) / mib, 4).number(code + 1u, raw(at(i).capacity) / mib, 4);
    }
    return page;
}

}  // namespace

// What the loaded cartridge has counted since it was loaded.
TapeStatistics TapeDevice::since_load() const {
    TapeStatistics counts;
    if (!medium()) return counts;
    const auto& now = medium()->statistics;
    counts.written = now.written - std::min(at_load_.written, now.written);
    counts.read = now.read - std::min(at_load_.read, now.read);
    counts.stored = now.stored - std::min(at_load_.stored, now.stored);
    counts.fetched = now.fetched - std::min(at_load_.fetched, now.fetched);
    return counts;
}

LogPage TapeDevice::sequential_access_log() const {
    LogPage page(sequential_access);
    const auto counts = since_load();
    page.number(0x0000, raw(counts.written), 8).number(0x0001, raw(counts.stored), 8);
    page.number(0x0002, raw(counts.fetched), 8).number(0x0003, raw(counts.read), 8);
    if (medium() && where().partition < medium()->partitions.size()) {
        const auto& partition = medium()->partitions[where().partition];
        const auto capacity = raw(partition.capacity) / megabyte;
        const auto zone = raw(early_warning_zone()) / megabyte;
        page.number(0x0004, raw(partition.used) / megabyte, 4);  // From the beginning to the end of data.
        page.number(0x0005, capacity - zone, 4).number(0x0006, zone, 4);
        page.number(0x0007, raw(partition.before_head) / megabyte, 4);
    }
    page.number(0x0100, 0, 1);  // CLEANING REQUIRED
    return page;
}

// SSC-5 8.3.6, the very high frequency data.
LogPage TapeDevice::device_status_log() const {
    constexpr unsigned prevented = 0x80, accessible = 0x20, compresses = 0x10, protect = 0x08,
                       initialized = 0x01;
    constexpr unsigned present = 0x10, threaded = 0x02, mounted = 0x01;
    Writer data;
    const bool protects = (device_specific_parameter() & 0x80) != 0;
    data.u8((prevented_ ? prevented : 0) | accessible | (compression_ ? compresses : 0) |
            (protects ? protect : 0) | initialized);
    data.u8((backend_.occupied() ? present : 0) | (medium() ? threaded | mounted : 0));
    data.u8(0);  // No activity.
    data.u8(alerts_ != 0 ? 0x01 : 0x00);
    LogPage page(device_status);
    page.bytes(0x0000, data).number(0x0001, 1000, 2);
    return page;
}

LogPage TapeDevice::device_statistics_log() const {
    LogPage page(device_statistics);
    page.number(0x0000, loads_, 4).number(0x0001, 0, 4);
    page.number(0x0007, write_failures_, 4).number(0x0009, read_failures_, 4);
    page.text(0x0040, serial(), 32).number(0x0080, prevented_ ? 1 : 0, 1);
    return page;
}

LogPage TapeDevice::volume_statistics_log() const {
    LogPage page(volume_statistics);
    if (!medium()) return std::move(page.number(0x0000, 0, 1));
    const auto& in_drive = *medium();
    const auto& life = in_drive.statistics;
    const auto now = since_load();
    std::uint64_t capacity = 0, used = 0;
    for (const auto& partition : in_drive.partitions) {
        capacity += raw(partition.capacity);
        used += raw(partition.used);
    }
    page.number(0x0000, 1, 1).number(0x0001, life.loads, 4);
    page.number(0x0002, raw(life.written) / megabyte, 8).number(0x0003, 0, 4);
    page.number(0x0004, write_failures_, 2).number(0x0007, raw(life.read) / megabyte, 8);
    page.number(0x0008, 0, 4).number(0x0009, read_failures_, 2);
    page.number(0x000c, 0, 2).number(0x000d, 0, 2);
    page.number(0x000e, raw(now.written) / megabyte, 4).number(0x000f, raw(now.read) / megabyte, 4);
    page.number(0x0010, raw(life.written) / megabyte, 8).number(0x0011, raw(life.read) / megabyte, 8);
    page.number(0x0012, ratio(now.written, now.stored), 2).number(0x0013, ratio(now.read, now.fetched), 2);
    page.number(0x0016, capacity / megabyte, 4).number(0x0017, used / megabyte, 4);
    page.text(0x0040, in_drive.id, 32).text(0x0042, in_drive.barcode, 32).text(0x0043, "TCMUD", 8);
    const auto* density = find_tape_density(in_drive.density);
    page.text(0x0045, density ? density->description.substr(0, 9) : "", 9);
    page.number(0x0080, in_drive.write_protected ? 1 : 0, 1).number(0x0081, in_drive.worm ? 1 : 0, 1);
    page.number(0x0101, life.loads, 4).number(0x0102, life.loads, 4);
    page.bytes(0x0202, by_partition(in_drive.partitions, [](const auto& p) { return raw(p.capacity); }));
    page.bytes(0x0203, by_partition(in_drive.partitions, [](const auto& p) { return raw(p.used); }));
    page.bytes(0x0204, by_partition(in_drive.partitions, free_bytes));
    return page;
}

LogPage TapeDevice::usage_log() const {
    const auto life = medium() ? medium()->statistics : TapeStatistics{};
    LogPage page(tape_usage);
    page.number(0x0001, life.loads, 4).number(0x0002, raw(life.written) / megabyte, 8).number(0x0003, 0, 4);
    page.number(0x0004, write_failures_, 2).number(0x0005, 0, 2).number(0x0006, 0, 2);
    page.number(0x0007, raw(life.read) / megabyte, 8).number(0x0008, 0, 4).number(0x0009, read_failures_, 2);
    page.number(0x000a, 0, 2).number(0x000b, 0, 2);
    return page;
}

LogPage TapeDevice::alert_log() const {
    LogPage page(tape_alert);
    for (unsigned flag = 1; flag <= tape_alert_flags; ++flag)
        page.number(static_cast<std::uint16_t>(flag), (alerts_ & bit_of_flag(flag)) != 0 ? 1 : 0, 1);
    return page;
}

std::optional<LogPage> TapeDevice::log_page(std::uint8_t code) const {
    const auto counts = since_load();
    switch (code) {
        case write_errors: return errors_log(code, counts.written, write_failures_);
        case read_errors: return errors_log(code, counts.read, read_failures_);
        case sequential_access: return sequential_access_log();
        case temperature: return std::move(LogPage(code).number(0x0000, 30, 2).number(0x0001, 60, 2));
        case device_status: return device_status_log();
        case alert_response: return std::move(LogPage(code).number(0x0000, alerts_, 8));
        case device_statistics: return device_statistics_log();
        case volume_statistics: return volume_statistics_log();
        case data_compression:
        case vendor_compression: return compression_log(code, counts, compression_);
        case tape_alert: return alert_log();
        case tape_usage: return usage_log();
        case tape_capacity:
            return capacity_log(medium() ? medium()->partitions : std::vector<TapePartition>());
        default: return std::nullopt;
    }
}

Steps<Outcome> TapeDevice::log_sense(Command& command) {
    const auto cdb = command.cdb();
    const auto code = static_cast<std::uint8_t>(get_8(cdb, 2) & 0x3f);
    const auto pointer = get_16(cdb, 5);
    const auto allocation = get_16(cdb, 7);
    if (get_8(cdb, 3) != 0) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(3));
    if (code == supported_log_pages) {
        Writer list;
        list.u8(0).u8(0).u16(tape_logs.size());
        for (const auto supported : tape_logs) list.u8(supported);
        co_return send(command, list, allocation);
    }
    const auto page = log_page(code);
    if (!page) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(2, 5));
    if (!page->reaches(pointer)) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(5));
    const auto data = page->from(pointer);
    // SSC-5 8.3.3: reading the flags takes them down.
    if (code == tape_alert) alerts_ &= ~flags_told(pointer, std::min<std::uint64_t>(data.size(), allocation));
    co_return send(command, data, allocation);
}

// SPC-4 6.5. PCR: counting begins anew; there is nothing else that could be set.
Steps<Outcome> TapeDevice::log_select(Command& command) {
    const auto cdb = command.cdb();
    const bool reset_parameters = (get_8(cdb, 1) & 0x02) != 0;
    if (get_16(cdb, 7) != 0) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(7));
    if (reset_parameters) {
        alerts_ = 0;
        write_failures_ = read_failures_ = 0;
        if (medium()) at_load_ = medium()->statistics;
    }
    co_return Outcome::good();
}

}  // namespace tcmud::devices
