// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/tape/log_page.hpp"

#include <algorithm>
#include <utility>

namespace tcmud::devices {

namespace {

// FORMAT AND LINKING (SPC-4 table 325).
constexpr std::uint8_t bounded_counter = 0x00;
constexpr std::uint8_t ascii_list = 0x01;
constexpr std::uint8_t binary_list = 0x03;

}  // namespace

LogPage& LogPage::number(std::uint16_t parameter, std::uint64_t value, std::size_t width) {
    scsi::Writer bytes;
    for (auto i = width; i-- > 0;) bytes.u8(i < 8 ? static_cast<unsigned>(value >> 8 * i & 0xff) : 0u);
    parameters_.push_back({parameter, bounded_counter, std::move(bytes)});
    return *this;
}

LogPage& LogPage::text(std::uint16_t parameter, std::string_view value, std::size_t width) {
    scsi::Writer bytes;
    bytes.padded_text(value, width);
    parameters_.push_back({parameter, ascii_list, std::move(bytes)});
    return *this;
}

LogPage& LogPage::bytes(std::uint16_t parameter, const scsi::Writer& value) {
    parameters_.push_back({parameter, binary_list, value});
    return *this;
}

bool LogPage::reaches(std::uint16_t parameter) const {
    return parameter == 0 ||
           std::ranges::any_of(parameters_, [&](const Parameter& p) { return p.code >= parameter; });
}

scsi::Writer LogPage::from(std::uint16_t parameter) const {
    scsi::Writer page;
    page.u8(code_).u8(0).u16(0);
    for (const auto& [code, control, value] : parameters_) {
        if (code < parameter) continue;
        page.u16(code).u8(control).u8(static_cast<unsigned>(value.size())).bytes(value.view());
    }
    page.set_16(2, page.size() - 4);
    return page;
}

}  // namespace tcmud::devices
