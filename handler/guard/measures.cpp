// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/measures.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "handler/guard/attribute.hpp"

namespace tcmud::guard {

namespace {

namespace fs = std::filesystem;

constexpr unsigned implicit_transitions = 1;
constexpr unsigned unavailable = 3;  // SPC-4: ASYMMETRIC ACCESS STATE
constexpr unsigned end_with_error = 2;

// Adds what makes `attribute` have this value, where it exists and has another one.
void want(Record& record, const fs::path& device, const std::string& attribute, unsigned value) {
    const auto now = read_attribute(device / attribute);
    if (now && *now != value) record.push_back({attribute, *now, value});
}

void want_unavailable(Record& record, const fs::path& device, const std::string& group) {
    // One that was made but never given an id has no ports, and refuses a state.
    const auto id = read_attribute(device / group / "tg_pt_gp_id");
    const auto state = read_attribute(device / group / "alua_access_state");
    if (!id || !state || *state == unavailable) return;
    // The kernel would write the state down for the next boot, when there is no record of ours.
    want(record, device, group + "/alua_write_metadata", 0);
    // Meanwhile the kernel would sleep, up to half a minute.
    want(record, device, group + "/trans_delay_msecs", 0);
    const auto type = read_attribute(device / group / "alua_access_type");
    if (type) want(record, device, group + "/alua_access_type", *type | implicit_transitions);
    want(record, device, group + "/alua_support_unavailable", 1);
    want(record, device, group + "/alua_access_state", unavailable);
}

// Both ways are one: from a value to another, where the first is found.
Result<void> change(const fs::path& path, unsigned from, unsigned to) {
    const auto now = read_attribute(path);
    // A group that was removed, or a LUN that is being made anew: nothing of it is ours.
    if (!now || *now != from) return {};
    return write_attribute(path, to);
}

void keep_first(Result<void>& all, Result<void> one) {
    if (all && !one) all = std::move(one);
}

}  // namespace

Result<Record> plan(const fs::path& device) {
    const auto alua = read_attribute(device / "attrib" / "alua_support");
    Record record;
    // Before Linux 4.20 there is no such attribute, and always ALUA.
    if (!alua && alua.error().number != ENOENT) return tl::unexpected(alua.error());
    if (alua && *alua == 0) {
        want(record, device, "action/block_dev", 1);
        return record;
    }
    std::error_code error;
    std::vector<std::string> groups;
    for (fs::directory_iterator entry(device / "alua", error), end; !error && entry != end;
         entry.increment(error)) {
        auto name = entry->path().filename().string();
        // Which no line of a record can hold.
        if (name.find('\n') == name.npos) groups.push_back("alua/" + std::move(name));
    }
    if (error)
        return failure(error.value(), "cannot list " + (device / "alua").string() + ": " + error.message());
    std::sort(groups.begin(), groups.end());
    for (const auto& group : groups) want_unavailable(record, device, group);
    return record;
}

Result<void> carry_out(const fs::path& device, const Record& record) {
    Result<void> all;
    for (const auto& each : record) keep_first(all, change(device / each.attribute, each.before, each.after));
    return all;
}

Result<void> undo(const fs::path& device, const Record& record) {
    Result<void> all;
    for (auto each = record.rbegin(); each != record.rend(); ++each)
        keep_first(all, change(device / each->attribute, each->after, each->before));
    return all;
}

Result<bool> undo_recorded(const fs::path& path, const fs::path& device) {
    const auto record = read_record(path);
    if (!record) {
        if (record.error().number == ENOENT) return false;
        return tl::unexpected(record.error());
    }
    if (auto undone = undo(device, *record); !undone) return tl::unexpected(undone.error());
    std::error_code error;
    fs::remove(path, error);
    if (error) return failure(error.value(), "cannot remove " + path.string() + ": " + error.message());
    return true;
}

Result<void> end_waiting_commands(const fs::path& device) {
    return write_attribute(device / "action" / "reset_ring", end_with_error);
}

}  // namespace tcmud::guard
