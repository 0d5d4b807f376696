// SPDX-License-Identifier: Apache-2.0
// CPUs of the machine, written as the kernel does: "0-3,8".
#pragma once

#include <sched.h>

#include <optional>
#include <string>
#include <string_view>

namespace tcmud::daemon {

class CpuList {
public:
    // nullopt: the text is no list, or names none.
    static std::optional<CpuList> parse(std::string_view text);
    // Those that the machine runs on.
    static CpuList online();

    std::string text() const;
    const cpu_set_t& set() const { return set_; }
    // The first of ours that is not among the others.
    std::optional<unsigned> first_not_in(const CpuList& others) const;

    friend bool operator==(const CpuList& one, const CpuList& other) {
        return CPU_EQUAL(&one.set_, &other.set_) != 0;
    }

private:
    CpuList() { CPU_ZERO(&set_); }
    bool has(unsigned cpu) const { return CPU_ISSET(cpu, &set_) != 0; }
    bool add(std::string_view range);

    cpu_set_t set_;
};

}  // namespace tcmud::daemon
