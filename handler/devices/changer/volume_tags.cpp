// SPDX-License-Identifier: Apache-2.0
// SEND VOLUME TAG and REQUEST VOLUME ELEMENT ADDRESS (SMC-3 6.15 and 6.13): cartridges by their barcodes.
#include <algorithm>

#include "handler/devices/changer/changer_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_8;
using scsi::Outcome;
namespace sense = scsi::sense;

namespace {

// SEND ACTION CODE. Alternate volume tags there are none.
enum VolumeTagAction : std::uint8_t {
    search_all = 0x00,
    search_primary = 0x01,
    search_all_by_sequence = 0x04,
    search_primary_by_sequence = 0x05,
    assert_primary = 0x08,
    replace_primary = 0x0a,
    undefine_primary = 0x0c,
};

constexpr std::size_t volume_tag_list = 40;

bool is_search(unsigned action) {
    return action == search_all || action == search_primary || action == search_all_by_sequence ||
           action == search_primary_by_sequence;
}

bool is_change(unsigned action) {
    return action == assert_primary || action == replace_primary || action == undefine_primary;
}

std::string barcode_in(scsi::Bytes list) {
    std::string text;
    for (const auto byte : list.first(VolumeSearch::template_size)) text.push_back(static_cast<char>(byte));
    const auto last = text.find_last_not_of(std::string_view(" \0", 2));
    text.resize(last == std::string::npos ? 0 : last + 1);
    return text;
}

// Nothing that cannot be on a label.
bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '*' && c != '?'; });
}

VolumeSearch search_of(scsi::Bytes cdb, scsi::Bytes list) {
    VolumeSearch search;
    search.action = get_8(cdb, 5) & 0x1f;
    search.type = get_8(cdb, 1) & 0x0f;
    search.start = get_16(cdb, 2);
    for (std::size_t i = 0; i < search.wanted.size(); ++i)
        search.wanted[i] = static_cast<char>(get_8(list, i));
    search.lowest = get_16(list, 34);
    search.highest = get_16(list, 38);
    return search;
}

}  // namespace

void ChangerDevice::send_volume_tag(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const unsigned action = get_8(cdb, 5) & 0x1f;
    if (!is_search(action) && !is_change(action))
        return std::move(reply)(Outcome::check(sense::invalid_field_in_cdb.in_cdb(5, 4)));
    // Linux's ch driver sends 255 bytes; only so many mean something.
    const auto length = get_16(cdb, 8);
    const auto list = parameter_list(command, length);
    const bool needs_list = action != undefine_primary;
    if (!list || (needs_list && list->size() < volume_tag_list))
        return std::move(reply)(Outcome::check(sense::parameter_list_length_error));
    if (is_search(action)) {
        search_ = search_of(cdb, *list);
        state_changed();
        return std::move(reply)(Outcome::data_out_taken());
    }
    auto barcode = needs_list ? barcode_in(*list) : std::string();
    if (!is_printable(barcode))
        return std::move(reply)(Outcome::check(sense::invalid_field_in_parameter_list.in_parameters(0)));
    const bool replace = action != assert_primary;
    answer(std::move(reply),
           change_barcode(command, ElementAddress{get_16(cdb, 2)}, std::move(barcode), replace));
}

Steps<Outcome> ChangerDevice::change_barcode(Command& command, ElementAddress at, std::string barcode,
                                             bool replace) {
    auto turn =
        co_await ClaimRange(turns_, RangeClaim::Mode::exclusive, Lba{0}, BlockCount{1}, command.claim);
    if (command.aborted) co_return Outcome::aborted();
    const auto* element = find(at);
    if (!element) co_return Outcome::check(sense::invalid_element_address);
    if (!element->full) co_return Outcome::check(sense::medium_source_empty);
    // Repeated it does the same again.
    if (element->barcode == barcode) co_return Outcome::data_out_taken();
    if (!replace && !element->barcode.empty())
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb(5, 4));
    auto status = MoveStatus::io_error;
    co_await Io{[&](Completion done) { backend_.set_barcode(at, barcode, status, std::move(done)); }};
    co_return status == MoveStatus::ok ? Outcome::data_out_taken() : outcome_of_move(status);
}

void ChangerDevice::request_volume_element_address(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    constexpr unsigned highest_type = 4;
    const std::uint8_t type = get_8(cdb, 1) & 0x0f;
    if (type > highest_type)
        return std::move(reply)(Outcome::check(sense::invalid_field_in_cdb.in_cdb(1, 3)));
    std::vector<const Element*> found;
    if (search_) {
        found = select(backend_.elements(),
                       {.type = type, .start = get_16(cdb, 2), .most = get_16(cdb, 4), .search = &*search_});
    }
    const ReportForm form{.volume_tags = (get_8(cdb, 1) & 0x10) != 0,
                          .action = search_ ? search_->action : std::uint8_t{0}};
    std::move(reply)(send(command, element_status(found, form), scsi::get_24(cdb, 7)));
}

}  // namespace tcmud::devices
