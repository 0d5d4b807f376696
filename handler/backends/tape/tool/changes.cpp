// SPDX-License-Identifier: Apache-2.0
// Commands that make cartridges, and change what they are.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "handler/backends/tape/tool/commands.hpp"

namespace tcmud::tape {

namespace {

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 9> densities{{{"lto-3", 0x44},
                                                                              {"lto-4", 0x46},
                                                                              {"lto-5", 0x58},
                                                                              {"lto-6", 0x5a},
                                                                              {"lto-7", 0x5c},
                                                                              {"lto-7-m8", 0x5d},
                                                                              {"lto-8", 0x5e},
                                                                              {"lto-9", 0x60},
                                                                              {"lto-10", 0x62}}};

}  // namespace

std::optional<std::uint8_t> density_of(std::string_view text) {
    for (const auto& [name, code] : densities)
        if (text == name) return code;
    std::uint8_t code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return code;
}

std::string name_of_density(std::uint8_t density) {
    for (const auto& [name, code] : densities)
        if (density == code) return std::string(name);
    return fmt::format("density {:02x}h", density);
}

Result<void> create(const Wish& wish, std::ostream&) {
    auto made = wish.made;
    made.capacity = ByteCount{wish.capacity};
    made.barcode = wish.barcode.value_or("");
    made.write_protected = wish.write_protected.value_or(false);
    return Cartridge::create(wish.cartridge, made);
}

Result<void> set(const Wish& wish, std::ostream&) {
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::drive);
    if (!cartridge) return tl::unexpected(cartridge.error());
    auto& cart = cartridge->cart();
    if (wish.barcode) {
        if (auto good = Cartridge::check_barcode(*wish.barcode); !good) return good;
        cart.barcode = *wish.barcode;
    }
    if (wish.write_protected) cart.write_protected = *wish.write_protected;
    if (wish.capacity != 0) {
        if (cart.partitions.size() != 1)
            return failure(EINVAL, "it has several partitions: only formatting it can change their sizes");
        if (wish.capacity < cartridge->partitions()[0].tail().offset)
            return failure(EINVAL, fmt::format("there are {} bytes on it already",
                                               cartridge->partitions()[0].tail().offset));
        cart.capacity = cart.partitions[0].capacity = ByteCount{wish.capacity};
    }
    return cartridge->save();
}

Result<void> rebuild(const Wish& wish, std::ostream& out) {
    {
        const auto locked = Cartridge::open(wish.cartridge, Cartridge::Use::drive);
        if (!locked) return tl::unexpected(locked.error());
        for (std::size_t number = 0; number < locked->partitions().size(); ++number) {
            const auto name = fmt::format("{}/p{}/index", wish.cartridge, number);
            if (::unlink(name.c_str()) != 0 && errno != ENOENT) return system_failure(name);
        }
    }
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::drive);
    if (!cartridge) return tl::unexpected(cartridge.error());
    for (std::size_t number = 0; number < cartridge->partitions().size(); ++number) {
        const auto& found = cartridge->partitions()[number].recovered();
        out << fmt::format("partition {}: {} objects", number, found.records);
        if (found.torn_bytes != 0) out << fmt::format(", {} torn bytes behind them", found.torn_bytes);
        out << "\n";
    }
    return cartridge->settle();
}

}  // namespace tcmud::tape
