// SPDX-License-Identifier: Apache-2.0
// Sets what the scheduler makes of a serving thread, where the machine lets it.
//
// Weight counts only inside a scheduling group. Where the process is in a cgroup with the cpu controller, or
// in an autogroup of its own, the thread's nice value moves nothing and the group's moves all. See
// cgroups(7), sched(7).
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string_view>

namespace tcmud::serving {

// Of the process; found out once.
class SchedulerWeight {
public:
    enum class Mechanism : std::uint8_t {
        none,       // Nothing that could be taken back: everything stays at 0.
        thread,     // The nice value of each serving thread.
        autogroup,  // The nice value of the session's autogroup.
        cgroup,     // cpu.weight.nice of the service's cgroup.
    };

    // Looks below `root` ("/" but for tests), which has proc and sys/fs/cgroup in it.
    explicit SchedulerWeight(const std::filesystem::path& root = "/");
    ~SchedulerWeight();
    SchedulerWeight(const SchedulerWeight&) = delete;
    SchedulerWeight& operator=(const SchedulerWeight&) = delete;

    Mechanism mechanism() const { return mechanism_; }
    // Whether the weight is the whole process's, so that only one thread can decide it.
    bool shared() const { return mechanism_ == Mechanism::autogroup || mechanism_ == Mechanism::cgroup; }

    // Any serving thread, for itself, who it is being its own. A weight that is shared is held by the busiest
    // of those that want another than 0. False: it stays as it is.
    bool set(const void* who, int nice, double commands_per_second);

private:
    bool write(int nice) const;

    Mechanism mechanism_ = Mechanism::none;
    int file_ = -1;  // Of a shared weight.
    std::mutex mutex_;
    const void* holder_ = nullptr;  // Guarded by mutex_, as its rate.
    double holders_rate_ = 0;
};

// For people: "thread", "autogroup" ...
std::string_view name_of(SchedulerWeight::Mechanism mechanism);

}  // namespace tcmud::serving
