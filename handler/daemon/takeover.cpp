// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/takeover.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "handler/daemon/line_channel.hpp"
#include "handler/daemon/signal.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;

constexpr auto patience = 5s;

std::string_view cut_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::optional<std::uint32_t> number_in(std::string_view word) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return number;
}

using Found = Result<std::optional<Predecessor>>;

tl::unexpected<Error> refused(const std::string& why) {
    return failure(EPROTO, "cannot take over from the tcmud that runs: " + why);
}

// After the switch of protocols.
asio::awaitable<Found> greet(LineChannel channel) {
    co_await channel.send("hello");
    auto received = co_await channel.receive(patience);
    if (received.status != LineChannel::Status::line) co_return refused("it does not answer");
    const auto port = parse_welcome(received.line.text);
    if (!port || !received.line.descriptor)
        co_return refused(fmt::format("it answers '{}'", received.line.text));
    co_return Predecessor{channel.release(), std::move(received.line.descriptor), *port};
}

asio::awaitable<Found> ask(asio::io_context& context, std::filesystem::path path) {
    beast::basic_stream<Protocol, asio::any_io_executor> stream(context);
    stream.expires_after(patience);
    boost::system::error_code error;
    co_await stream.async_connect(Protocol::endpoint(path.string()),
                                  asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::connection_refused || error == boost::system::errc::no_such_file_or_directory)
        co_return std::nullopt;
    http::request<http::empty_body> request(http::verb::post, "/takeover", 11);
    request.set(http::field::host, "tcmud");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::upgrade, "tcmud-takeover");
    if (!error) co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    if (!error)
        co_await http::async_read(stream, buffer, response, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return refused(error.message());
    if (response.result() != http::status::switching_protocols)
        co_return refused(fmt::format("it answers {}", response.result_int()));
    LineChannel channel(context, Protocol::socket(stream.release_socket()));
    auto greeting = greet(std::move(channel));
    co_return co_await std::move(greeting);
}

}  // namespace

std::string text_of(const LunLine& line) {
    return fmt::format("{} {} {}", line.verb, line.minor, line.lun);
}

std::optional<LunLine> parse_lun_line(std::string_view text) {
    LunLine line;
    line.verb = cut_word(text);
    const auto minor = number_in(cut_word(text));
    line.lun = text;
    if (!minor || line.verb.empty() || line.lun.find('/') == std::string::npos) return std::nullopt;
    line.minor = *minor;
    return line;
}

std::string welcome_text(std::uint32_t port) {
    return fmt::format("welcome {}", port);
}

std::optional<std::uint32_t> parse_welcome(std::string_view text) {
    if (cut_word(text) != "welcome") return std::nullopt;
    return number_in(text);
}

Result<std::optional<Predecessor>> find_predecessor(const std::filesystem::path& control_socket) {
    asio::io_context context;
    std::optional<Found> found;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            auto asking = ask(context, control_socket);
            found = co_await std::move(asking);
        },
        rethrow);
    context.run_for(2 * patience);
    if (!found) return refused("it does not answer");
    return std::move(*found);
}

}  // namespace tcmud::daemon
