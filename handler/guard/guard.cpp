// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/guard.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "handler/guard/orders.hpp"
#include "handler/guard/presence.hpp"
#include "uio/discovery.hpp"

namespace tcmud::guard {

namespace {

// At first some may hang, and those behind them must not wait.
constexpr std::size_t processes_to_act = 16;
constexpr std::size_t processes_to_go_on = 1;
constexpr std::chrono::milliseconds while_watching{500};
constexpr std::chrono::milliseconds while_guarding{250};
// A LUN that is made anew has another one, perhaps.
constexpr std::chrono::seconds minors_known_for{2};
// tcmud undoes what it finds. Who has served a LUN this long and did not, does not know of us.
constexpr auto undone_after = steady_service;

std::optional<std::string> line_about(const Deed& deed) {
    switch (deed.outcome) {
        case Outcome::guarded: return "its commands end with errors until it is served again";
        case Outcome::in_use: return "another process serves it: it is left alone";
        case Outcome::undone: return "what was changed of it is set back";
        case Outcome::failed: return deed.error;
        case Outcome::hung:
            return "the kernel does not let go of who writes its configfs: it is left to itself";
        case Outcome::gone:
        case Outcome::none:
        case Outcome::returned: break;
    }
    if (deed.error.empty()) return std::nullopt;
    return deed.error;
}

}  // namespace

Guard::Guard(Paths paths, Watch::Clock::duration patience, Say say)
    : paths_(std::move(paths)),
      watch_(patience),
      say_(std::move(say)),
      crew_([where = paths_](std::string_view order) { return obey(where, order); }) {}

void Guard::look(Watch::Clock::time_point now) {
    const auto seen = presence(paths_.run_directory);
    // Nobody misses a tcmud that has served nothing since the machine was booted.
    if (seen != Presence::serving && luns_in(paths_.journals()).empty()) watch_.begin_anew();
    const bool act = watch_.look(seen, now);
    if (act && !acting_) tell_of_acting();
    acting_ = act;
    // Its successor switches answers on again.
    if (seen == Presence::serving) writers_freed_ = false;
    const auto todo = tasks(act, now);
    // First, for who waits holds directories of configfs.
    if (act && !writers_freed_) free_writers_once();
    guarding_ = !todo.empty();
    if (!guarding_) {
        tried_.clear();
        crew_.dismiss();
        return;
    }
    std::vector<Order> orders;
    bool new_ones = false;
    for (const auto& task : todo) {
        orders.push_back(order_to_guard(task));
        new_ones = tried_.insert(task.lun).second || new_ones;
    }
    const auto deeds = crew_.work(orders, new_ones ? processes_to_act : processes_to_go_on);
    for (std::size_t i = 0; i < todo.size(); ++i) take_note(todo[i], deeds[i], now);
    undo_those_in_use(now);
}

void Guard::tell_of_acting() {
    const auto unserved = std::chrono::duration_cast<std::chrono::seconds>(watch_.unserved());
    say_("tcmud has not served for " + std::to_string(unserved.count()) + " s");
}

void Guard::free_writers_once() {
    const auto deed = crew_.work({order_to_free_writers()}, 1).front();
    writers_freed_ = deed.outcome == Outcome::undone || deed.outcome == Outcome::none;
    // Another TCMU daemon may end, and then they are freed.
    if (!writers_freed_ && deed.outcome != Outcome::in_use) say_once("writers of configfs", deed);
}

// What is recorded goes on being guarded, whoever is there, until it is served: then its record is gone, or
// it is in use.
std::vector<Task> Guard::tasks(bool act, Watch::Clock::time_point now) {
    const auto recorded = luns_in(paths_.records());
    std::set<Lun> all(recorded.begin(), recorded.end());
    std::erase_if(guarded_, [&](const Lun& lun) {
        if (all.contains(lun)) return false;
        said_.erase(lun.text());
        return true;
    });
    std::erase_if(in_use_, [&](const auto& entry) { return !all.contains(entry.first); });
    if (act) {
        for (auto& lun : luns_in(paths_.journals())) all.insert(std::move(lun));
    }
    std::vector<Task> tasks;
    if (all.empty()) return tasks;
    find_minors(now);
    for (const auto& lun : all) {
        const auto minor = minors_.find(lun);
        tasks.push_back({lun, minor == minors_.end() ? std::nullopt : std::optional(minor->second),
                         act && !guarded_.contains(lun)});
    }
    return tasks;
}

// Who uses one looks whether it is still the LUN's.
void Guard::find_minors(Watch::Clock::time_point now) {
    if (guarding_ && now - minors_found_ < minors_known_for) return;
    minors_found_ = now;
    minors_.clear();
    for (const auto& found : uio::find_devices(paths_.uio_class))
        minors_[{found.name.hba_directory(), found.name.device}] = found.minor;
}

std::chrono::milliseconds Guard::interval() const {
    return guarding_ ? while_guarding : while_watching;
}

void Guard::take_note(const Task& task, const Deed& deed, Watch::Clock::time_point now) {
    if (deed.outcome == Outcome::guarded && task.first) guarded_.insert(task.lun);
    std::error_code error;
    if (deed.outcome != Outcome::in_use) {
        in_use_.erase(task.lun);
    } else if (std::filesystem::exists(paths_.records() / task.lun.file_name(), error)) {
        in_use_.emplace(task.lun, now);
        // That a LUN whose commands ended with errors is served now, is as it should be.
        return;
    }
    say_once(task.lun.text(), deed);
}

void Guard::undo_those_in_use(Watch::Clock::time_point now) {
    std::vector<Lun> luns;
    for (const auto& [lun, since] : in_use_) {
        if (now - since >= undone_after) luns.push_back(lun);
    }
    if (!luns.empty()) undo(luns);
}

void Guard::undo(const std::vector<Lun>& luns) {
    std::vector<Order> orders;
    for (const auto& lun : luns) orders.push_back(order_to_undo(lun));
    const auto deeds = crew_.work(orders, processes_to_act);
    for (std::size_t i = 0; i < luns.size(); ++i) say_once(luns[i].text(), deeds[i]);
}

bool Guard::undo_all() {
    const auto luns = luns_in(paths_.records());
    undo(luns);
    return luns_in(paths_.records()).empty();
}

// What repeats at every look is told once.
void Guard::say_once(const std::string& subject, const Deed& deed) {
    const auto line = line_about(deed);
    if (!line) return;
    auto& last = said_[subject];
    if (last.outcome == deed.outcome && last.error == deed.error) return;
    last = deed;
    say_(subject + ": " + *line);
}

}  // namespace tcmud::guard
