// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/sense.hpp"

#include <limits>
#include <utility>

#include "handler/scsi/bytes.hpp"

namespace tcmud::scsi {

namespace {

constexpr unsigned sense_key_specific_valid = 0x80;

// SPC-4 4.5.3
SenseBytes encode_fixed(const Sense& sense) {
    SenseBytes out{};
    constexpr unsigned response_code = 0x70;
    // The INFORMATION field has 32 bits here; a larger value is not shown at all.
    const bool information =
        sense.information_valid && sense.information <= std::numeric_limits<std::uint32_t>::max();
    out[0] = static_cast<std::byte>(response_code | (information ? 0x80u : 0u));
    out[2] =
        static_cast<std::byte>(static_cast<unsigned>(sense.key) | (sense.filemark ? 0x80u : 0u) |
                               (sense.end_of_medium ? 0x40u : 0u) | (sense.incorrect_length ? 0x20u : 0u));
    if (information) put_big_endian<4>(out, 3, sense.information);
    out[7] = std::byte{10};  // ADDITIONAL SENSE LENGTH
    put_big_endian<4>(out, 8, sense.command_specific);
    out[12] = static_cast<std::byte>(sense.asc);
    out[13] = static_cast<std::byte>(sense.ascq);
    if (sense.specific.valid) {
        out[15] = static_cast<std::byte>(sense_key_specific_valid | sense.specific.first);
        put_big_endian<2>(out, 16, sense.specific.value);
    }
    return out;
}

// SPC-4 4.5.2
SenseBytes encode_descriptor(const Sense& sense) {
    SenseBytes out{};
    constexpr unsigned response_code = 0x72;
    out[0] = std::byte{response_code};
    out[1] = static_cast<std::byte>(sense.key);
    out[2] = static_cast<std::byte>(sense.asc);
    out[3] = static_cast<std::byte>(sense.ascq);
    std::size_t at = 8;
    const auto begin = [&](unsigned type, std::size_t length) {
        out[at] = static_cast<std::byte>(type);
        out[at + 1] = static_cast<std::byte>(length - 2);
        return std::exchange(at, at + length);
    };
    if (sense.information_valid) {
        const auto start = begin(0x00, 12);
        out[start + 2] = std::byte{0x80};  // VALID
        put_big_endian<8>(out, start + 4, sense.information);
    }
    if (sense.command_specific != 0) put_big_endian<8>(out, begin(0x01, 12) + 4, sense.command_specific);
    if (sense.specific.valid) {
        const auto start = begin(0x02, 8);
        out[start + 4] = static_cast<std::byte>(sense_key_specific_valid | sense.specific.first);
        put_big_endian<2>(out, start + 5, sense.specific.value);
    }
    if (sense.filemark || sense.end_of_medium || sense.incorrect_length) {
        const auto start = begin(0x04, 4);
        out[start + 3] =
            static_cast<std::byte>((sense.filemark ? 0x80u : 0u) | (sense.end_of_medium ? 0x40u : 0u) |
                                   (sense.incorrect_length ? 0x20u : 0u));
    }
    out[7] = static_cast<std::byte>(at - 8);
    return out;
}

}  // namespace

SenseBytes encode(const Sense& sense, SenseFormat format) {
    return format == SenseFormat::fixed ? encode_fixed(sense) : encode_descriptor(sense);
}

}  // namespace tcmud::scsi
