// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/control_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/daemon/log.hpp"
#include "handler/daemon/metrics.hpp"
#include "handler/daemon/report_json.hpp"
#include "handler/daemon/signal.hpp"
#include "handler/http/connection.hpp"
#include "handler/http/target.hpp"

namespace tcmud::daemon {

namespace {

using Protocol = asio::local::stream_protocol;
using json = nlohmann::json;

constexpr auto client_patience = std::chrono::seconds(10);
constexpr std::size_t connection_limit = 64;

// "/hung", "/hung?older=2.5"; nullopt: something else behind the '?'.
struct HungWish {
    std::optional<std::chrono::milliseconds> older_than;
};
std::optional<HungWish> hung_wish(const std::string& target) {
    constexpr std::string_view query = "/hung?older=";
    constexpr double longest = 1e9;
    if (target == "/hung") return HungWish{};
    if (!target.starts_with(query)) return std::nullopt;
    double value = 0;
    const auto* const end = target.data() + target.size();
    const auto parsed = std::from_chars(target.data() + query.size(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(value >= 0 && value <= longest))
        return std::nullopt;
    return HungWish{std::chrono::milliseconds(static_cast<long long>(value * 1000))};
}

struct Answer {
    unsigned status;
    json body;
};

Answer refused(unsigned status, const std::string& why) {
    return {status, {{"error", why}}};
}
Answer controlled(const std::string& answer) {
    return {http::status::ok, {{"answer", answer}}};
}

struct ControlWish {
    std::string lun;
    std::string command;
};

std::optional<ControlWish> control_wish(const std::string& body) {
    const auto wish = json::parse(body, nullptr, false);
    if (!wish.is_object() || !wish.contains("lun") || !wish.contains("command")) return std::nullopt;
    if (!wish["lun"].is_string() || !wish["command"].is_string()) return std::nullopt;
    return ControlWish{wish["lun"].get<std::string>(), wish["command"].get<std::string>()};
}

class Server final : public ControlServer, public std::enable_shared_from_this<Server> {
public:
    Server(asio::io_context& context, Sources sources)
        : context_(context), acceptor_(context), sources_(std::move(sources)) {}

    Result<void> open(const std::filesystem::path& socket) {
        boost::system::error_code error;
        ::unlink(socket.c_str());  // A predecessor's; the run directory's lock says that it is gone.
        acceptor_.open(Protocol(), error);
        // Nobody else may connect, from the first moment on.
        const auto mask = ::umask(0177);
        if (!error) acceptor_.bind(Protocol::endpoint(socket.string()), error);
        ::umask(mask);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (error)
            return failure(error.value(),
                           fmt::format("cannot listen on {}: {}", socket.string(), error.message()));
        asio::co_spawn(context_, accept(shared_from_this()), rethrow);
        return {};
    }

    void close() override {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
    }

private:
    // self: there as long as it is needed.
    asio::awaitable<void> accept(std::shared_ptr<Server> self) {
        while (acceptor_.is_open()) {
            Protocol::socket client(context_);
            boost::system::error_code error;
            co_await acceptor_.async_accept(client, asio::redirect_error(asio::use_awaitable, error));
            if (error == asio::error::operation_aborted) co_return;
            if (error || connections_ >= connection_limit) {
                // Out of descriptors, most likely: not in a tight loop.
                asio::steady_timer pause(context_, std::chrono::milliseconds(100));
                co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
                continue;
            }
            asio::co_spawn(context_, serve(self, http::Connection(std::move(client), client_patience)),
                           rethrow);
        }
    }

    asio::awaitable<void> serve(std::shared_ptr<Server>, http::Connection connection) {
        ++connections_;
        for (;;) {
            auto request = co_await connection.receive();
            if (!request) break;
            const auto response = co_await respond(*request);
            if (!co_await connection.send(response)) break;
            if (response.upgrade.empty()) continue;
            sources_.hand_over(Protocol::socket(context_, Protocol(), connection.release()));
            break;
        }
        --connections_;
    }

    Answer takeover(const std::string& method) const {
        if (method != "POST") return refused(http::status::method_not_allowed, "/takeover takes POST only");
        if (!sources_.may_hand_over())
            return refused(http::status::conflict, "it hands over to another one, or stops");
        return {http::status::switching_protocols, {}};
    }

    asio::awaitable<http::Response> respond(const http::Request& request) const {
        if (request.target == "/metrics" && request.method == "GET")
            co_return http::Response{http::status::ok, sources_.metrics(), std::string(metrics_content_type),
                                     ""};
        auto answered = answer(request.method, request.target);
        if (request.target.starts_with(one_lun) && request.method == "GET")
            answered = co_await details(request.target);
        if (request.target == "/resize") answered = co_await resize(request);
        if (request.target == "/log-level") answered = set_log_level(request);
        if (request.target == "/control") answered = co_await control(request);
        if (request.target == "/takeover") answered = takeover(request.method);
        if (request.target == "/end-waiting") answered = end_what_waits(request);
        if (request.target.starts_with("/hung") && request.method == "GET")
            answered = co_await hung(request.target);
        http::Response response;
        response.status = answered.status;
        if (answered.status == http::status::switching_protocols)
            response.upgrade = "tcmud-takeover";
        else
            // Names are bytes; what is no UTF-8 in them must not end the daemon.
            response.body = answered.body.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
        co_return response;
    }

    asio::awaitable<Answer> control(const http::Request& request) const {
        if (request.method != "POST")
            co_return refused(http::status::method_not_allowed, "/control takes POST only");
        auto wish = control_wish(request.body);
        if (!wish)
            co_return refused(http::status::bad_request,
                              R"(/control takes {"lun": HBA/NAME, "command": TEXT})");
        auto controlling = sources_.control(std::move(wish->lun), std::move(wish->command));
        const auto answer = co_await std::move(controlling);
        co_return answer ? controlled(*answer) : refused(http::status::bad_request, answer.error().text);
    }

    asio::awaitable<Answer> hung(const std::string& target) const {
        const auto wish = hung_wish(target);
        if (!wish) co_return refused(http::status::bad_request, "/hung takes ?older=SECONDS");
        auto gathering = sources_.hung(wish->older_than);
        const auto report = co_await std::move(gathering);
        co_return Answer{http::status::ok, describe(report)};
    }

    static constexpr std::string_view one_lun = "/luns/";
    asio::awaitable<Answer> details(const std::string& target) const {
        auto name = http::unescaped_path(std::string_view(target).substr(one_lun.size()));
        if (!name) co_return refused(http::status::bad_request, "/luns/ takes HBA/NAME");
        auto gathering = sources_.details(std::move(*name));
        const auto known = co_await std::move(gathering);
        if (!known) co_return refused(http::status::not_found, known.error().text);
        co_return Answer{http::status::ok, describe(*known)};
    }

    asio::awaitable<Answer> resize(const http::Request& request) const {
        const auto wish = json::parse(request.body, nullptr, false);
        if (request.method != "POST" || !wish.is_object() || !wish.contains("lun") ||
            !wish["lun"].is_string() || !wish.contains("size_bytes") ||
            !wish["size_bytes"].is_number_unsigned())
            co_return refused(http::status::bad_request,
                              R"(/resize takes POST and {"lun": HBA/NAME, "size_bytes": NUMBER})");
        auto resizing = sources_.resize(wish["lun"].get<std::string>(),
                                        ByteCount{wish["size_bytes"].get<std::uint64_t>()});
        const auto resized = co_await std::move(resizing);
        co_return resized ? controlled("") : refused(http::status::bad_request, resized.error().text);
    }

    static Answer set_log_level(const http::Request& request) {
        const auto wish = json::parse(request.body, nullptr, false);
        const bool usable = request.method == "POST" && wish.is_object() && wish.contains("log_level") &&
                            wish["log_level"].is_string();
        const auto level = usable ? log::level_from(wish["log_level"].get<std::string>()) : std::nullopt;
        if (!level)
            return refused(http::status::bad_request,
                           R"(/log-level takes POST and {"log_level": "debug|info|warning|error"})");
        log::set_level(*level);
        log::info("log level {}", log::name_of(*level));
        return controlled("");
    }

    Answer end_what_waits(const http::Request& request) const {
        const auto wish = json::parse(request.body, nullptr, false);
        if (request.method != "POST" || !wish.is_object() || !wish.contains("lun") ||
            !wish["lun"].is_string())
            return refused(http::status::bad_request, R"(/end-waiting takes POST and {"lun": HBA/NAME})");
        const auto ended = sources_.end_what_waits(wish["lun"].get<std::string>());
        return ended ? controlled("") : refused(http::status::bad_request, ended.error().text);
    }

    Answer answer(const std::string& method, const std::string& target) const {
        if (method != "GET") return refused(http::status::method_not_allowed, "only GET is known here");
        if (target == "/daemon") return {http::status::ok, describe(sources_.daemon())};
        if (target == "/luns" || target == "/stats") {
            json luns = json::array();
            for (const auto& lun : sources_.luns())
                luns.push_back(target == "/luns" ? describe(lun) : describe_with_latencies(lun));
            return {http::status::ok, std::move(luns)};
        }
        if (target == "/modules") {
            json modules = json::array();
            for (const auto* module : sources_.modules()) modules.push_back(describe(*module));
            return {http::status::ok, std::move(modules)};
        }
        return refused(http::status::not_found, fmt::format("there is no {}", target));
    }

    asio::io_context& context_;
    Protocol::acceptor acceptor_;
    Sources sources_;
    std::size_t connections_ = 0;
};

}  // namespace

Result<std::shared_ptr<ControlServer>> ControlServer::listen(asio::io_context& context,
                                                             const std::filesystem::path& socket,
                                                             Sources sources) {
    auto server = std::make_shared<Server>(context, std::move(sources));
    if (auto open = server->open(socket); !open) return tl::unexpected(open.error());
    return server;
}

}  // namespace tcmud::daemon
