// SPDX-License-Identifier: Apache-2.0
// Messages of the TCM-USER netlink family.
#include "netlink/messages.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int family = 0x1c;
    const auto event = netlink::decode(std::as_bytes(std::span(data, size)), family);
    if (!event) return 0;
    const auto again = netlink::decode(netlink::encode(*event, family), family);
    promise(again && *again == *event, "an event that was understood can be sent on");
    return 0;
}
