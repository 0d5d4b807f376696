// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/envelope.hpp"

#include <algorithm>

#include "handler/backends/tape/image/bytes.hpp"

namespace tcmud::tape {

void encode(const Envelope& envelope, std::span<std::byte> bytes) {
    put(bytes, 0, static_cast<std::uint16_t>(envelope.unauthenticated.size()));
    put(bytes, 2, static_cast<std::uint16_t>(envelope.authenticated.size()));
    put(bytes, 4, std::uint32_t{0});
    std::ranges::copy(envelope.salt, bytes.begin() + 8);
    put(bytes, 24, envelope.counter);
    std::ranges::copy(envelope.check, bytes.begin() + 32);
    const auto behind = bytes.subspan(Envelope::fixed_size);
    std::ranges::copy(envelope.unauthenticated, behind.begin());
    std::ranges::copy(envelope.authenticated, behind.subspan(envelope.unauthenticated.size()).begin());
}

std::optional<Envelope> decode_envelope(std::span<const std::byte> stored) {
    if (stored.size() < Envelope::fixed_size + Envelope::tag_size) return std::nullopt;
    const std::size_t unauthenticated = get<std::uint16_t>(stored, 0);
    const std::size_t authenticated = get<std::uint16_t>(stored, 2);
    if (stored.size() < Envelope::fixed_size + unauthenticated + authenticated + Envelope::tag_size)
        return std::nullopt;
    Envelope envelope;
    std::ranges::copy(stored.subspan(8, 16), envelope.salt.begin());
    envelope.counter = get<std::uint64_t>(stored, 24);
    std::ranges::copy(stored.subspan(32, 8), envelope.check.begin());
    envelope.unauthenticated = stored.subspan(Envelope::fixed_size, unauthenticated);
    envelope.authenticated = stored.subspan(Envelope::fixed_size + unauthenticated, authenticated);
    return envelope;
}

}  // namespace tcmud::tape
