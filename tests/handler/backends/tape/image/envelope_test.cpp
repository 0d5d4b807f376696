// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/envelope.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"

using namespace tcmud::tape;
using namespace tcmud::test;

TEST_CASE("envelope: what was put around a block is found there") {
    const auto beside = block(5, 1);
    const auto bound = block(3, 2);
    Envelope envelope;
    envelope.salt[3] = std::byte{9};
    envelope.counter = 0x1234;
    envelope.check[7] = std::byte{8};
    envelope.unauthenticated = beside;
    envelope.authenticated = bound;
    Bytes stored(envelope.size() + 20);
    encode(envelope, stored);
    const auto found = decode_envelope(stored);
    REQUIRE(found);
    CHECK(found->salt == envelope.salt);
    CHECK(found->counter == 0x1234);
    CHECK(found->check == envelope.check);
    CHECK(std::ranges::equal(found->unauthenticated, beside));
    CHECK(std::ranges::equal(found->authenticated, bound));
}

TEST_CASE("envelope: lengths that lead out of what is stored are refused") {
    Bytes stored(Envelope::fixed_size + Envelope::tag_size);
    CHECK(decode_envelope(stored));
    stored[0] = std::byte{1};
    CHECK_FALSE(decode_envelope(stored));
    CHECK_FALSE(decode_envelope(std::span(stored).first(10)));
}
