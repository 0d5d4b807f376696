// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/taking_over.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "handler/daemon/log.hpp"
#include "handler/daemon/signal.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

constexpr auto silence = 10s;

}  // namespace

TakingOver::TakingOver(asio::io_context& context, LineChannel channel, Luns luns)
    : context_(context), channel_(std::move(channel)), luns_(std::move(luns)) {}

asio::awaitable<bool> TakingOver::run() {
    co_await channel_.send("ready");
    for (;;) {
        auto received = co_await channel_.receive(silence);
        if (received.status == LineChannel::Status::nothing_yet) {
            if (stage_ != Stage::left_overs) log::warning("the tcmud that runs is slow to hand over");
            continue;
        }
        if (received.status == LineChannel::Status::closed) {
            log::warning("the old tcmud is gone without having handed over all");
            break;
        }
        if (received.line.text == "done") break;
        if (!deal_with(std::move(received.line))) {
            log::error("the tcmud that runs does not hand over as this one takes over: stop it instead");
            co_return false;
        }
    }
    advance(Stage::left_overs);
    luns_.alone();
    co_return true;
}

// Also over the stages in between, which a predecessor that dies leaves out.
void TakingOver::advance(Stage to) {
    if (stage_ < Stage::taking && to >= Stage::taking) luns_.all_expected();
    if (stage_ < Stage::left_overs && to >= Stage::left_overs) luns_.tried();
    stage_ = to;
}

// False: it is nonsense.
bool TakingOver::deal_with(LineChannel::Line line) {
    if (line.text == "begin") {
        advance(Stage::taking);
        return true;
    }
    if (line.text == "tried") {
        advance(Stage::left_overs);
        return true;
    }
    const auto lun = parse_lun_line(line.text);
    if (!lun) return false;
    if (lun->verb == "has") {
        luns_.expect(*lun);
    } else if (lun->verb == "gone") {
        luns_.gone(*lun);
    } else if (lun->verb == "given") {
        luns_.inherit(*lun, std::move(line.descriptor), [this, name = lun->lun] {
            asio::co_spawn(
                context_,
                [this, name]() -> asio::awaitable<void> {
                    auto sending = channel_.send("took " + name);
                    co_await std::move(sending);
                },
                rethrow);
        });
    } else {
        return false;
    }
    return true;
}

}  // namespace tcmud::daemon
