// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/lun.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "handler/daemon/log.hpp"
#include "handler/daemon/lun_patience.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_retry = 60s;
constexpr auto close_patience = 5000ms;
constexpr auto control_patience = 3000ms;
constexpr auto end_waiting_for = 1000ms;
constexpr auto end_waiting_interval = 100ms;

}  // namespace

Lun::Lun(const LunServices& services, std::uint32_t minor, const uio::DeviceName& name)
    : services_(services),
      minor_(minor),
      uio_name_(name),
      name_{name.hba_directory(), name.device},
      retry_after_(first_retry),
      requested_(services.context) {}

void Lun::start(Origin origin) {
    uio_ = std::move(origin.uio);
    *awaited_ = origin.added.has_value();
    asio::co_spawn(
        services_.context,
        [self = shared_from_this(), added = std::move(origin.added), tried = std::move(origin.tried)] {
            return self->live(added, tried);
        },
        rethrow);
}

void Lun::ask(const netlink::Event& event) {
    *awaited_ = true;
    push(event);
}
void Lun::vanished() {
    push(Vanished{});
}
void Lun::stop() {
    push(Stop{});
}

void Lun::push(Request request) {
    requests_.push_back(std::move(request));
    requested_.notify();
}

void Lun::change(LunEvent event) {
    const auto to = next(state_, event);
    assert(to && "an event that this state does not know");
    log::debug("{}: {} -> {}", name_.text(), daemon::name_of(state_), daemon::name_of(*to));
    state_ = *to;
}

// The kernel has one question at a time for each device: when the next is there, this one was answered, by a
// predecessor or by a reset; and an answer of another kind than the question would leave its writer waiting
// for ever.
bool Lun::asks_later(const netlink::Event& event) const {
    services_.hear();
    return std::ranges::any_of(requests_, [&](const Request& request) {
        const auto* later = std::get_if<netlink::Event>(&request);
        return later && later != &event && later->device_id == event.device_id;
    });
}

bool Lun::answer(const netlink::Event& event, int status) const {
    return !asks_later(event) && services_.answer({event.request, event.device_id, status});
}

// One that was found may be announced just now: then it is that announcement which is answered.
bool Lun::answer_added(const netlink::Event& event) {
    if (asks_later(event)) return false;
    added_id_ = event.device_id;
    return services_.answer({event.request, event.device_id, added_status()});
}

bool Lun::is_to_go() const {
    return std::ranges::any_of(requests_, [](const Request& request) {
        const auto* event = std::get_if<netlink::Event>(&request);
        return std::holds_alternative<Vanished>(request) ||
               (event && event->request == netlink::Request::removed);
    });
}

int Lun::added_status() const {
    return state_ == LunState::serving ? 0 : -std::max(1, error_number_);
}

asio::awaitable<void> Lun::live(std::optional<netlink::Event> added, std::function<void()> tried) {
    co_await try_to_open();
    if (tried) tried();
    // One that was found, not announced: a predecessor may have died between the announcement and its answer.
    if (!added && facts_.device_id != 0 && !facts_.enabled) {
        added.emplace();
        added->device_id = facts_.device_id;
    }
    const bool waited = added && answer_added(*added);
    // Where the kernel waited for the answer it forgets the device now. Where it did not, the device is tried
    // again.
    if (waited && state_ == LunState::waiting) change(LunEvent::refused);
    while (state_ != LunState::closed) {
        const auto request = co_await next_request();
        if (request) {
            if (co_await deal_with(*request)) break;
        } else if (co_await exists()) {
            co_await try_to_open();
        } else {
            gone_ = true;
            change(LunEvent::removed);
            while (!co_await leave(drain_report)) log::warning("{}: is gone, but not idle", name_.text());
            change(LunEvent::drained);
            co_await close_uio();
        }
    }
    answer_what_is_left();
    services_.ended(*this);
}

// Whoever waits for an answer gets one, also of a LUN that is gone.
void Lun::answer_what_is_left() {
    while (!requests_.empty()) {
        const auto request = std::move(requests_.front());
        requests_.pop_front();
        if (const auto* event = std::get_if<netlink::Event>(&request)) {
            answer(*event, event->request == netlink::Request::removed ? 0 : -ENODEV);
        } else if (const auto* hand_over = std::get_if<std::shared_ptr<HandOver>>(&request)) {
            (*hand_over)->answered.notify();
        }
    }
}

