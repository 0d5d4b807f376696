// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/client.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/http/client.hpp"

namespace tcmud::ctl {

namespace {

tl::unexpected<Error> explained(const std::filesystem::path& socket, const Error& error) {
    const auto where = socket.string();
    if (error.number == ECONNREFUSED || error.number == ENOENT)
        return failure(ENOENT,
                       fmt::format("no tcmud answers on {}: is it running? (systemctl status tcmud)", where));
    if (error.number == EACCES) return failure(EACCES, fmt::format("{}: only root may ask tcmud", where));
    return failure(error.number, fmt::format("{}: {}", where, error.text));
}

Result<http::Response> exchange(const std::filesystem::path& socket, const http::Request& request,
                                std::chrono::seconds patience) {
    auto client = http::Client::connect(socket, patience);
    if (!client) return tl::unexpected(client.error());
    return client->ask(request);
}

Result<nlohmann::json> ask(const std::filesystem::path& socket, const http::Request& request,
                           std::chrono::seconds patience) {
    const auto response = exchange(socket, request, patience);
    if (!response) return explained(socket, response.error());
    auto answer = nlohmann::json::parse(response->body, nullptr, false);
    if (answer.is_discarded()) return failure(EPROTO, "tcmud's answer is no JSON");
    if (response->status == http::status::ok) return answer;
    const auto number = fmt::format("tcmud answered {}", response->status);
    return failure(ENOENT, answer.is_object() ? answer.value("error", number) : number);
}

}  // namespace

Result<nlohmann::json> get(const std::filesystem::path& socket, const std::string& target) {
    return ask(socket, {"GET", target, "", ""}, usual_patience);
}

Result<nlohmann::json> post(const std::filesystem::path& socket, const std::string& target,
                            const nlohmann::json& body, std::chrono::seconds patience) {
    // Names are bytes; what is no UTF-8 in them must not end the program.
    return ask(socket,
               {"POST", target, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), ""},
               patience);
}

}  // namespace tcmud::ctl
