// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/line_channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "handler/daemon/signal.hpp"

namespace tcmud::daemon {

namespace {

using Socket = asio::local::stream_protocol::socket;
constexpr std::size_t descriptors_at_once = 16;
constexpr std::size_t lines_kept = 65536;

}  // namespace

struct LineChannel::State {
    State(asio::io_context& context, Socket its_socket) : socket(std::move(its_socket)), changed(context) {}

    asio::awaitable<void> read();
    bool read_some();
    bool take_lines();
    void keep_descriptors(msghdr& message);

    Socket socket;
    Signal changed;
    std::string text;  // Of a line that is not whole yet.
    std::deque<FileDescriptor> descriptors;
    std::deque<Line> lines;
    bool closed = false;
};

asio::awaitable<void> LineChannel::State::read() {
    for (;;) {
        boost::system::error_code error;
        co_await socket.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
        if (error || !read_some() || !take_lines()) break;
        changed.notify();
    }
    closed = true;
    changed.notify();
}

void LineChannel::State::keep_descriptors(msghdr& message) {
    for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const auto count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            descriptors.emplace_back(fd);
        }
    }
}

// False: nothing more will come.
bool LineChannel::State::read_some() {
    std::array<char, longest_line> bytes;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * descriptors_at_once)> control;
    iovec piece{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto count = ::recvmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    keep_descriptors(message);
    text.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0 && (message.msg_flags & MSG_CTRUNC) == 0;
}

// False: these are no lines of ours.
bool LineChannel::State::take_lines() {
    for (;;) {
        const auto end = text.find('\n');
        if (end == std::string::npos) return text.size() <= longest_line;
        if (end == 0 || (text[0] != '+' && text[0] != '-') || lines.size() >= lines_kept) return false;
        Line line{text.substr(1, end - 1), {}};
        if (text[0] == '+') {
            if (descriptors.empty()) return false;
            line.descriptor = std::move(descriptors.front());
            descriptors.pop_front();
        }
        lines.push_back(std::move(line));
        text.erase(0, end + 1);
    }
}

LineChannel::LineChannel(asio::io_context& context, Socket socket)
    : state_(std::make_shared<State>(context, std::move(socket))) {
    asio::co_spawn(
        context, [state = state_] { return state->read(); }, rethrow);
}

LineChannel::~LineChannel() {
    if (!state_) return;
    boost::system::error_code ignored;
    state_->socket.close(ignored);
}

asio::awaitable<LineChannel::Received> LineChannel::receive(std::chrono::steady_clock::duration at_most) {
    const auto state = state_;
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (state->lines.empty() && !state->closed) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= left.zero()) co_return Received{Status::nothing_yet, {}};
        co_await state->changed.wait(left);
    }
    if (state->lines.empty()) co_return Received{Status::closed, {}};
    Received received{Status::line, std::move(state->lines.front())};
    state->lines.pop_front();
    co_return received;
}

asio::awaitable<bool> LineChannel::send(std::string text, int descriptor) {
    const auto state = state_;
    auto bytes = (descriptor < 0 ? "-" : "+") + text + "\n";
    while (!bytes.empty()) {
        iovec piece{bytes.data(), bytes.size()};
        alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof descriptor)> control{};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        if (descriptor >= 0) {
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            auto* part = CMSG_FIRSTHDR(&message);
            part->cmsg_level = SOL_SOCKET;
            part->cmsg_type = SCM_RIGHTS;
            part->cmsg_len = CMSG_LEN(sizeof descriptor);
            std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
        }
        const auto count = ::sendmsg(state->socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            bytes.erase(0, static_cast<std::size_t>(count));
            descriptor = -1;  // It has gone with the first byte.
        } else if (errno == EAGAIN) {
            boost::system::error_code error;
            co_await state->socket.async_wait(Socket::wait_write,
                                              asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return false;
        } else if (errno != EINTR) {
            co_return false;
        }
    }
    co_return true;
}

FileDescriptor LineChannel::release() {
    // Not the socket's own descriptor: the reader still waits on that.
    FileDescriptor descriptor = FileDescriptor(::fcntl(state_->socket.native_handle(), F_DUPFD_CLOEXEC, 0));
    boost::system::error_code ignored;
    state_->socket.close(ignored);
    return descriptor;
}

}  // namespace tcmud::daemon
