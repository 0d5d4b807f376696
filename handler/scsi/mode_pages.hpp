// SPDX-License-Identifier: Apache-2.0
// Mode pages: what a device lets initiators read and change of its behaviour (SPC-4 7.5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/sense.hpp"

namespace tcmud::scsi {

// One page of a device type: its bytes behind PAGE LENGTH.
struct ModePageInfo {
    static constexpr std::size_t longest = 38;
    std::uint8_t code;
    std::uint8_t length;  // PAGE LENGTH
    std::array<std::uint8_t, longest> defaults;
    std::array<std::uint8_t, longest> changeable;  // A bit is 1 where MODE SELECT may change it.
    std::uint8_t subpage = 0;                      // Other than 0: the page has the subpage format.
    std::uint8_t shortest = 0;  // Length from which on MODE SELECT may bring it; 0: only the whole page.
};

// PC of MODE SENSE.
enum class PageControl : std::uint8_t { current = 0, changeable = 1, defaults = 2, saved = 3 };

class ModePages {
public:
    // REQUIRES: infos is sorted by code and subpage and outlives the object.
    explicit ModePages(std::span<const ModePageInfo> infos);

    static constexpr std::uint8_t all_pages = 0x3f;
    static constexpr std::uint8_t all_subpages = 0xff;

    // Appends what MODE SENSE asks for; false if there is no such page.
    bool append(Writer& to, std::uint8_t page, std::uint8_t subpage, PageControl control) const;

    // Applies the pages of a MODE SELECT parameter list, all of them or, if one is wrong, none. `offset` is
    // where they begin in the parameter list.
    std::optional<Sense> select(Bytes pages, std::size_t offset);

    // A byte of the current values, counted as the standard does: PAGE CODE is byte 0.
    std::uint8_t current(std::uint8_t page, std::size_t byte, std::uint8_t subpage = 0) const;
    void set(std::uint8_t page, std::size_t byte, std::uint8_t value, std::uint8_t subpage = 0);
    void set_bit(std::uint8_t page, std::size_t byte, std::uint8_t mask, bool on, std::uint8_t subpage = 0);

    // All current values, for who keeps them; what another device type's pages kept changes nothing.
    std::vector<std::byte> values() const;
    std::size_t values_size() const;
    void set_values(Bytes values);

private:
    struct Page {
        const ModePageInfo* info;
        std::array<std::uint8_t, ModePageInfo::longest> current;
    };
    const Page* find(std::uint8_t code, std::uint8_t subpage) const;
    std::uint8_t& value(std::uint8_t page, std::size_t byte, std::uint8_t subpage);

    std::vector<Page> pages_;
};

}  // namespace tcmud::scsi
