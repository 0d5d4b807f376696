// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/listen_address.hpp"

#include <array>
#include <charconv>

#include <arpa/inet.h>

namespace tcmud::daemon {

namespace {

bool is_address(int family, const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return ::inet_pton(family, text.c_str(), ignored.data()) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) return std::nullopt;
    return port;
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto port = parse_port(colon == std::string_view::npos ? text : text.substr(colon + 1));
    if (!port) return std::nullopt;
    if (colon == std::string_view::npos) return ListenAddress{"127.0.0.1", *port};
    std::string host(text.substr(0, colon));
    if (is_address(AF_INET, host)) return ListenAddress{std::move(host), *port};
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
    if (!is_address(AF_INET6, host)) return std::nullopt;
    return ListenAddress{std::move(host), *port};
}

}  // namespace tcmud::daemon
