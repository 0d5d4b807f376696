// SPDX-License-Identifier: Apache-2.0
// Writers of configfs that the kernel makes wait for a daemon's answer, and those that would wait from now
// on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "handler/guard/deed.hpp"
#include "handler/guard/paths.hpp"

namespace tcmud::guard {

// The generic netlink family TCM-USER: its number, and that of its group of listeners.
struct Family {
    std::uint16_t id = 0;
    std::uint32_t group = 0;
};

// Messages, whole: CTRL_CMD_GETFAMILY and its answer; SET_FEATURES, nobody answers; the error of an
// NLMSG_ERROR, 0 if it is an acknowledgement.
std::vector<std::byte> encode_family_request();
std::optional<Family> decode_family(std::span<const std::byte> message);
std::vector<std::byte> encode_no_answers(std::uint16_t family);
std::optional<int> decode_error(std::span<const std::byte> message);

// Has the kernel no longer wait for answers, and frees who waits now, with EINTR. Not while anybody listens:
// those answers may be his. May block.
Deed free_writers(const Paths& paths);

}  // namespace tcmud::guard
