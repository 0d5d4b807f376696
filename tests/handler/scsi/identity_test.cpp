// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/identity.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace tcmud::scsi;

namespace {

std::string hexadecimal(const Naa& naa) {
    std::string text;
    for (const auto byte : naa) {
        constexpr auto digits = "0123456789abcdef";
        text += digits[std::to_integer<unsigned>(byte) >> 4];
        text += digits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

}  // namespace

TEST_CASE("the NAA designator is the company id and 25 digits of the serial") {
    CHECK(hexadecimal(naa_of("0123456789abcdef0123456789abcdef")) == "60014050123456789abcdef012345678");
}

TEST_CASE("a short serial is filled with zeros, what is no digit is passed over") {
    CHECK(hexadecimal(naa_of("12-34")) == "60014051234000000000000000000000");
    CHECK(hexadecimal(naa_of("")) == "60014050000000000000000000000000");
    CHECK(naa_of("ABCDEF") == naa_of("abcdef"));
}

TEST_CASE("a derived serial depends on the text and on nothing else") {
    CHECK(derived_serial("user_0/a") == derived_serial("user_0/a"));
    std::set<std::string> serials;
    for (int i = 0; i < 1000; ++i) serials.insert(derived_serial("user_0/disk" + std::to_string(i)));
    CHECK(serials.size() == 1000);
    CHECK(serials.begin()->size() == 32);
    CHECK(serials.begin()->find_first_not_of("0123456789abcdef") == std::string::npos);
}
