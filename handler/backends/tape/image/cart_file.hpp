// SPDX-License-Identifier: Apache-2.0
// What a cartridge is, in a small file of text beside its data: who it is, what it may hold, what hosts have
// written into its memory. Each change is a new generation, whole or not there.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tcmud/result.hpp"
#include "tcmud/tape_backend.hpp"
#include "tcmud/units.hpp"

namespace tcmud::tape {

using Uuid = std::array<std::byte, 16>;

std::string text_of(const Uuid& uuid);
Uuid random_uuid();

struct CartPartition {
    ByteCount capacity{0};
    std::vector<TapeAttribute> attributes;  // Sorted by id.
    bool operator==(const CartPartition&) const = default;
};

struct Cart {
    static constexpr std::uint32_t newest_version = 1;

    Uuid uuid{};
    std::uint64_t generation = 0;
    std::string barcode;
    std::uint8_t density = 0;
    bool worm = false;
    bool write_protected = false;
    bool cleaning = false;
    ByteCount capacity{0};
    std::uint64_t segment_size = 0;  // Bytes of records in each file.
    // Changed by each formatting: what has another number is no data of this cartridge any more.
    std::uint32_t format = 0;
    std::uint32_t pass = 0;  // Of its last writing, as far as it was known.
    std::uint32_t change_reference = 0;
    TapeStatistics statistics;
    std::vector<CartPartition> partitions;
    std::vector<std::string> unknown;  // Lines of a later version that does not mind.
};

std::string print(const Cart& cart);
Result<Cart> parse(std::string_view text);

// The newest generation that is whole, of `cart` and `cart.old` in that directory.
Result<Cart> load_cart(const std::string& directory);
// As the generation after cart.generation, which is changed. On ok it survives power loss.
Result<void> save_cart(const std::string& directory, Cart& cart);

}  // namespace tcmud::tape
