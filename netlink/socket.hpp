// SPDX-License-Identifier: Apache-2.0
// The connection to the kernel's TCM-USER family. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include <tl/expected.hpp>

#include "netlink/messages.hpp"

struct nl_sock;

namespace tcmud::netlink {

class Socket {
public:
    // Joins the family's events. Errors: ENOENT, the kernel has no such family (target_core_user is not
    // loaded).
    static tl::expected<Socket, std::error_code> open();

    // Readable when receive() has something to return.
    int fd() const;
    // The port number under which the kernel lists this socket, and the group that it joined.
    std::uint32_t port() const;
    std::uint32_t group() const { return group_; }

    struct Received {
        std::vector<Event> events;
        // Some were lost: the socket's buffer was full. Whoever they were for waits still.
        bool lost = false;
    };
    // All that is there; does not wait.
    Received receive();

    // EPERM: CAP_NET_ADMIN is missing. ENODEV: nobody waits for this answer.
    std::error_code send(const Answer& answer);
    std::error_code set_reply_mode(bool on);

private:
    struct Free {
        void operator()(nl_sock* socket) const;
    };
    using Handle = std::unique_ptr<nl_sock, Free>;
    Socket(Handle events, Handle requests, int family_id, std::uint32_t group);
    std::error_code transact(std::vector<std::byte> message);

    Handle events_;
    Handle requests_;
    int family_id_;
    std::uint32_t group_;
};

}  // namespace tcmud::netlink
