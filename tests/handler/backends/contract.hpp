// SPDX-License-Identifier: Apache-2.0
// Which backends contract_test.cpp is about. Each program that it belongs to has its own.
#pragma once

#include <cstdint>
#include <functional>

#include "tests/handler/backends/opened.hpp"

namespace tcmud::test {

inline constexpr std::uint64_t disk_size = 1 << 20;

// In a section of a test case for each of them: a new one, empty and of that size.
void for_each_backend(const std::function<void(Opened&)>& check);

}  // namespace tcmud::test
