// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/orders.hpp"

#include <charconv>
#include <optional>

#include "handler/guard/netlink.hpp"

namespace tcmud::guard {

namespace {

// VERB MINOR FILE-NAME; the minor is - where there is none.
constexpr std::string_view begin = "begin";
constexpr std::string_view go_on = "go-on";
constexpr std::string_view undo_verb = "undo";
constexpr std::string_view free_all_writers = "free-writers";

Order order(std::string_view verb, std::optional<std::uint32_t> minor, const Lun& lun) {
    return {lun.text(),
            std::string(verb) + " " + (minor ? std::to_string(*minor) : "-") + " " + lun.file_name()};
}

std::string_view take_word(std::string_view& text) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    return word;
}

std::optional<std::uint32_t> minor_in(std::string_view word) {
    std::uint32_t minor = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), minor);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return minor;
}

}  // namespace

Order order_to_guard(const Task& task) {
    return order(task.first ? begin : go_on, task.minor, task.lun);
}

Order order_to_undo(const Lun& lun) {
    return order(undo_verb, std::nullopt, lun);
}

Order order_to_free_writers() {
    return {"writers of configfs", std::string(free_all_writers)};
}

Deed obey(const Paths& paths, std::string_view text) {
    const auto verb = take_word(text);
    if (verb == free_all_writers) return free_writers(paths);
    const auto minor = minor_in(take_word(text));
    const auto lun = lun_of_file(text);
    if (!lun) return {Outcome::failed, "an order of no LUN"};
    if (verb == undo_verb) return undo_lun(paths, *lun);
    return guard_lun(paths, {*lun, minor, verb == begin});
}

}  // namespace tcmud::guard
