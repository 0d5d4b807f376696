// SPDX-License-Identifier: Apache-2.0
// A log page as it is built: parameters by their codes (SPC-4 7.3).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "handler/scsi/bytes.hpp"

namespace tcmud::devices {

class LogPage {
public:
    explicit LogPage(std::uint8_t code) : code_(code) {}

    // A number of that many bytes.
    LogPage& number(std::uint16_t parameter, std::uint64_t value, std::size_t width);
    // Left-aligned ASCII.
    LogPage& text(std::uint16_t parameter, std::string_view value, std::size_t width);
    // A list of structures.
    LogPage& bytes(std::uint16_t parameter, const scsi::Writer& value);

    // Whether there is a parameter of that code, or of a higher one.
    bool reaches(std::uint16_t parameter) const;
    // Header and the parameters from that code on.
    scsi::Writer from(std::uint16_t parameter) const;

private:
    struct Parameter {
        std::uint16_t code;
        std::uint8_t control;
        scsi::Writer value;
    };
    std::uint8_t code_;
    std::vector<Parameter> parameters_;
};

}  // namespace tcmud::devices
