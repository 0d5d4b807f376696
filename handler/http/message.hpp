// SPDX-License-Identifier: Apache-2.0
// What HTTP carries (RFC 9112), without the library that reads and writes it.
#pragma once

#include <string>

namespace tcmud::http {

namespace status {
inline constexpr unsigned switching_protocols = 101;
inline constexpr unsigned ok = 200;
inline constexpr unsigned bad_request = 400;
inline constexpr unsigned not_found = 404;
inline constexpr unsigned method_not_allowed = 405;
inline constexpr unsigned conflict = 409;
}  // namespace status

struct Request {
    std::string method = "GET";
    std::string target;  // "/luns", with its query.
    std::string body;
    std::string upgrade;  // The protocol to go on with; empty: this one.
};

struct Response {
    unsigned status = status::ok;
    std::string body;
    std::string content_type = "application/json";
    std::string upgrade;  // The protocol that the connection goes on with; with switching_protocols.
};

}  // namespace tcmud::http
