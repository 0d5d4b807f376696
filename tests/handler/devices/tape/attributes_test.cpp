// SPDX-License-Identifier: Apache-2.0
// Parameter lists of WRITE ATTRIBUTE.
#include "handler/devices/tape/attributes.hpp"

#include <catch2/catch.hpp>

#include "tests/support/disk.hpp"

using namespace tcmud;
using namespace tcmud::devices;
using tcmud::test::bytes;

namespace {

namespace sense = scsi::sense;

test::Bytes list_of(test::Bytes attributes) {
    test::Bytes list = bytes({0, 0, 0, static_cast<unsigned>(attributes.size())});
    list.insert(list.end(), attributes.begin(), attributes.end());
    return list;
}

}  // namespace

TEST_CASE("attributes with their formats and values") {
    const auto wanted = parse_attributes(
        list_of(bytes({0x08, 0x05, 0x00, 0, 1, 0x81, 0x08, 0x02, 0x01, 0, 3, '1', '.', '0'})));
    REQUIRE_FALSE(wanted.wrong);
    REQUIRE(wanted.attributes.size() == 2);
    CHECK(wanted.attributes[0] == TapeAttribute{0x0805, 0, bytes({0x81})});
    CHECK(wanted.attributes[1] == TapeAttribute{0x0802, 1, bytes({'1', '.', '0'})});
}

TEST_CASE("a length of zero removes one, of any format") {
    const auto wanted = parse_attributes(list_of(bytes({0x08, 0x03, 0x00, 0, 0})));
    REQUIRE_FALSE(wanted.wrong);
    CHECK(wanted.attributes[0].value.empty());
}

TEST_CASE("vendor specific ones are taken as they come") {
    CHECK_FALSE(parse_attributes(list_of(bytes({0x16, 0x23, 0x00, 0, 1, 0x01}))).wrong);
    CHECK_FALSE(parse_attributes(list_of(bytes({0x1f, 0xff, 0x02, 0, 1, 0x01}))).wrong);
    CHECK(parse_attributes(list_of(bytes({0x20, 0x00, 0x00, 0, 1, 0x01}))).wrong);
}

TEST_CASE("what is the drive's, unknown, too long, or of another format is refused, with a pointer to it") {
    const auto invalid = sense::invalid_field_in_parameter_list.in_parameters(4);
    CHECK(*parse_attributes(list_of(bytes({0x00, 0x03, 0x00, 0, 1, 1}))).wrong == invalid);
    CHECK(*parse_attributes(list_of(bytes({0x04, 0x00, 0x01, 0, 1, 1}))).wrong == invalid);
    CHECK(*parse_attributes(list_of(bytes({0x08, 0x99, 0x00, 0, 1, 1}))).wrong == invalid);
    CHECK(*parse_attributes(list_of(bytes({0x08, 0x05, 0x00, 0, 2, 1, 1}))).wrong == invalid);
    CHECK(*parse_attributes(list_of(bytes({0x08, 0x02, 0x00, 0, 1, 1}))).wrong == invalid);
    CHECK(*parse_attributes(list_of(bytes({0x08, 0x05, 0x00, 0, 1, 1, 0, 3, 0, 0, 1, 1}))).wrong ==
          sense::invalid_field_in_parameter_list.in_parameters(10));
}

TEST_CASE("a list that is cut, or says another length than it has, is refused") {
    CHECK(*parse_attributes(bytes({0, 0, 0})).wrong == sense::parameter_list_length_error);
    CHECK(*parse_attributes(bytes({0, 0, 0, 6, 8, 5, 0, 0, 1})).wrong == sense::parameter_list_length_error);
    CHECK(*parse_attributes(list_of(bytes({8, 5, 0, 0}))).wrong == sense::parameter_list_length_error);
    CHECK(*parse_attributes(list_of(bytes({8, 5, 0, 0, 9, 1}))).wrong == sense::parameter_list_length_error);
}

TEST_CASE("an attribute that initiators cannot write says so") {
    scsi::Writer to;
    append_attribute(to, {0x0003, 0, bytes({1})});
    append_attribute(to, {0x0802, 1, bytes({'2'})});
    const auto expected = bytes({0x00, 0x03, 0x80, 0, 1, 1, 0x08, 0x02, 0x01, 0, 1, '2'});
    CHECK(std::ranges::equal(to.view(), expected));
}
