// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/netlink.hpp"

#include <cerrno>
#include <initializer_list>

#include <catch2/catch.hpp>

#include "tests/handler/guard/machine.hpp"

using namespace tcmud::guard;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<int> values) {
    Bytes result;
    for (const int value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}

}  // namespace

TEST_CASE("the family is asked for by its name") {
    CHECK(encode_family_request() == bytes({
                                         36,  0,   0,   0,                      // length
                                         16,  0,                                // GENL_ID_CTRL
                                         1,   0,                                // NLM_F_REQUEST
                                         0,   0,   0,   0,   0,   0,   0,   0,  // sequence, port
                                         3,   1,   0,   0,                      // CTRL_CMD_GETFAMILY, version
                                         13,  0,   2,   0,                      // CTRL_ATTR_FAMILY_NAME
                                         'T', 'C', 'M', '-', 'U', 'S', 'E', 'R', 0,  //
                                         0,   0,   0,                                // padding
                                     }));
}

TEST_CASE("answers are switched off by SET_FEATURES, to be acknowledged") {
    CHECK(encode_no_answers(0x1d) == bytes({
                                         28,   0, 0, 0,              // length
                                         0x1d, 0,                    // the family
                                         5,    0,                    // NLM_F_REQUEST, NLM_F_ACK
                                         0,    0, 0, 0, 0, 0, 0, 0,  // sequence, port
                                         7,    2, 0, 0,              // SET_FEATURES, version
                                         5,    0, 9, 0,              // SUPP_KERN_CMD_REPLY
                                         0,                          // no
                                         0,    0, 0,                 // padding
                                     }));
}

TEST_CASE("the family's number and its group are found") {
    const auto answer = bytes({
        68, 0, 0, 0,    16,   0,   0,   0,   0,   0,   0, 0, 0, 0, 0, 0,  // header
        1,  2, 0, 0,                                                      // CTRL_CMD_NEWFAMILY
        6,  0, 1, 0,    0x1d, 0,   0,   0,                                // CTRL_ATTR_FAMILY_ID
        8,  0, 3, 0,    2,    0,   0,   0,                                // CTRL_ATTR_VERSION
        32, 0, 7, 0x80,                                                   // CTRL_ATTR_MCAST_GROUPS, nested
        28, 0, 1, 0x80,                                                   // the first
        8,  0, 2, 0,    6,    0,   0,   0,                                // its number
        11, 0, 1, 0,    'c',  'o', 'n', 'f', 'i', 'g', 0, 0,              // its name
        0,  0, 0, 0,                                                      // what is no attribute
    });
    const auto family = decode_family(answer);
    REQUIRE(family);
    CHECK(family->id == 0x1d);
    CHECK(family->group == 6);
}

TEST_CASE("an error is no family, and a cut message is nothing") {
    const auto error = bytes({36,   0,    0,    0,    2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  // NLMSG_ERROR
                              0xfe, 0xff, 0xff, 0xff,                                      // -ENOENT
                              0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    CHECK_FALSE(decode_family(error));
    CHECK(decode_error(error) == ENOENT);
    for (std::size_t length = 0; length < error.size(); ++length) {
        CHECK_FALSE(decode_error(std::span(error).first(length)));
        CHECK_FALSE(decode_family(std::span(error).first(length)));
    }
    CHECK_FALSE(decode_error(encode_family_request()));
}
