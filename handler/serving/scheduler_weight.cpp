// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/scheduler_weight.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace tcmud::serving {

namespace {

using Mechanism = SchedulerWeight::Mechanism;

// The process's directory in the unified hierarchy, "/" if there is none.
std::string own_cgroup(const std::filesystem::path& root) {
    std::ifstream file(root / "proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("0::/")) return line.substr(3);
    }
    return "/";
}

bool autogroups_are_on(const std::filesystem::path& root) {
    int on = 0;
    std::ifstream(root / "proc/sys/kernel/sched_autogroup_enabled") >> on;
    return on == 1;
}

// Whether a thread that was made nicer can be made less so.
bool may_lower_nice() {
    rlimit limit{};
    // A limit of n allows nice values down to 20 - n.
    if (::getrlimit(RLIMIT_NICE, &limit) == 0 && limit.rlim_cur >= 20) return true;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    if (::syscall(SYS_capget, &header, sets) != 0) return false;
    return (sets[CAP_TO_INDEX(CAP_SYS_NICE)].effective & CAP_TO_MASK(CAP_SYS_NICE)) != 0;
}

}  // namespace

SchedulerWeight::SchedulerWeight(const std::filesystem::path& root) {
    const auto cgroup = own_cgroup(root);
    const auto cgroup_file = root / ("sys/fs/cgroup" + cgroup) / "cpu.weight.nice";
    if (cgroup != "/" && std::filesystem::exists(cgroup_file)) {
        file_ = ::open(cgroup_file.c_str(), O_WRONLY | O_CLOEXEC);
        mechanism_ = file_ >= 0 ? Mechanism::cgroup : Mechanism::none;
    } else if (autogroups_are_on(root) && ::getsid(0) == ::getpid()) {
        // The session is ours alone: nobody else's shell is in its group.
        file_ = ::open((root / "proc/self/autogroup").c_str(), O_WRONLY | O_CLOEXEC);
        mechanism_ = file_ >= 0 ? Mechanism::autogroup : Mechanism::none;
    } else {
        mechanism_ = may_lower_nice() ? Mechanism::thread : Mechanism::none;
    }
}

SchedulerWeight::~SchedulerWeight() {
    if (holder_) write(0);
    if (file_ >= 0) ::close(file_);
}

bool SchedulerWeight::set(const void* who, int nice, double commands_per_second) {
    if (mechanism_ == Mechanism::none) return false;
    if (mechanism_ == Mechanism::thread) return ::setpriority(PRIO_PROCESS, 0, nice) == 0;
    const std::lock_guard lock(mutex_);
    const bool held_by_another = holder_ && holder_ != who;
    if (held_by_another && (nice == 0 || commands_per_second <= holders_rate_)) return false;
    holder_ = nice != 0 ? who : nullptr;
    holders_rate_ = commands_per_second;
    return write(nice);
}

bool SchedulerWeight::write(int nice) const {
    const auto text = std::to_string(nice);
    // /proc/self/autogroup knows no pwrite(2).
    return ::lseek(file_, 0, SEEK_SET) == 0 &&
           ::write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string_view name_of(Mechanism mechanism) {
    switch (mechanism) {
        case Mechanism::none: return "none";
        case Mechanism::thread: return "thread";
        case Mechanism::autogroup: return "autogroup";
        case Mechanism::cgroup: return "cgroup";
    }
    return "none";
}

}  // namespace tcmud::serving
