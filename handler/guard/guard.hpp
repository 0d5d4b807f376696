// SPDX-License-Identifier: Apache-2.0
// Looks at tcmud, and when it does not come back, makes the commands of its LUNs end with errors.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "handler/guard/crew.hpp"
#include "handler/guard/lun.hpp"
#include "handler/guard/lun_guard.hpp"
#include "handler/guard/paths.hpp"
#include "handler/guard/watch.hpp"

namespace tcmud::guard {

class Guard {
public:
    using Say = std::function<void(const std::string& line)>;

    Guard(Paths paths, Watch::Clock::duration patience, Say say);

    void look(Watch::Clock::time_point now);
    // When to look again: soon, where commands that the kernel lets through wait for their end.
    std::chrono::milliseconds interval() const;

    // Takes back all that is recorded. False: some of it could not be.
    bool undo_all();

private:
    void tell_of_acting();
    void free_writers_once();
    std::vector<Task> tasks(bool act, Watch::Clock::time_point now);
    void find_minors(Watch::Clock::time_point now);
    void take_note(const Task& task, const Deed& deed, Watch::Clock::time_point now);
    void undo_those_in_use(Watch::Clock::time_point now);
    void undo(const std::vector<Lun>& luns);
    void say_once(const std::string& subject, const Deed& deed);

    Paths paths_;
    Watch watch_;
    Say say_;
    Crew crew_;
    bool acting_ = false;
    bool guarding_ = false;  // A LUN or more.
    bool writers_freed_ = false;
    std::set<Lun> tried_;                             // Since there was nothing to guard.
    std::set<Lun> guarded_;                           // By this process.
    std::map<Lun, Watch::Clock::time_point> in_use_;  // Recorded ones that are served: since when.
    std::map<Lun, std::uint32_t> minors_;             // Of UIO devices.
    Watch::Clock::time_point minors_found_{};
    std::map<std::string, Deed> said_;
};

}  // namespace tcmud::guard
