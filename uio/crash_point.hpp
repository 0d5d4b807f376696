// SPDX-License-Identifier: Apache-2.0
// Moments at which a killed process leaves ring and journal in another state than a moment before.
//
// Tests end a process, or a simulated one, at each of them. Without a hook a point costs a load and a branch.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

namespace tcmud::uio {

enum class CrashPoint : std::size_t {
    taken,          // A slot is marked as taken; its command was not begun.
    noted,          // How far a command has come is noted.
    entry_saved,    // The journal has the entry of a command that is about to lose its slot.
    move_begun,     // The journal has which slot will stand for it.
    sense_noted,    // The journal has an answer with sense data.
    answer_marked,  // A slot is marked as answered, without its answer.
    move_ended,     // Another slot stands for the command that lost its own.
    answer_stored,  // The answer is in the slot; the tail is not behind it.
    published,      // The tail is behind answers; the kernel was not told.
};
inline constexpr std::array<std::string_view, 9> crash_point_names{
    "taken",         "noted",      "entry_saved",   "move_begun", "sense_noted",
    "answer_marked", "move_ended", "answer_stored", "published"};

using CrashHook = void (*)(CrashPoint);
inline std::atomic<CrashHook> crash_hook{nullptr};

// No store moves from one side of it to the other.
inline void crash_point(CrashPoint point) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (const auto hook = crash_hook.load(std::memory_order_relaxed)) [[unlikely]]
        hook(point);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Ends this process, by SIGKILL, when it comes to a point for the nth time: "answer_stored:17". False: there
// is no such point.
bool crash_at(std::string_view where);

}  // namespace tcmud::uio
