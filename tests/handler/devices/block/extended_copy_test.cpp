// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

scsi::Writer list(std::string_view serial, std::uint16_t blocks, std::uint64_t to) {
    scsi::Writer writer;
    writer.u8(1).u8(0).u16(32).u32(0).u32(28).u32(0);
    writer.u8(0xe4).u8(0).u16(0).u8(1).u8(3).u8(0).u8(16).bytes(scsi::naa_of(serial)).zeros(4).u8(0).u24(512);
    writer.u8(2).u8(0).u16(24).u16(0).u16(0).u16(0).u16(blocks).u64(0).u64(to);
    return writer;
}
Answer copy(Disk& disk, const scsi::Writer& list) {
    const auto data = list.view();
    return disk.send({0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<unsigned>(data.size()), 0, 0},
                     {data.begin(), data.end()});
}

}  // namespace

TEST_CASE("EXTENDED COPY copies between disks that the host finds") {
    Disk disk;
    CHECK(good(copy(disk, list("0123456789abcdef", 100, 100))));
}

TEST_CASE("EXTENDED COPY: a disk that the host does not find cannot be reached") {
    Disk disk;
    CHECK(copy(disk, list("ffffffff", 1, 0)).sense.key == scsi::SenseKey::copy_aborted);
}

TEST_CASE("EXTENDED COPY: a segment beyond an end is refused") {
    Disk disk;
    CHECK_FALSE(good(copy(disk, list("0123456789abcdef", 100, raw(Host::peer_capacity) - 50))));
}

TEST_CASE("EXTENDED COPY: a list that is cut short is refused") {
    Disk disk;
    const auto whole = list("0123456789abcdef", 1, 0);
    const auto answer = disk.send({0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0},
                                  {whole.view().begin(), whole.view().begin() + 20});
    CHECK(answer.sense == sense::parameter_list_length_error);
    CHECK(good(disk.send({0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
}

TEST_CASE("RECEIVE COPY RESULTS: the parameters, cut to the ALLOCATION LENGTH") {
    Disk disk;
    CHECK(disk.send({0x84, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0}, filled(8, 0)).data_length == 8);
}
