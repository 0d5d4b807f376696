// SPDX-License-Identifier: Apache-2.0
// What a changer keeps for the next daemon: whether operators are locked out, unit attentions that nobody was
// told of, the search that REQUEST VOLUME ELEMENT ADDRESS answers, and the move that began last.
//
// A byte of version, one of flags, the number of unit attentions and the sense key, ASC and ASCQ of each; the
// elements, as mode page 1Dh tells of them; a search; a move.
#include "handler/devices/changer/changer_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_32;
using scsi::get_8;

namespace {

constexpr std::uint8_t changer_version = 1;
constexpr std::size_t changer_head = 3;
constexpr std::size_t attention_bytes = 3;
constexpr std::size_t search_bytes = 8 + VolumeSearch::template_size;
constexpr std::size_t begun_bytes = 7;  // And the cartridge's name.

enum ChangerFlag : std::uint8_t {
    removal_is_prevented = 1 << 0,
    descriptor_sense_data = 1 << 1,
    has_search = 1 << 2,
    has_begun = 1 << 3,
    has_elements = 1 << 4,
};

constexpr std::uint8_t elements_page = 0x1d;
constexpr std::size_t element_bytes = 16;

void append(scsi::Writer& to, const VolumeSearch& search) {
    to.u8(search.action).u8(search.type).u16(search.start).u16(search.lowest).u16(search.highest);
    to.text({search.wanted.data(), search.wanted.size()});
}

VolumeSearch search_in(scsi::Bytes from) {
    VolumeSearch search{get_8(from, 0),  get_8(from, 1), get_16(from, 2), {},
                        get_16(from, 4), get_16(from, 6)};
    for (std::size_t i = 0; i < search.wanted.size(); ++i)
        search.wanted[i] = static_cast<char>(get_8(from, 8 + i));
    return search;
}

}  // namespace

bool ChangerDevice::has_elements_of(scsi::Bytes addresses) const {
    for (std::size_t i = 0; i < element_bytes; ++i) {
        if (get_8(addresses, i) != mode_pages().current(elements_page, 2 + i)) return false;
    }
    return true;
}

std::vector<std::byte> ChangerDevice::state() const {
    scsi::Writer to;
    unsigned flags = has_elements;
    if (prevented_) flags |= removal_is_prevented;
    if (sense_format() == scsi::SenseFormat::descriptor) flags |= descriptor_sense_data;
    if (search_) flags |= has_search;
    if (begun_) flags |= has_begun;
    const auto pending = attentions().pending();
    to.u8(changer_version).u8(flags).u8(static_cast<unsigned>(pending.size()));
    for (const auto& attention : pending)
        to.u8(static_cast<std::uint8_t>(attention.key)).u8(attention.asc).u8(attention.ascq);
    for (std::size_t i = 0; i < element_bytes; ++i) to.u8(mode_pages().current(elements_page, 2 + i));
    if (search_) append(to, *search_);
    if (begun_) {
        const auto cartridge = std::string_view(begun_->cartridge).substr(0, 255);
        to.u32(begun_->number).u16(static_cast<std::uint16_t>(begun_->destination));
        to.u8(static_cast<unsigned>(cartridge.size())).text(cartridge);
    }
    return {to.view().begin(), to.view().end()};
}

void ChangerDevice::restore(std::span<const std::byte> state, bool replaying) {
    if (state.size() < changer_head || get_8(state, 0) != changer_version) return;
    const unsigned flags = get_8(state, 1);
    const std::size_t count = get_8(state, 2);
    if (state.size() < changer_head + count * attention_bytes) return;
    // What the predecessor has told need not be told again: to initiators this is still the same unit.
    attentions().clear();
    prevented_ = (flags & removal_is_prevented) != 0;
    if (prevented_) backend_.prevent_removal(true);
    mode_pages().set_bit(0x0a, 2, 0x04, (flags & descriptor_sense_data) != 0);
    mode_pages_changed();
    auto rest = state.subspan(changer_head);
    for (std::size_t i = 0; i < count; ++i, rest = rest.subspan(attention_bytes))
        attentions().raise({static_cast<scsi::SenseKey>(get_8(rest, 0)), get_8(rest, 1), get_8(rest, 2)});
    if ((flags & has_elements) != 0) {
        if (rest.size() < element_bytes) return;
        // library.toml was changed meanwhile.
        if (!has_elements_of(rest.first(element_bytes))) {
            attentions().raise(scsi::sense::mode_parameters_changed);
            attentions().raise(scsi::sense::medium_may_have_changed);
        }
        rest = rest.subspan(element_bytes);
    }
    if ((flags & has_search) != 0 && rest.size() >= search_bytes) {
        search_ = search_in(rest);
        rest = rest.subspan(search_bytes);
    }
    if ((flags & has_begun) != 0 && replaying && rest.size() >= begun_bytes &&
        rest.size() >= begun_bytes + get_8(rest, 6)) {
        begun_ = {get_32(rest, 0), ElementAddress{get_16(rest, 4)}, {}};
        for (const auto byte : rest.subspan(begun_bytes, get_8(rest, 6)))
            begun_->cartridge.push_back(static_cast<char>(byte));
        replaying_ = true;
    }
}

}  // namespace tcmud::devices
