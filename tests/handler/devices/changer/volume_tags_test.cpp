// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;
using Log = std::vector<std::string>;

namespace {

// VOLUME IDENTIFICATION TEMPLATE, MINIMUM and MAXIMUM VOLUME SEQUENCE NUMBER.
Bytes list_of(std::string_view identification, unsigned lowest = 0, unsigned highest = 0xffff) {
    Bytes list;
    for (const char c : identification) list.push_back(static_cast<std::byte>(c));
    list.resize(32, std::byte{' '});
    for (const auto byte : bytes({0, 0, lowest >> 8, lowest & 0xff, 0, 0, highest >> 8, highest & 0xff}))
        list.push_back(byte);
    return list;
}

Answer send_tag(Changer& changer, unsigned action, unsigned element, Bytes list) {
    const auto length = static_cast<unsigned>(list.size());
    return changer.send(
        bytes({0xb6, 0, element >> 8, element & 0xff, 0, action, 0, 0, length >> 8, length & 0xff, 0, 0}),
        list);
}

// Of all types, from address 0 on.
Bytes found(Changer& changer) {
    return changer.read({0xb5, 0x00, 0, 0, 0xff, 0xff, 0, 0, 4, 0, 0, 0});
}

}  // namespace

TEST_CASE("a search finds elements by the barcodes in them") {
    Changer changer;
    REQUIRE(good(send_tag(changer, 0x00, 0, list_of("A*"))));
    const auto report = found(changer);
    REQUIRE(report.size() == 8 + 8 + 2 * 16);
    CHECK(Bytes(report.begin(), report.begin() + 8) == bytes({0x10, 0x00, 0, 2, 0, 0, 0, 40}));
    REQUIRE(good(send_tag(changer, 0x05, 0, list_of("?00001L8"))));
    const auto other = found(changer);
    // FIRST ELEMENT ADDRESS REPORTED, NUMBER, SEND ACTION CODE
    CHECK(Bytes(other.begin(), other.begin() + 5) == bytes({0x00, 0x10, 0, 2, 0x05}));
}

TEST_CASE("a search by volume sequence numbers knows only number 0") {
    Changer changer;
    REQUIRE(good(send_tag(changer, 0x04, 0, list_of("A*", 1, 5))));
    CHECK(found(changer) == bytes({0, 0, 0, 0, 0x04, 0, 0, 0}));
}

TEST_CASE("a search begins at an element, and is of one type") {
    Changer changer;
    REQUIRE(good(send_tag(changer, 0x00, 0x1001, list_of("*"))));
    CHECK(found(changer)[3] == std::byte{1});
    REQUIRE(good(changer.send(bytes({0xb6, 0x03, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0}), list_of("*"))));
    CHECK(found(changer)[1] == std::byte{0x10});
}

TEST_CASE("without a search nothing is found") {
    Changer changer;
    CHECK(found(changer) == filled(8, 0));
}

TEST_CASE("a barcode is replaced and removed, as the ch driver asks for it") {
    Changer changer;
    auto list = list_of("N00001L8");
    list.resize(255);
    CHECK(good(send_tag(changer, 0x0a, 0x1000, list)));
    CHECK(changer.backend.at(0x1000).barcode == "N00001L8");
    CHECK(good(send_tag(changer, 0x0c, 0x1000, filled(255, 0))));
    CHECK(changer.backend.at(0x1000).barcode.empty());
    CHECK(changer.backend.log == Log{"barcode 1000 N00001L8", "barcode 1000 "});
}

TEST_CASE("a barcode is given to a cartridge that has none") {
    Changer changer;
    CHECK(send_tag(changer, 0x08, 0x1000, list_of("N00001L8")).sense ==
          sense::invalid_field_in_cdb.in_cdb(5, 4));
    REQUIRE(good(send_tag(changer, 0x0c, 0x1000, {})));
    CHECK(good(send_tag(changer, 0x08, 0x1000, list_of("N00001L8"))));
    // Once more, as after a kill.
    CHECK(good(send_tag(changer, 0x08, 0x1000, list_of("N00001L8"))));
}

TEST_CASE("a barcode needs a cartridge, and letters that a label can have") {
    Changer changer;
    CHECK(send_tag(changer, 0x0a, 0x1003, list_of("N1")).sense == sense::medium_source_empty);
    CHECK(send_tag(changer, 0x0a, 0x2000, list_of("N1")).sense == sense::invalid_element_address);
    CHECK(send_tag(changer, 0x0a, 0x1000, list_of("N 1")).sense ==
          sense::invalid_field_in_parameter_list.in_parameters(0));
    changer.backend.fail_next = MoveStatus::barcode_taken;
    CHECK(send_tag(changer, 0x0a, 0x1000, list_of("A00002L8")).sense ==
          sense::invalid_field_in_parameter_list);
}

TEST_CASE("alternate volume tags and short lists are refused") {
    Changer changer;
    for (const unsigned action : {0x02u, 0x03u, 0x06u, 0x09u, 0x0bu, 0x0du, 0x1fu})
        CHECK(send_tag(changer, action, 0x1000, list_of("A*")).sense ==
              sense::invalid_field_in_cdb.in_cdb(5, 4));
    CHECK(send_tag(changer, 0x00, 0, filled(39, 0x20)).sense == sense::parameter_list_length_error);
    CHECK(changer.send(bytes({0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0}), filled(20, 0)).sense ==
          sense::parameter_list_length_error);
}
