// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/cipher.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/image/blocks.hpp"

using namespace tcmud::tape;
using namespace tcmud::test;

namespace {

Key key_of(unsigned char value) {
    Key key{};
    key.fill(std::byte{value});
    return key;
}

using Tag = std::array<std::byte, Envelope::tag_size>;

}  // namespace

TEST_CASE("cipher: what was encrypted is decrypted, by another drive with the same key") {
    Cipher writer;
    writer.set_key(key_of(7));
    const auto envelope = writer.next_envelope();
    auto data = block(1000, 1);
    Tag tag{};
    const auto beside = block(10, 2);
    REQUIRE(writer.encrypt(envelope, beside, data, tag));
    CHECK(data != block(1000, 1));

    Cipher reader;
    reader.set_key(key_of(7));
    CHECK(reader.fits(envelope));
    SECTION("as it is") {
        CHECK(reader.decrypt(envelope, beside, data, tag));
        CHECK(data == block(1000, 1));
    }
    SECTION("not with other data beside it") {
        CHECK_FALSE(reader.decrypt(envelope, block(10, 3), data, tag));
    }
    SECTION("not with a bit changed") {
        data[500] ^= std::byte{1};
        CHECK_FALSE(reader.decrypt(envelope, beside, data, tag));
    }
    SECTION("not with another key, which is known to be another") {
        reader.set_key(key_of(8));
        CHECK_FALSE(reader.fits(envelope));
        CHECK_FALSE(reader.decrypt(envelope, beside, data, tag));
    }
}

TEST_CASE("cipher: no nonce comes twice with one salt, and no salt twice") {
    Cipher cipher;
    std::set<std::pair<std::array<std::byte, 16>, std::uint64_t>> seen;
    for (int session = 0; session < 10; ++session) {
        cipher.set_key(key_of(7));
        for (int i = 0; i < 10; ++i) {
            const auto envelope = cipher.next_envelope();
            CHECK(seen.emplace(envelope.salt, envelope.counter).second);
        }
    }
}

TEST_CASE("cipher: reading another one's block between does not disturb writing") {
    Cipher other;
    other.set_key(key_of(7));
    const auto foreign = other.next_envelope();
    Cipher cipher;
    cipher.set_key(key_of(7));
    const auto first = cipher.next_envelope();
    CHECK(cipher.fits(foreign));
    const auto second = cipher.next_envelope();
    CHECK(second.salt == first.salt);
    CHECK(second.check == first.check);
    CHECK(second.counter == first.counter + 1);
}