asio::awaitable<bool> Lun::exists() const {
    auto looking = services_.offload.run<bool>(
        "look for the device", change_patience,
        [minor = minor_, name = uio_name_]() -> Result<bool> {
            const auto now = uio::name_of(minor);
            return now && now->same_device(name);
        },
        awaited_);
    const auto there = co_await std::move(looking);
    co_return there.value_or(true);
}

// nullopt: it is time to try to open the LUN again.
asio::awaitable<std::optional<Lun::Request>> Lun::next_request() {
    if (requests_.empty()) *awaited_ = false;
    while (requests_.empty()) {
        std::chrono::steady_clock::duration patience = std::chrono::hours(24);
        if (state_ == LunState::waiting) {
            const auto now = std::chrono::steady_clock::now();
            if (now >= retry_at_) co_return std::nullopt;
            if (now >= absent_at_) co_await serve_as_absent();
            patience = std::min(retry_at_, std::max(absent_at_, now + first_retry)) - now;
        }
        co_await requested_.wait(patience);
    }
    auto request = std::move(requests_.front());
    requests_.pop_front();
    co_return request;
}

asio::awaitable<void> Lun::try_to_open() {
    change(LunEvent::open);
    if (!error_.empty()) ++open_retries_;
    const auto opened = co_await open();
    if (opened) {
        error_.clear();
        retry_after_ = first_retry;
        change(LunEvent::opened);
        const auto size = kind() == LunKind::disk ? fmt::format(" ({} bytes in blocks of {})",
                                                                raw(facts_.size), facts_.block_size.bytes)
                                                  : "";
        log::info("{}: serving {}{}", name_.text(), uio_name_.config, size);
        co_await undo_guard();
        co_return;
    }
    error_number_ = opened.error().number;
    // Of a device that has just gone, or is coming, nobody needs to hear.
    if (error_ != opened.error().text && error_number_ != EINPROGRESS && !is_to_go() && co_await exists())
        log::error("{}: cannot be served: {}", name_.text(), opened.error().text);
    const auto now = std::chrono::steady_clock::now();
    if (error_.empty()) {
        absent_at_ = now + services_.settings.not_ready_after;
    } else if (!served_ && absent_at_ == decltype(absent_at_)::max()) {
        absent_at_ = now + first_retry;  // Not even that could be done.
    }
    error_ = opened.error().text;
    change(LunEvent::failed);
    // While initiators wait it is worth trying often.
    if (served_ || now >= absent_at_)
        retry_after_ = std::min<std::chrono::steady_clock::duration>(retry_after_ * 2, longest_retry);
    retry_at_ = now + retry_after_;
}

// True: its life has ended.
asio::awaitable<bool> Lun::deal_with(const Request& request) {
    if (const auto* event = std::get_if<netlink::Event>(&request)) {
        switch (event->request) {
            case netlink::Request::added: co_await deal_with_added(*event); co_return false;
            case netlink::Request::reconfigured:
                answer(*event, co_await reconfigure(*event));
                co_return false;
            case netlink::Request::removed: break;
        }
    } else if (const auto* broken = std::get_if<Broken>(&request)) {
        co_await deal_with_broken(*broken);
        co_return false;
    } else if (const auto* hand_over = std::get_if<std::shared_ptr<HandOver>>(&request)) {
        co_return co_await deal_with_hand_over(**hand_over);
    }
    co_return co_await give_up(request);
}

// True: its life has ended.
asio::awaitable<bool> Lun::give_up(const Request& request) {
    const bool stopping = std::holds_alternative<Stop>(request);
    change(LunEvent::removed);
    const std::chrono::milliseconds patience = stopping ? services_.settings.stop_timeout : drain_report;
    // While it has commands it lives: it is the process that does not wait for it.
    while (!co_await leave(patience)) {
        log::warning("{}: {}", name_.text(),
                     stopping ? "has commands that do not end; they stay in the ring"
                              : "is being removed, but its backend has not ended all I/O");
    }
    change(LunEvent::drained);
    gone_ = !stopping;
    if (!stopping) co_await close_uio();
    if (const auto* event = std::get_if<netlink::Event>(&request)) {
        answer(*event, 0);
        std::error_code ignored;  // It says nothing about any other device.
        std::filesystem::remove(guard_record(), ignored);
        log::info("{}: removed", name_.text());
    }
    co_return true;
}

