// SPDX-License-Identifier: Apache-2.0
// A TCP address to listen on, as the administrator writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tcmud::daemon {

struct ListenAddress {
    std::string host;  // A number: "127.0.0.1", "::1".
    std::uint16_t port = 0;
    bool operator==(const ListenAddress&) const = default;
};

// "9660": of this machine only; "192.0.2.7:9660", "0.0.0.0:9660", "[::1]:9660". No names: who may connect
// must not depend on a name server.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace tcmud::daemon
