// SPDX-License-Identifier: Apache-2.0
// What makes the kernel itself answer a LUN's commands with errors, and how that is taken back. All of it
// writes configfs, which may block.
#pragma once

#include <filesystem>

#include "handler/guard/record.hpp"

namespace tcmud::guard {

// With ALUA: all target port groups become unavailable, so that the kernel answers 02h/04h/0Ch and multipath
// takes the path for failed. Without: the LUN is blocked, and answers BUSY. What is so already is no change.
Result<Record> plan(const std::filesystem::path& device);

// Makes each change whose attribute still has the value before. All are tried; the error is that of the first
// that failed.
Result<void> carry_out(const std::filesystem::path& device, const Record& record);

// Sets back, last change first, what still has the value that was set: an administrator's own change is kept.
Result<void> undo(const std::filesystem::path& device, const Record& record);

// Undoes what a record says, and removes it. False: there is none. When that fails it stays.
Result<bool> undo_recorded(const std::filesystem::path& record, const std::filesystem::path& device);

// Every command in the ring ends with an error, NOT READY.
// REQUIRES: nobody serves the LUN, for the data of its commands is given up.
Result<void> end_waiting_commands(const std::filesystem::path& device);

}  // namespace tcmud::guard