// The answers that are under way would only break it more; a reset makes a new ring of it.
asio::awaitable<void> Lun::deal_with_broken(const Broken& broken) {
    if (state_ != LunState::serving) co_return;
    log::error("{}: {}: it is reset, and initiators repeat their commands", name_.text(), broken.problem);
    change(LunEvent::lost);
    while (!co_await leave(drain_report)) log::warning("{}: its backend has not ended all I/O", name_.text());
    retry_after_ = first_retry;
    co_await try_to_open();
}

asio::awaitable<bool> Lun::pause(std::chrono::milliseconds at_most) {
    if (!served_) co_return true;
    auto idle = std::make_shared<Signal>(services_.context);
    loop_->post([served = served_, &context = services_.context, idle] {
        served->pause([&context, idle] { asio::post(context, [idle] { idle->notify(); }); });
    });
    co_return co_await idle->wait(at_most);
}

void Lun::resume() {
    loop_->post([served = served_] { served->resume(); });
}

asio::awaitable<Result<std::string>> Lun::control(std::string command) {
    if (state_ != LunState::serving) {
        co_return failure(ENODEV, error_.empty() ? "it is not being served just now"
                                                 : fmt::format("it is not being served: {}", error_));
    }
    auto asking = begun_on_loop<Result<std::string>>(
        services_.context, *loop_,
        [served = served_, command](serving::ServedUnit::Controlled done) {
            served->control(command, std::move(done));
        },
        control_patience);
    auto answer = co_await std::move(asking);
    if (!answer) co_return tl::unexpected(answer.error());
    co_return std::move(*answer);
}

// False: not yet.
asio::awaitable<bool> Lun::leave(std::chrono::milliseconds at_most) {
    if (!served_) co_return true;
    loop_->post([served = served_] { served->closing(); });
    if (!co_await pause(at_most)) co_return false;
    auto served = std::move(served_);
    served_ = nullptr;
    auto leaving = on_loop<std::shared_ptr<OpenedBackend>>(
        services_.context, *loop_, [served = std::move(served)]() mutable {
            auto left = std::make_shared<OpenedBackend>(served->leave());
            served.reset();
            return left;
        });
    auto backend = co_await std::move(leaving);
    services_.threads.give_back(*loop_, placed_with_);
    loop_ = nullptr;
    if (backend) co_await close_backend(std::move(**backend));
    co_return true;
}

asio::awaitable<void> Lun::close_backend(OpenedBackend backend) {
    auto closing = std::make_shared<OpenedBackend>(std::move(backend));
    auto work = [closing]() mutable -> Result<bool> {
        *closing = OpenedBackend();
        return true;
    };
    closing.reset();
    auto ending =
        services_.offload.run<bool>("close " + uio_name_.config, close_patience, std::move(work), awaited_);
    const auto closed = co_await std::move(ending);
    if (!closed) log::warning("{}: {}", name_.text(), closed.error().text);
}

LunReport Lun::report() const {
    LunReport report;
    report.name = name_;
    report.config = uio_name_.config;
    report.minor = minor_;
    report.state = state_;
    report.size = facts_.size;
    report.block_size = facts_.block_size;
    report.error = error_;
    report.absent = is_absent();
    if (loop_) report.serving_thread = services_.threads.report(*loop_);
    if (served_) report.counters = counters_of(*served_);
    report.open_retries = open_retries_;
    report.ring_resets = ring_resets_;
    return report;
}

std::optional<LunServing> Lun::serving() const {
    if (!served_) return std::nullopt;
    return LunServing{name_.text(), loop_, served_,
                      served_->counters().in_flight.load(std::memory_order_relaxed)};
}

// For a while: initiators repeat some of what ends.
asio::awaitable<void> Lun::end_what_waits() {
    asio::steady_timer timer(services_.context);
    for (auto left = end_waiting_for; left > 0ms && served_; left -= end_waiting_interval) {
        loop_->post([served = served_] { served->session().end_what_waits(); });
        timer.expires_after(end_waiting_interval);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace tcmud::daemon
