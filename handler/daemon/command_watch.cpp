// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/command_watch.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "handler/daemon/log.hpp"
#include "handler/daemon/text_file.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;
using serving::LongCommands;

constexpr auto shortest_interval = 100ms;
constexpr auto longest_interval = 1000ms;
// After so many looks that found nothing in flight nobody looks until there is something again.
constexpr unsigned quiet_looks = 2;
// What a look may write about LUNs that hang; a file system may have hundreds.
constexpr std::size_t lines_per_look = 10;
// Of each LUN, on request.
constexpr std::size_t described_commands = 100;
constexpr auto answer_patience = 1000ms;

long long whole_seconds(CommandWatch::Duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

bool same(const std::weak_ptr<serving::ServedLun>& a, const std::weak_ptr<serving::ServedLun>& b) {
    return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

std::string cdb_text(const serving::CommandReport& command) {
    std::string text;
    for (const auto byte : command.cdb)
        text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned>(byte));
    return text;
}

std::string name_of(const serving::CommandReport& command) {
    if (!command.name.empty() || command.cdb.empty()) return command.name;
    return fmt::format("{:02x}h", static_cast<unsigned>(command.cdb[0]));
}

std::string thread_text(pid_t thread) {
    if (thread == 0) return {};
    const auto wchan = read_text_file(fmt::format("/proc/self/task/{}/wchan", thread));
    if (!wchan || wchan->empty() || *wchan == "0") return fmt::format(" (thread {})", thread);
    return fmt::format(" (thread {}, in {})", thread, *wchan);
}

CommandWatch::CommandWatch(asio::io_context& context, ServingThreads& threads,
                           std::chrono::milliseconds report_after,
                           std::function<std::vector<LunServing>()> luns)
    : context_(context),
      threads_(threads),
      report_after_(report_after),
      interval_(std::clamp<std::chrono::milliseconds>(report_after / 4, shortest_interval, longest_interval)),
      luns_(std::move(luns)),
      woken_(context) {
    threads.activity().on_wake([this, &context] { asio::post(context, [this] { woken_.notify(); }); });
}

asio::awaitable<void> CommandWatch::run() {
    asio::steady_timer timer(context_);
    for (unsigned quiet = 0;;) {
        quiet = look_at_all() ? 0 : quiet + 1;
        if (quiet == quiet_looks) threads_.activity().sleep();
        if (quiet > quiet_looks) {
            while (!co_await woken_.wait(24h)) {
            }
            quiet = 0;
            last_look_ = {};
            continue;
        }
        timer.expires_after(interval_);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

bool CommandWatch::look_at_all() {
    const auto now = std::chrono::steady_clock::now();
    // The whole process was stopped, and commands could not end meanwhile: they get their chance first.
    const bool was_stopped = last_look_ != Time{} && now - last_look_ > 3 * interval_ + 1s;
    last_look_ = now;
    if (lines_ > lines_per_look) {
        log::warning("{} more lines on LUNs whose commands hang were left out: tcmuctl hung lists them",
                     lines_ - lines_per_look);
    }
    lines_ = 0;
    const auto luns = luns_();
    std::erase_if(states_, [&](const auto& known) {
        return std::ranges::find(luns, known.first, &LunServing::name) == luns.end();
    });
    bool anything = false;
    for (const auto& lun : luns) {
        auto& state = states_[lun.name];
        if (!same(state.lun, lun.lun)) {
            state = State();
            state.lun = lun.lun;
        }
        if (lun.in_flight == 0 && !state.asked) {
            take(lun.name, {});
            continue;
        }
        anything = true;
        if (was_stopped) continue;
        if (state.asked) {
            take_silence(lun, state, now);
        } else {
            ask(lun, state);
        }
    }
    return anything;
}

void CommandWatch::ask(const LunServing& lun, State& state) {
    state.asked = std::chrono::steady_clock::now();
    lun.loop->post([this, &context = context_, name = lun.name, weak = lun.lun, after = report_after_] {
        LongCommands found;
        if (const auto served = weak.lock()) {
            const auto now = std::chrono::steady_clock::now();
            served->session().look(now);
            found = served->session().in_flight_for(after, now, 1);
        }
        asio::post(context, [this, name, weak, found = std::move(found)] {
            const auto known = states_.find(name);
            if (known == states_.end() || !same(known->second.lun, weak)) return;
            known->second.asked.reset();
            take(name, found);
        });
    });
}

void CommandWatch::take(const std::string& name, const LongCommands& found) {
    auto& state = states_[name];
    state.looked = std::chrono::steady_clock::now();
    state.oldest = found.oldest;
    state.hung = found.count;
    if (found.commands.empty()) return report_end(name, state);
    const auto& oldest = found.commands.front();
    report(state, oldest.age,
           fmt::format("{}: {} [{}] has been in flight for {} s{}, {}{}; {} of its commands {}", name,
                       name_of(oldest), cdb_text(oldest), whole_seconds(oldest.age),
                       oldest.aborted ? ", aborted by its initiator" : "", oldest.waits,
                       thread_text(oldest.thread), found.count, found.count == 1 ? "hangs" : "hang"));
}

void CommandWatch::take_silence(const LunServing& lun, State& state, Time now) {
    const auto age = now - *state.asked;
    state.hung = age < report_after_ ? state.hung : lun.in_flight;
    if (age < report_after_) return;
    report(state, age,
           fmt::format("{}: its serving thread has not answered for {} s{}; it has {} commands in flight",
                       lun.name, whole_seconds(age),
                       thread_text(threads_.shared().carriers.thread_of(*lun.loop)), lun.in_flight));
}

void CommandWatch::report(State& state, Duration age, const std::string& line) {
    if (state.reported_since) return;
    state.reported_since = std::chrono::steady_clock::now() - age;
    if (may_write()) log::warning("{}", line);
}

void CommandWatch::report_end(const std::string& name, State& state) {
    if (!state.reported_since) return;
    const auto took = std::chrono::steady_clock::now() - *state.reported_since;
    state.reported_since.reset();
    if (may_write())
        log::info("{}: the commands that hung have ended, after {} s", name, whole_seconds(took));
}

bool CommandWatch::may_write() {
    return ++lines_ <= lines_per_look;
}

void CommandWatch::describe(LunReport& report) const {
    const auto found = states_.find(report.name.text());
    if (found == states_.end() || report.counters.in_flight == 0) return;
    const auto& state = found->second;
    auto oldest = state.oldest;
    // What a thread that does not answer had, it still has.
    if (state.hung != 0) oldest += std::chrono::steady_clock::now() - state.looked;
    report.oldest_command = std::chrono::duration_cast<std::chrono::milliseconds>(oldest);
    report.hung_commands = state.hung;
}

asio::awaitable<HungReport> CommandWatch::older_than(std::optional<std::chrono::milliseconds> age) const {
    struct Gathering {
        explicit Gathering(asio::io_context& context) : all(context) {}
        Signal all;
        std::size_t missing = 0;
        std::map<std::string, LongCommands> answers;
    };
    HungReport report;
    report.older_than = age.value_or(report_after_);
    auto gathering = std::make_shared<Gathering>(context_);
    auto luns = luns_();
    std::erase_if(luns, [](const LunServing& lun) { return lun.in_flight == 0; });
    gathering->missing = luns.size();
    for (const auto& lun : luns) {
        lun.loop->post(
            [gathering, &context = context_, name = lun.name, weak = lun.lun, at_least = report.older_than] {
                LongCommands found;
                if (const auto served = weak.lock()) {
                    const auto now = std::chrono::steady_clock::now();
                    found = served->session().in_flight_for(at_least, now, described_commands);
                }
                asio::post(context, [gathering, name, found = std::move(found)]() mutable {
                    gathering->answers[name] = std::move(found);
                    if (--gathering->missing == 0) gathering->all.notify();
                });
            });
    }
    if (!luns.empty()) co_await gathering->all.wait(answer_patience);
    for (const auto& lun : luns) {
        const auto found = gathering->answers.find(lun.name);
        if (found == gathering->answers.end()) {
            report.silent.push_back(
                {lun.name, lun.in_flight, threads_.shared().carriers.thread_of(*lun.loop)});
            continue;
        }
        for (auto& command : found->second.commands)
            report.commands.push_back({lun.name, std::move(command)});
        report.not_listed += found->second.count - found->second.commands.size();
    }
    co_return report;
}

}  // namespace tcmud::daemon
