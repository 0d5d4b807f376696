// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/takeover.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "handler/daemon/line_channel.hpp"
#include "handler/daemon/signal.hpp"
#include "handler/http/client.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;
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

// nullopt: there is none.
Result<std::optional<http::Client>> ask(const std::filesystem::path& path) {
    auto client = http::Client::connect(path, patience);
    if (!client) {
        const auto error = client.error();
        if (error.number == ECONNREFUSED || error.number == ENOENT) return std::nullopt;
        return refused(error.text);
    }
    const auto response = client->ask({"POST", "/takeover", "", "tcmud-takeover"});
    if (!response) return refused(response.error().text);
    if (response->status != http::status::switching_protocols)
        return refused(fmt::format("it answers {}", response->status));
    return std::move(*client);
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
    auto client = ask(control_socket);
    if (!client) return tl::unexpected(client.error());
    if (!*client) return std::nullopt;
    asio::io_context context;
    std::optional<Found> found;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            auto greeting =
                greet(LineChannel(context, Protocol::socket(context, Protocol(), (*client)->release())));
            found = co_await std::move(greeting);
        },
        rethrow);
    context.run_for(2 * patience);
    if (!found) return refused("it does not answer");
    return std::move(*found);
}

Result<RunDirectory> get_run_directory(const std::filesystem::path& path, bool takeover,
                                       std::optional<Predecessor>& predecessor) {
    if (takeover) {
        auto found = find_predecessor(path / "control.sock");
        if (!found) return tl::unexpected(found.error());
        predecessor = std::move(*found);
    }
    if (predecessor) return RunDirectory::inherit(path, std::move(predecessor->lock));
    return RunDirectory::take(path);
}

}  // namespace tcmud::daemon
