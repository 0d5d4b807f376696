// SPDX-License-Identifier: Apache-2.0
// READ ATTRIBUTE and WRITE ATTRIBUTE of a drive, and what the drive itself knows of a cartridge.
#include <algorithm>
#include <map>

#include "handler/devices/tape/attributes.hpp"
#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_32;
using scsi::get_8;
using scsi::Outcome;
using scsi::Writer;

namespace {

namespace sense = scsi::sense;

constexpr std::uint64_t mebibyte = 1024 * 1024;

std::size_t attribute_bytes(const std::vector<TapeAttribute>& attributes) {
    std::size_t sum = 0;
    for (const auto& attribute : attributes) sum += attribute.value.size();
    return sum;
}

// The value of an attribute that is the drive's or the medium's.
class AttributeValue {
public:
    explicit AttributeValue(const AttributeInfo& info) : info_(info) {}
    TapeAttribute number(std::uint64_t value) const {
        TapeAttribute attribute{info_.id, info_.format, std::vector<std::byte>(info_.length)};
        for (std::size_t i = info_.length; i-- > 0; value >>= 8)
            attribute.value[i] = static_cast<std::byte>(value & 0xff);
        return attribute;
    }
    TapeAttribute ascii(std::string_view text) const {
        Writer padded;
        padded.padded_text(text, info_.length);
        return {info_.id, info_.format, {padded.view().begin(), padded.view().end()}};
    }

private:
    const AttributeInfo& info_;
};

}  // namespace

TapeAttribute TapeDevice::attribute_of(const AttributeInfo& info, std::uint32_t partition) const {
    const AttributeValue value(info);
    const auto& in_drive = *medium();
    const auto& part = in_drive.partitions[partition];
    const auto& counts = in_drive.statistics;
    const auto free = raw(part.capacity) - std::min(raw(part.capacity), raw(part.used));
    const auto drive = [&](std::size_t i) {
        std::string text(personality_.model(backend_.maker()).vendor);
        text.resize(8, ' ');
        return value.ascii(counts.drives[i].empty() ? std::string() : text + counts.drives[i]);
    };
    switch (info.id) {
        case 0x0000: return value.number(free / mebibyte);
        case 0x0001: return value.number(raw(part.capacity) / mebibyte);
        case 0x0002: return value.number(alerts_);
        case 0x0003: return value.number(counts.loads);
        case 0x0004: {
            const auto used = attribute_bytes(backend_.attributes(partition));
            return value.number(attribute_space - std::min(attribute_space, used));
        }
        case 0x0005:
        case 0x0404: return value.ascii("LTO-CVE");
        case 0x0006:
        case 0x0405: return value.number(in_drive.density);
        case 0x0007: return value.number(1);
        case 0x0009: return value.number(in_drive.change_reference);
        case 0x020a: return drive(0);
        case 0x020b: return drive(1);
        case 0x020c: return drive(2);
        case 0x020d: return drive(3);
        case 0x0220: return value.number(raw(counts.written) / mebibyte);
        case 0x0221: return value.number(raw(counts.read) / mebibyte);
        case 0x0222: return value.number(raw(since_load().written) / mebibyte);
        case 0x0223: return value.number(raw(since_load().read) / mebibyte);
        case 0x0400: return value.ascii("TCMUD");
        case 0x0401: return value.ascii(in_drive.id);
        case 0x0402: return value.number(960);
        case 0x0403: return value.number(127);
        case 0x0406: return value.ascii("20260101");
        case 0x0407: return value.number(attribute_space);
        case 0x0408: return value.number(in_drive.worm ? 0x80 : 0x00);
        default: return value.number(0);
    }
}

std::vector<TapeAttribute> TapeDevice::attributes_of(std::uint32_t partition) const {
    std::vector<TapeAttribute> all;
    for (const auto& info : attribute_infos()) {
        if (info.owner != AttributeOwner::host) all.push_back(attribute_of(info, partition));
    }
    const auto& hosts = backend_.attributes(partition);
    all.insert(all.end(), hosts.begin(), hosts.end());
    std::ranges::sort(all, {}, &TapeAttribute::id);
    return all;
}

// SPC-5 6.17
Steps<Outcome> TapeDevice::read_attribute(Command& command) {
    enum Action : unsigned { values = 0, list = 1, volumes = 2, partitions = 3, supported = 5 };
    const auto cdb = command.cdb();
    const std::uint32_t partition = get_8(cdb, 7);
    const auto first = get_16(cdb, 8);
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    if (get_8(cdb, 5) != 0) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(5));
    if (partition >= medium()->partitions.size())
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(7));
    Writer data;
    switch (get_8(cdb, 1) & 0x1f) {
        case values: {
            const auto all = attributes_of(partition);
            if (std::ranges::find(all, first, &TapeAttribute::id) == all.end())
                co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(8));
            data.u32(0);
            for (const auto& attribute : all) {
                if (attribute.id >= first) append_attribute(data, attribute);
            }
            data.set_32(0, data.size() - 4);
            break;
        }
        case list:
            data.u32(0);
            for (const auto& attribute : attributes_of(partition)) data.u16(attribute.id);
            data.set_32(0, data.size() - 4);
            break;
        case volumes: data.u16(2).u8(0).u8(1); break;
        case partitions: data.u16(2).u8(0).u8(static_cast<unsigned>(medium()->partitions.size())); break;
        case supported:
            data.u32(0);
            for (const auto& info : attribute_infos()) data.u16(info.id);
            data.set_32(0, data.size() - 4);
            break;
        default: co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 4));
    }
    co_return send(command, data, get_32(cdb, 10));
}

// SPC-5 6.50
Steps<Outcome> TapeDevice::write_attribute(Command& command) {
    const auto cdb = command.cdb();
    const std::uint32_t partition = get_8(cdb, 7);
    const auto length = get_32(cdb, 10);
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    if (get_8(cdb, 5) != 0) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(5));
    if (partition >= medium()->partitions.size())
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(7));
    if (length == 0) co_return Outcome::data_out_taken();
    constexpr std::uint32_t longest_list = 64 * 1024;
    const auto list = length > longest_list ? std::nullopt : parameter_list(command, length);
    if (!list) co_return Outcome::check(sense::parameter_list_length_error);
    auto wanted = parse_attributes(*list);
    if (wanted.wrong) co_return Outcome::check(*wanted.wrong);
    if (medium()->write_protected) co_return write_refused(sense::write_protected);
    if (!have_room(wanted.attributes, partition)) co_return Outcome::check(sense::insufficient_resources);
    const auto result = co_await TapeIo{[&](TapeResult& r, Completion done) {
        backend_.set_attributes(partition, std::move(wanted.attributes), r, std::move(done));
    }};
    co_return result.status == TapeStatus::ok ? Outcome::data_out_taken() : write_failed(result.status, 0);
}

bool TapeDevice::have_room(const std::vector<TapeAttribute>& wanted, std::uint32_t partition) const {
    std::map<std::uint16_t, std::size_t> sizes;
    for (const auto& attribute : backend_.attributes(partition)) sizes[attribute.id] = attribute.value.size();
    for (const auto& attribute : wanted) sizes[attribute.id] = attribute.value.size();
    std::size_t sum = 0;
    for (const auto& [id, size] : sizes) sum += size;
    return sum <= attribute_space;
}

}  // namespace tcmud::devices
