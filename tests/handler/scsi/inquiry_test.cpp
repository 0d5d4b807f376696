// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/inquiry.hpp"

#include <array>
#include <map>

#include <catch2/catch.hpp>

using namespace tcmud::scsi;

namespace {

std::string text(Bytes bytes, std::size_t at, std::size_t length) {
    return {reinterpret_cast<const char*>(bytes.data()) + at, length};
}

Identity identity() {
    Identity identity;
    identity.serial = "0123456789abcdef";
    identity.config = "file//srv/disk.img";
    return identity;
}

Writer identification(const Identity& identity, const InquiryTraits& traits = {}) {
    return device_identification(identity, traits, identity.serial);
}

// DESIGNATOR TYPE with association -> designator.
std::map<unsigned, std::string> designators(Bytes page) {
    std::map<unsigned, std::string> found;
    for (std::size_t at = 4; at < page.size(); at += 4u + get_8(page, at + 3)) {
        REQUIRE(at + 4 + get_8(page, at + 3) <= page.size());
        found[get_8(page, at + 1)] = text(page, at + 4, get_8(page, at + 3));
    }
    return found;
}

}  // namespace

TEST_CASE("standard INQUIRY data are 96 bytes with who it is") {
    static constexpr std::array<std::uint16_t, 2> versions{0x04c0, 0x0460};
    const auto data =
        standard_inquiry(identity(), {.third_party_copy = true, .version_descriptors = versions});
    const auto bytes = data.view();
    REQUIRE(bytes.size() == 96);
    CHECK(get_8(bytes, 0) == 0x00);
    CHECK(get_8(bytes, 1) == 0x00);
    CHECK(get_8(bytes, 4) == 91);
    CHECK((get_8(bytes, 5) & 0x08) != 0);
    CHECK(text(bytes, 8, 28) == "LIO-ORG TCMU device     0002");
    CHECK(get_16(bytes, 58) == 0x04c0);
    CHECK(get_16(bytes, 60) == 0x0460);
}

TEST_CASE("standard INQUIRY data tell the kinds of target port groups that there are") {
    auto with_groups = identity();
    with_groups.groups = {{.implicit_access = true}, {.explicit_access = true}};
    CHECK((get_8(standard_inquiry(with_groups, {}).view(), 5) >> 4 & 3) == 3);
    CHECK((get_8(standard_inquiry(identity(), {}).view(), 5) >> 4 & 3) == 0);
}

TEST_CASE("a VPD page says its number and its length") {
    const std::array pages{VpdPage::supported_pages, VpdPage::unit_serial_number};
    const auto data = supported_pages(DeviceType::disk, pages);
    CHECK(get_32(data.view(), 0) == 0x0000'0002);
    CHECK(get_16(data.view(), 4) == 0x0080);
    const auto serial = unit_serial_number(identity(), DeviceType::disk);
    CHECK(get_32(serial.view(), 0) == 0x0080'0010);
    CHECK(text(serial.view(), 4, 16) == "0123456789abcdef");
}

TEST_CASE("device identification has the designators that tcmu-runner gives") {
    const auto data = identification(identity());
    CHECK(get_16(data.view(), 2) == data.size() - 4);
    const auto found = designators(data.view());
    CHECK(found.size() == 3);
    CHECK(found.at(0x01) == std::string("LIO-ORG 0123456789abcdef\0", 25));
    CHECK(found.at(0x03).size() == 16);
    CHECK(found.at(0x00) == std::string("file//srv/disk.img\0", 19));
}

TEST_CASE("a drive is named with its product, as a changer names it") {
    auto drive = identity();
    drive.vendor = "IBM";
    drive.product = "ULT3580-TD8";
    drive.serial = "1168001234";
    const auto found = designators(identification(drive, {.product_in_designator = true}).view());
    CHECK(found.at(0x01) == "IBM     ULT3580-TD8     1168001234");
    CHECK(found.at(0x01) == t10_vendor_id(drive));
}

TEST_CASE("a long serial is cut to what a designator can hold") {
    auto long_one = identity();
    long_one.serial = std::string(253, 'a');
    CHECK(designators(identification(long_one).view()).at(0x01).size() == 255);
}

TEST_CASE("a long cfgstring is cut to what a designator can hold") {
    auto long_one = identity();
    long_one.config = std::string(400, 'x');
    CHECK(designators(identification(long_one).view()).at(0x00).size() == 255);
    long_one.config.clear();
    CHECK_FALSE(designators(identification(long_one).view()).contains(0x00));
}

TEST_CASE("the port is told where there is only one that a command can have come by") {
    auto one = identity();
    one.groups = {{.id = 5, .relative_ports = {2}}};
    auto found = designators(identification(one).view());
    CHECK(found.at(0x14) == std::string("\0\0\0\2", 4));
    CHECK(found.at(0x15) == std::string("\0\0\0\5", 4));
    one.groups[0].relative_ports = {2, 3};
    found = designators(identification(one).view());
    CHECK_FALSE(found.contains(0x14));
}

TEST_CASE("extended INQUIRY data have 64 bytes and claim no protection information") {
    const auto data = extended_inquiry(DeviceType::disk);
    CHECK(data.size() == 64);
    CHECK(get_8(data.view(), 4) == 0);
    CHECK(get_8(data.view(), 5) == 0x07);
}
