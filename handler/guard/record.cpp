// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/record.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

#include "handler/guard/text_file.hpp"

namespace tcmud::guard {

namespace {

// Of `text`, up to the next `separator`, which is taken too.
std::string_view take(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
}

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// A damaged record must not lead to files elsewhere.
bool below_the_lun(std::string_view attribute) {
    if (attribute.empty()) return false;
    while (!attribute.empty()) {
        const auto part = take(attribute, '/');
        if (part.empty() || part == "." || part == "..") return false;
    }
    return true;
}

}  // namespace

std::string format(const Record& record, std::string_view lun) {
    std::string text = "# tcmud-guard made " + std::string(lun) +
                       " answer with errors. Each line: value before, value set, attribute\n";
    for (const auto& change : record) {
        text += std::to_string(change.before) + " " + std::to_string(change.after) + " " + change.attribute +
                "\n";
    }
    return text;
}

Result<Record> parse_record(std::string_view text) {
    Record record;
    while (!text.empty()) {
        auto line = take(text, '\n');
        if (line.empty() || line.front() == '#') continue;
        const auto whole = line;
        const auto before = number(take(line, ' '));
        const auto after = number(take(line, ' '));
        if (!before || !after || !below_the_lun(line))
            return failure(EINVAL, "not a line of a record: " + std::string(whole));
        record.push_back({std::string(line), *before, *after});
    }
    return record;
}

Result<Record> read_record(const std::filesystem::path& path) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    auto record = parse_record(*text);
    if (!record) return failure(record.error().number, path.string() + ": " + record.error().text);
    return record;
}

Result<void> write_record(const std::filesystem::path& path, const Record& record, std::string_view lun) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error)
        return failure(error.value(),
                       "cannot make the directory " + path.parent_path().string() + ": " + error.message());
    return replace_file(path, format(record, lun));
}

}  // namespace tcmud::guard
