// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/client.hpp"

#include <cerrno>
#include <chrono>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tcmud::ctl {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol>;

constexpr auto patience = std::chrono::seconds(5);

tl::unexpected<Error> explained(const std::filesystem::path& socket, const boost::system::error_code& error) {
    const auto where = socket.string();
    if (error == asio::error::connection_refused || error == boost::system::errc::no_such_file_or_directory) {
        return failure(ENOENT,
                       fmt::format("no tcmud answers on {}: is it running? (systemctl status tcmud)", where));
    }
    if (error == asio::error::access_denied) {
        return failure(EACCES, fmt::format("{}: only root may ask tcmud", where));
    }
    return failure(error.value(), fmt::format("{}: {}", where, error.message()));
}

// One request and its answer, each step at most `patience` long.
class Exchange {
public:
    // An empty body: GET.
    boost::system::error_code run(const std::filesystem::path& socket, const std::string& target,
                                  const std::string& body) {
        request_ = {body.empty() ? http::verb::get : http::verb::post, target, 11, body};
        request_.set(http::field::host, "tcmud");
        request_.keep_alive(false);
        request_.prepare_payload();
        stream_.expires_after(patience);
        stream_.async_connect(
            Protocol::endpoint(socket.string()), [&](const boost::system::error_code& error) {
                if (!went_on(error)) return;
                http::async_write(
                    stream_, request_, [&](const boost::system::error_code& written, std::size_t) {
                        if (!went_on(written)) return;
                        http::async_read(
                            stream_, buffer_, response_,
                            [&](const boost::system::error_code& read, std::size_t) { went_on(read); });
                    });
            });
        context_.run();
        return error_;
    }
    const http::response<http::string_body>& response() const { return response_; }

private:
    bool went_on(const boost::system::error_code& error) {
        error_ = error;
        return !error;
    }

    asio::io_context context_;
    Stream stream_{context_};
    beast::flat_buffer buffer_;
    http::request<http::string_body> request_;
    http::response<http::string_body> response_;
    boost::system::error_code error_;
};

Result<nlohmann::json> ask(const std::filesystem::path& socket, const std::string& target,
                           const std::string& body) {
    Exchange exchange;
    if (const auto error = exchange.run(socket, target, body)) return explained(socket, error);
    const auto& response = exchange.response();
    auto answer = nlohmann::json::parse(response.body(), nullptr, false);
    if (answer.is_discarded()) return failure(EPROTO, "tcmud's answer is no JSON");
    if (response.result() == http::status::ok) return answer;
    const auto number = fmt::format("tcmud answered {}", response.result_int());
    return failure(ENOENT, answer.is_object() ? answer.value("error", number) : number);
}

}  // namespace

Result<nlohmann::json> get(const std::filesystem::path& socket, const std::string& target) {
    return ask(socket, target, "");
}

Result<nlohmann::json> post(const std::filesystem::path& socket, const std::string& target,
                            const nlohmann::json& body) {
    // Names are bytes; what is no UTF-8 in them must not end the program.
    return ask(socket, target, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace tcmud::ctl
