// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <span>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

namespace tcmud::netlink {

namespace {

constexpr const char* family_name = "TCM-USER";
constexpr const char* group_name = "config";
// Events of more than a thousand devices that come at once.
constexpr int receive_buffer = 4 * 1024 * 1024;

// libnl's error codes to errno, for those that matter to us.
std::error_code error_of(int libnl_error) {
    switch (-libnl_error) {
        case NLE_OBJ_NOTFOUND: return std::make_error_code(std::errc::no_such_file_or_directory);
        case NLE_PERM:
        case NLE_NOACCESS: return std::make_error_code(std::errc::operation_not_permitted);
        case NLE_NODEV: return std::make_error_code(std::errc::no_such_device);
        case NLE_INVAL: return std::make_error_code(std::errc::invalid_argument);
        default: return std::make_error_code(std::errc::io_error);
    }
}

}  // namespace

void Socket::Free::operator()(nl_sock* socket) const {
    ::nl_socket_free(socket);
}

Socket::Socket(Handle events, Handle requests, int family_id, std::uint32_t group)
    : events_(std::move(events)), requests_(std::move(requests)), family_id_(family_id), group_(group) {}

tl::expected<Socket, std::error_code> Socket::open() {
    Handle events(::nl_socket_alloc());
    Handle requests(::nl_socket_alloc());
    if (!events || !requests) return tl::unexpected(std::make_error_code(std::errc::not_enough_memory));
    for (auto* socket : {events.get(), requests.get()}) {
        if (const int error = ::genl_connect(socket); error < 0) return tl::unexpected(error_of(error));
    }
    const int family = ::genl_ctrl_resolve(requests.get(), family_name);
    if (family < 0) return tl::unexpected(std::make_error_code(std::errc::no_such_file_or_directory));
    const int group = ::genl_ctrl_resolve_grp(requests.get(), family_name, group_name);
    if (group < 0) return tl::unexpected(error_of(group));

    const int fd = ::nl_socket_get_fd(events.get());
    // FORCE needs CAP_NET_ADMIN; without it the system's limit holds.
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) != 0) {
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (const int error = ::nl_socket_add_membership(events.get(), group); error < 0) {
        return tl::unexpected(error_of(error));
    }
    return Socket(std::move(events), std::move(requests), family, static_cast<std::uint32_t>(group));
}

int Socket::fd() const {
    return ::nl_socket_get_fd(events_.get());
}

std::uint32_t Socket::port() const {
    return ::nl_socket_get_local_port(events_.get());
}

Socket::Received Socket::receive() {
    Received received;
    std::vector<std::byte> buffer(16384);
    for (;;) {
        const auto length = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0 && errno == ENOBUFS) {
            received.lost = true;
            continue;
        }
        if (length <= 0) return received;
        std::span<const std::byte> rest(buffer.data(), static_cast<std::size_t>(length));
        while (rest.size() >= sizeof(nlmsghdr)) {
            nlmsghdr header;
            std::memcpy(&header, rest.data(), sizeof header);
            if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) break;
            if (auto event = decode(rest.first(header.nlmsg_len), family_id_))
                received.events.push_back(std::move(*event));
            rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
        }
    }
}

std::error_code Socket::transact(std::vector<std::byte> bytes) {
    const std::unique_ptr<nl_msg, decltype(&::nlmsg_free)> message(
        ::nlmsg_convert(reinterpret_cast<nlmsghdr*>(bytes.data())), &::nlmsg_free);
    if (!message) return std::make_error_code(std::errc::not_enough_memory);
    if (const int error = ::nl_send_auto(requests_.get(), message.get()); error < 0) return error_of(error);
    const int error = ::nl_wait_for_ack(requests_.get());
    return error < 0 ? error_of(error) : std::error_code{};
}

std::error_code Socket::send(const Answer& answer) {
    return transact(encode(answer, family_id_));
}

std::error_code Socket::set_reply_mode(bool on) {
    return transact(encode_reply_mode(on, family_id_));
}

}  // namespace tcmud::netlink
