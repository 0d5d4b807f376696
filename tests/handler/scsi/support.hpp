// SPDX-License-Identifier: Apache-2.0
// Bytes as tests write them down.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "handler/scsi/bytes.hpp"

namespace tcmud::test {

inline std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
    std::vector<std::byte> result;
    for (const auto value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}

inline std::vector<std::byte> copy(scsi::Bytes from) {
    return {from.begin(), from.end()};
}
inline std::vector<std::byte> copy(const scsi::Writer& from) {
    return copy(from.view());
}

}  // namespace tcmud::test
