// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/tool/simh.hpp"

#include <cerrno>

#include <fmt/format.h>

#include "handler/backends/tape/image/bytes.hpp"

namespace tcmud::tape {

namespace {

constexpr std::uint32_t end_of_medium = 0xffffffff;
constexpr std::uint32_t erase_gap = 0xfffffffe;
constexpr std::uint32_t length_mask = 0x0fffffff;
constexpr unsigned class_shift = 28;
constexpr unsigned good_class = 0;
constexpr unsigned bad_class = 8;

}  // namespace

std::optional<std::uint32_t> SimhReader::number() {
    std::array<std::byte, 4> bytes{};
    if (!read_(bytes)) return std::nullopt;
    return get<std::uint32_t>(bytes, 0);
}

Result<SimhItem> SimhReader::next() {
    auto word = number();
    while (word == erase_gap) word = number();
    // Many files just end.
    if (!word || *word == end_of_medium) return SimhItem{};
    if (*word == 0) return SimhItem{SimhItem::Kind::filemark, {}};
    const auto kind = *word >> class_shift;
    if (kind != good_class && kind != bad_class)
        return failure(EUCLEAN, fmt::format("a record of an unknown class, {:08x}h", *word));
    SimhItem item{kind == good_class ? SimhItem::Kind::block : SimhItem::Kind::bad_block, {}};
    const auto length = *word & length_mask;
    // Not more at a time than there is: a length may be anything.
    constexpr std::size_t piece = 1 << 20;
    while (item.block.size() < length) {
        const auto before = item.block.size();
        item.block.resize(std::min<std::size_t>(length, before + piece));
        if (!read_(std::span(item.block).subspan(before)))
            return failure(EUCLEAN, fmt::format("the file ends in a record of {} bytes", length));
    }
    std::byte padding{};
    if (length % 2 != 0 && !read_({&padding, 1})) return failure(EUCLEAN, "the file ends behind a record");
    const auto behind = number();
    if (behind != word)
        return failure(EUCLEAN, fmt::format("a record of {} bytes has no such length behind it", length));
    return item;
}

std::vector<std::byte> simh_before(std::size_t length) {
    std::vector<std::byte> bytes(4);
    put(std::span(bytes), 0, static_cast<std::uint32_t>(length));
    return bytes;
}

std::vector<std::byte> simh_behind(std::size_t length) {
    auto bytes = simh_before(length);
    if (length % 2 != 0) bytes.insert(bytes.begin(), std::byte{0});
    return bytes;
}

}  // namespace tcmud::tape
