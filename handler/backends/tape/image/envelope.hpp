// SPDX-License-Identifier: Apache-2.0
// What lies around the data of an encrypted block: everything that decrypting them needs, but the key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tcmud::tape {

struct Envelope {
    static constexpr std::size_t fixed_size = 40;
    static constexpr std::size_t tag_size = 16;

    std::array<std::byte, 16> salt{};  // Of the key that is made of the host's.
    std::uint64_t counter = 0;         // Different for each block with that salt: the nonce.
    std::array<std::byte, 8> check{};  // Tells whether a key is the right one.
    std::span<const std::byte> unauthenticated;
    std::span<const std::byte> authenticated;

    std::size_t size() const { return fixed_size + unauthenticated.size() + authenticated.size(); }
};

// REQUIRES: as many bytes as its size().
void encode(const Envelope& envelope, std::span<std::byte> bytes);
// At the front of what is stored; nullopt: there is none, or no room for a tag behind it.
std::optional<Envelope> decode_envelope(std::span<const std::byte> stored);

}  // namespace tcmud::tape
