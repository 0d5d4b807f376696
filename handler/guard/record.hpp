// SPDX-License-Identifier: Apache-2.0
// What the guard changed of a LUN, written down before it does: who serves the LUN next, undoes it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tcmud/result.hpp"

namespace tcmud::guard {

struct Change {
    std::string attribute;  // Below the LUN's directory: "alua/default_tg_pt_gp/alua_access_state"
    unsigned before = 0;
    unsigned after = 0;
    friend bool operator==(const Change&, const Change&) = default;
};

// In the order in which they are made.
using Record = std::vector<Change>;

// A line each: value before, value after, attribute. Lines that begin with # are for people.
std::string format(const Record& record, std::string_view lun);
Result<Record> parse_record(std::string_view text);

Result<Record> read_record(const std::filesystem::path& path);
// Makes its directory if need be.
Result<void> write_record(const std::filesystem::path& path, const Record& record, std::string_view lun);

}  // namespace tcmud::guard
