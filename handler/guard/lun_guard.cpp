// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/lun_guard.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include "handler/guard/attribute.hpp"
#include "handler/guard/measures.hpp"
#include "handler/guard/presence.hpp"
#include "handler/guard/uio_claim.hpp"
#include "uio/discovery.hpp"

namespace tcmud::guard {

namespace {

namespace fs = std::filesystem;

fs::path directory_of(const Paths& paths, const Lun& lun) {
    return paths.target / "core" / lun.hba / lun.device;
}

bool enabled(const fs::path& device) {
    const auto enable = read_attribute(device / "enable");
    return enable && *enable != 0;
}

// Minors are used again at once.
bool is_of(std::uint32_t minor, const Lun& lun, const Paths& paths) {
    const auto name = uio::name_of(minor, paths.uio_class);
    return name && name->hba_directory() == lun.hba && name->device == lun.device;
}

// It has no UIO device. A LUN that is gone takes what was changed of it along; one that is not enabled may be
// again.
Deed without_device(const Paths& paths, const Lun& lun) {
    std::error_code error;
    if (fs::exists(directory_of(paths, lun), error) || error) return {Outcome::gone, ""};
    fs::remove(paths.records() / lun.file_name(), error);
    return {Outcome::gone, error ? "cannot remove its record: " + error.message() : ""};
}

// Written down first: if this process dies in between, whoever comes next finds what may have been changed.
Result<void> change(const fs::path& record_path, const fs::path& device, const Lun& lun) {
    auto record = read_record(record_path);
    if (!record) {
        if (record.error().number != ENOENT) return tl::unexpected(record.error());
        record = plan(device);
        if (!record) return tl::unexpected(record.error());
        if (auto written = write_record(record_path, *record, lun.text()); !written) return written;
    }
    return carry_out(device, *record);
}

// The first time, or when a guard before this one did not come to its end.
Deed begin_to_guard(const Paths& paths, const Lun& lun, Holder holder) {
    std::error_code error;
    const auto record = paths.records() / lun.file_name();
    const auto device = directory_of(paths, lun);
    if (!enabled(device)) return {Outcome::gone, ""};
    if (holder == Holder::nobody && !fs::exists(record, error) &&
        presence(paths.run_directory) == Presence::serving)
        return {Outcome::returned, ""};
    if (auto changed = change(record, device, lun); !changed) return {Outcome::failed, changed.error().text};
    return {Outcome::guarded, ""};
}

}  // namespace

Deed guard_lun(const Paths& paths, const Task& task) {
    const auto device = directory_of(paths, task.lun);
    std::error_code error;
    if (!task.minor) return without_device(paths, task.lun);
    const auto claimed = claim(*task.minor, paths);
    if (!claimed && claimed.error().number == ENOENT) return without_device(paths, task.lun);
    if (!claimed) return {Outcome::failed, claimed.error().text};
    if (claimed->holder == Holder::in_use) return {Outcome::in_use, ""};
    if (!is_of(*task.minor, task.lun, paths)) return without_device(paths, task.lun);
    // What is kept for it, a tcmud may take up at any time; what is claimed it cannot.
    if (claimed->holder == Holder::kept && presence(paths.run_directory) != Presence::absent)
        return {Outcome::returned, ""};
    Deed deed{Outcome::guarded, ""};
    if (task.first) deed = begin_to_guard(paths, task.lun, claimed->holder);
    // Without its record: tcmud has served it, and let go again.
    else if (!fs::exists(paths.records() / task.lun.file_name(), error))
        deed.outcome = Outcome::returned;
    if (deed.outcome == Outcome::returned || deed.outcome == Outcome::gone) return deed;
    // Also where something failed: errors that come a moment later are better than none.
    if (auto ended = end_waiting_commands(device); !ended) return {Outcome::failed, ended.error().text};
    return deed;
}

Deed undo_lun(const Paths& paths, const Lun& lun) {
    auto undone = undo_recorded(paths.records() / lun.file_name(), directory_of(paths, lun));
    if (!undone) return {Outcome::failed, undone.error().text};
    return {Outcome::undone, ""};
}

}  // namespace tcmud::guard
