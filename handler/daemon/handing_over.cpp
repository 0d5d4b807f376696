// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/handing_over.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "handler/daemon/log.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

// Of a successor that loads its modules.
constexpr auto start_patience = 30s;
// Opening a LUN may take long; the next one does not wait for ever.
constexpr auto take_patience = 15s;
// Between two tries to give what has commands that do not end.
constexpr auto round_interval = 1s;

bool same(const LunLine& a, const LunLine& b) {
    return a.minor == b.minor && a.lun == b.lun;
}

// GCC 12 destroys an aggregate twice that stands inside of a co_await expression.
std::string lun_line(const char* verb, const LunLine& line) {
    return text_of(LunLine{verb, line.minor, line.lun});
}

}  // namespace

HandingOver::HandingOver(asio::io_context& context, LineChannel channel, Luns luns)
    : context_(context), channel_(std::move(channel)), luns_(std::move(luns)) {}

asio::awaitable<bool> HandingOver::expect(std::string text) {
    const auto received = co_await channel_.receive(start_patience);
    co_return received.status == LineChannel::Status::line&& received.line.text == text;
}

asio::awaitable<bool> HandingOver::run(std::uint32_t port, int lock) {
    const auto welcome = welcome_text(port);
    if (!co_await expect("hello") || !co_await channel_.send(welcome, lock)) co_return false;
    if (!co_await expect("ready")) co_return false;
    luns_.leave_new_ones(true);
    announced_ = luns_.all();
    for (const auto& line : announced_) {
        const auto has = lun_line("has", line);
        co_await channel_.send(has);
    }
    bool there = co_await channel_.send("begin") && co_await round() && co_await channel_.send("tried");
    while (there && !announced_.empty()) {
        const auto received = co_await channel_.receive(round_interval);
        there = received.status != LineChannel::Status::closed && co_await round();
    }
    there = there && co_await channel_.send("done");
    if (!there) luns_.leave_new_ones(false);
    co_return there;
}

// Each LUN once. False: the successor is gone.
asio::awaitable<bool> HandingOver::round() {
    const auto now = luns_.all();
    const auto lines = std::exchange(announced_, {});
    for (const auto& line : lines) {
        const bool there = std::ranges::any_of(now, [&](const LunLine& lun) { return same(lun, line); });
        if (!there) {
            const auto gone = lun_line("gone", line);
            if (!co_await channel_.send(gone)) co_return false;
        } else if (!co_await give(line)) {
            co_return false;
        }
    }
    co_return true;
}

asio::awaitable<bool> HandingOver::give(LunLine line) {
    auto giving = luns_.give(line);
    const auto handed = co_await std::move(giving);
    if (handed.how == HandedOver::How::busy) {
        if (line.verb != "busy") log::warning("{}: has commands that do not end, and stays here", line.lun);
        line.verb = "busy";
        announced_.push_back(line);
        co_return true;
    }
    const bool given = handed.how == HandedOver::How::given;
    const auto told = lun_line(given ? "given" : "gone", line);
    if (!co_await channel_.send(told, handed.uio.get())) co_return false;
    if (!given) co_return true;
    const auto taken = co_await channel_.receive(take_patience);
    if (taken.status == LineChannel::Status::nothing_yet)
        log::warning("{}: the new tcmud needs more than {} s to open it", line.lun, take_patience.count());
    co_return taken.status != LineChannel::Status::closed;
}

}  // namespace tcmud::daemon
