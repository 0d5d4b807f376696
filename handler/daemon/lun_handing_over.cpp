// SPDX-License-Identifier: Apache-2.0
// How a LUN is given to another tcmud.
#include <utility>

#include "handler/daemon/descriptor_store.hpp"
#include "handler/daemon/log.hpp"
#include "handler/daemon/lun.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

// Of what asks for it; the LUN may just be opened or changed.
constexpr auto request_patience = 5000ms;
// While it waits for commands to end, it takes no new ones.
constexpr auto hand_over_patience = 150ms;
constexpr auto forget_patience = 5000ms;

}  // namespace

asio::awaitable<HandedOver> Lun::hand_over() {
    auto request = std::make_shared<HandOver>(services_.context);
    push(request);
    if (!co_await request->answered.wait(request_patience)) {
        request->withdrawn = true;
        co_return HandedOver{HandedOver::How::busy, {}};
    }
    co_return std::move(request->answer);
}

// True: it is the successor's.
asio::awaitable<bool> Lun::deal_with_hand_over(HandOver& request) {
    if (request.withdrawn) co_return false;
    request.answer.how = HandedOver::How::busy;
    if (served_) {
        if (!co_await pause(hand_over_patience) || !co_await leave(hand_over_patience)) {
            resume();
            request.answered.notify();
            co_return false;
        }
    }
    change(LunEvent::removed);
    change(LunEvent::drained);
    // The successor has heard of them too.
    std::erase_if(requests_,
                  [](const Request& left) { return std::holds_alternative<netlink::Event>(left); });
    request.answer = {HandedOver::How::given, std::move(uio_)};
    request.answered.notify();
    co_return true;
}

// For ever: the device is gone, or is no longer ours.
asio::awaitable<void> Lun::close_uio() {
    uio_.reset();
    auto forgetting = services_.offload.run<bool>("forget the UIO device", forget_patience,
                                                  [minor = minor_]() -> Result<bool> {
                                                      DescriptorStore::forget(minor);
                                                      return true;
                                                  });
    const auto forgotten = co_await std::move(forgetting);
    if (!forgotten) log::warning("{}: {}", name_.text(), forgotten.error().text);
}

}  // namespace tcmud::daemon
