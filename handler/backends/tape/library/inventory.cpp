// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/inventory.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "handler/backends/tape/image/crc32c.hpp"

namespace tcmud::tape {

namespace {

constexpr std::string_view inventory_begins = "tcmud-inventory ";
constexpr std::string_view inventory_ends = "crc32c ";

std::uint32_t checksum_of(std::string_view text) {
    return crc32c(std::as_bytes(std::span(text)));
}

template <class Number>
bool to_number(std::string_view text, Number& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const auto end = line.find(' ');
        words.push_back(line.substr(0, end));
        if (end == std::string_view::npos) return words;
        line.remove_prefix(end + 1);
    }
}

// The name of a directory beside others, and nothing else.
bool is_cartridge_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.front() != '.' && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    });
}

bool to_address(std::string_view text, ElementAddress& into) {
    std::uint16_t number = 0;
    if (!to_number(text, number)) return false;
    into = ElementAddress{number};
    return true;
}

// "element ADDRESS CARTRIDGE [source ADDRESS] [operator]"
bool parse_place(const std::vector<std::string_view>& words, ElementAddress& address,
                 Inventory::Place& place) {
    if (words.size() < 3 || !to_address(words[1], address) || !is_cartridge_name(words[2])) return false;
    place.cartridge = words[2];
    for (std::size_t i = 3; i < words.size(); ++i) {
        if (words[i] == "operator") {
            place.by_operator = true;
        } else if (words[i] == "source" && i + 1 < words.size()) {
            ElementAddress source{};
            if (!to_address(words[++i], source)) return false;
            place.source = source;
        } else {
            return false;
        }
    }
    return true;
}

// The lines between the first and the last one.
Result<Inventory> parse_lines(std::string_view lines) {
    Inventory inventory;
    std::set<std::string, std::less<>> seen;
    for (unsigned number = 2; !lines.empty(); ++number) {
        const auto line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        const auto words = words_of(line);
        if (words[0] == "generation" && words.size() == 2 && to_number(words[1], inventory.generation))
            continue;
        ElementAddress address{};
        Inventory::Place place;
        if (words[0] != "element" || !parse_place(words, address, place))
            return failure(EUCLEAN, fmt::format("line {}: '{}' makes no sense", number, line));
        if (!seen.insert(place.cartridge).second)
            return failure(EUCLEAN,
                           fmt::format("line {}: cartridge {} is in two elements", number, place.cartridge));
        if (!inventory.places.emplace(address, std::move(place)).second) {
            return failure(EUCLEAN, fmt::format("line {}: element {} has two cartridges", number,
                                                static_cast<unsigned>(address)));
        }
    }
    return inventory;
}

}  // namespace

const Inventory::Place* Inventory::find(ElementAddress address) const {
    const auto found = places.find(address);
    return found == places.end() ? nullptr : &found->second;
}

std::optional<ElementAddress> Inventory::whereabouts(std::string_view cartridge) const {
    for (const auto& [address, place] : places)
        if (place.cartridge == cartridge) return address;
    return std::nullopt;
}

std::string print(const Inventory& inventory) {
    auto text = fmt::format("{}{}\ngeneration {}\n", inventory_begins, Inventory::newest_version,
                            inventory.generation);
    for (const auto& [address, place] : inventory.places) {
        text += fmt::format("element {} {}", static_cast<unsigned>(address), place.cartridge);
        if (place.source) text += fmt::format(" source {}", static_cast<unsigned>(*place.source));
        text += place.by_operator ? " operator\n" : "\n";
    }
    return text + fmt::format("{}{:08x}\n", inventory_ends, checksum_of(text));
}

Result<Inventory> parse_inventory(std::string_view text) {
    if (!text.starts_with(inventory_begins)) return failure(EUCLEAN, "it does not begin like an inventory");
    const auto first = text.substr(0, text.find('\n'));
    std::uint32_t version = 0;
    if (!to_number(first.substr(inventory_begins.size()), version))
        return failure(EUCLEAN, "line 1: it names no version");
    if (version > Inventory::newest_version) {
        return failure(EPROTO, fmt::format("it has format version {}, this tcmud knows {} and before",
                                           version, Inventory::newest_version));
    }
    const auto end = text.rfind(inventory_ends);
    if (end == std::string_view::npos || end <= first.size() ||
        text.substr(end) != fmt::format("{}{:08x}\n", inventory_ends, checksum_of(text.substr(0, end))))
        return failure(EUCLEAN, "its checksum does not fit");
    return parse_lines(text.substr(first.size() + 1, end - first.size() - 1));
}

}  // namespace tcmud::tape
