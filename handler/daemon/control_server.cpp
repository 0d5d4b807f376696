// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/control_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "handler/daemon/log.hpp"
#include "handler/daemon/signal.hpp"

namespace tcmud::daemon {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol, asio::any_io_executor>;
using json = nlohmann::json;

constexpr auto client_patience = std::chrono::seconds(10);
constexpr std::size_t connection_limit = 64;

double seconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double>(std::chrono::duration_cast<std::chrono::milliseconds>(duration))
        .count();
}

std::string_view kind_of(const ServingThreadReport& thread) {
    return thread.kind == serving::LoopKind::io_uring ? "io_uring" : "inline";
}

json describe(const ServingThreadReport& thread) {
    return {{"name", thread.name},
            {"number", thread.number},
            {"kind", kind_of(thread)},
            {"luns", thread.luns},
            {"cpus", thread.cpus}};
}

json describe(const LunReport& lun) {
    json result{
        {"hba", lun.name.hba},
        {"name", lun.name.device},
        {"config", lun.config},
        {"uio", fmt::format("uio{}", lun.minor)},
        {"state", name_of(lun.state)},
        {"size_bytes", raw(lun.size)},
        {"block_size_bytes", lun.block_size.bytes},
        {"counters",
         {{"commands", lun.counters.commands},
          {"reads", lun.counters.reads},
          {"writes", lun.counters.writes},
          {"read_bytes", lun.counters.read_bytes},
          {"written_bytes", lun.counters.written_bytes},
          {"errors", lun.counters.errors},
          {"task_management", lun.counters.task_management},
          {"doorbells", lun.counters.doorbells},
          {"in_flight", lun.counters.in_flight},
          {"turns_that_found", lun.counters.turns_that_found},
          {"turns_that_took", lun.counters.turns_that_took}}},
    };
    result["oldest_command_seconds"] = seconds(lun.oldest_command);
    result["hung_commands"] = lun.hung_commands;
    if (lun.serving_thread) {
        result["serving_thread"] = lun.serving_thread->number;
        result["serving_kind"] = kind_of(*lun.serving_thread);
        result["serving_cpus"] = lun.serving_thread->cpus;
    }
    if (!lun.error.empty()) result["error"] = lun.error;
    if (lun.absent) result["answers"] = "NOT READY";
    return result;
}

json describe(const DaemonReport& daemon) {
    json threads = json::array();
    for (const auto& thread : daemon.serving_threads) threads.push_back(describe(thread));
    return {{"version", daemon.version},
            {"build_id", daemon.build_id},
            {"subtypes", daemon.subtypes},
            {"serving_threads", daemon.serving_threads.size()},
            {"threads", threads},
            {"stuck_workers", daemon.stuck_workers},
            {"scheduler_weight", daemon.scheduler_weight},
            {"held_serving_threads", daemon.held_serving_threads}};
}

json describe(const HungReport& report) {
    json commands = json::array();
    for (const auto& [lun, command] : report.commands) {
        commands.push_back({{"lun", lun},
                            {"command", name_of(command)},
                            {"cdb", cdb_text(command)},
                            {"age_seconds", seconds(command.age)},
                            {"aborted", command.aborted},
                            {"waits", command.waits + thread_text(command.thread)}});
        if (command.thread != 0) commands.back()["thread"] = command.thread;
    }
    json silent = json::array();
    for (const auto& lun : report.silent) {
        silent.push_back({{"lun", lun.lun},
                          {"in_flight", lun.in_flight},
                          {"waits", "its serving thread does not answer" + thread_text(lun.thread)}});
        if (lun.thread != 0) silent.back()["thread"] = lun.thread;
    }
    return {{"older_than_seconds", seconds(report.older_than)},
            {"commands", std::move(commands)},
            {"not_listed", report.not_listed},
            {"silent", std::move(silent)}};
}

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
    http::status status;
    json body;
};

Answer refused(http::status status, const std::string& why) {
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

class Server final : public ControlServer {
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
        asio::co_spawn(context_, accept(), rethrow);
        return {};
    }

private:
    asio::awaitable<void> accept() {
        for (;;) {
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
            asio::co_spawn(context_, serve(Stream(std::move(client))), rethrow);
        }
    }

    asio::awaitable<void> serve(Stream stream) {
        ++connections_;
        beast::flat_buffer buffer;
        boost::system::error_code error;
        for (;;) {
            stream.expires_after(client_patience);
            http::request<http::string_body> request;
            co_await http::async_read(stream, buffer, request,
                                      asio::redirect_error(asio::use_awaitable, error));
            if (error) break;
            auto response = co_await respond(request);
            stream.expires_after(client_patience);
            co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
            const bool switched = response.result() == http::status::switching_protocols;
            if (switched && !error) sources_.hand_over(Protocol::socket(stream.release_socket()));
            if (error || switched || !response.keep_alive()) break;
        }
        --connections_;
    }

    Answer takeover(http::verb method) const {
        if (method != http::verb::post)
            return refused(http::status::method_not_allowed, "/takeover takes POST only");
        if (!sources_.may_hand_over())
            return refused(http::status::conflict, "it hands over to another one, or stops");
        return {http::status::switching_protocols, {}};
    }

    asio::awaitable<http::response<http::string_body>> respond(
        const http::request<http::string_body>& request) const {
        const auto target = std::string(request.target());
        auto answered = answer(request.method(), target);
        if (target == "/control") answered = co_await control(request);
        if (target == "/takeover") answered = takeover(request.method());
        if (target == "/end-waiting") answered = end_what_waits(request);
        if (target.starts_with("/hung") && request.method() == http::verb::get)
            answered = co_await hung(target);
        http::response<http::string_body> response(answered.status, request.version());
        response.set(http::field::content_type, "application/json");
        response.keep_alive(request.keep_alive());
        if (answered.status == http::status::switching_protocols) {
            response.set(http::field::connection, "upgrade");
            response.set(http::field::upgrade, "tcmud-takeover");
            co_return response;
        }
        // Names are bytes; what is no UTF-8 in them must not end the daemon.
        response.body() = answered.body.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
        response.prepare_payload();
        co_return response;
    }

    asio::awaitable<Answer> control(const http::request<http::string_body>& request) const {
        if (request.method() != http::verb::post)
            co_return refused(http::status::method_not_allowed, "/control takes POST only");
        auto wish = control_wish(request.body());
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

    Answer end_what_waits(const http::request<http::string_body>& request) const {
        const auto wish = json::parse(request.body(), nullptr, false);
        if (request.method() != http::verb::post || !wish.is_object() || !wish.contains("lun") ||
            !wish["lun"].is_string())
            return refused(http::status::bad_request, R"(/end-waiting takes POST and {"lun": HBA/NAME})");
        const auto ended = sources_.end_what_waits(wish["lun"].get<std::string>());
        return ended ? controlled("") : refused(http::status::bad_request, ended.error().text);
    }

    Answer answer(http::verb method, const std::string& target) const {
        if (method != http::verb::get)
            return refused(http::status::method_not_allowed, "only GET is known here");
        if (target == "/daemon") return {http::status::ok, describe(sources_.daemon())};
        if (target == "/luns") {
            json luns = json::array();
            for (const auto& lun : sources_.luns()) luns.push_back(describe(lun));
            return {http::status::ok, std::move(luns)};
        }
        return refused(http::status::not_found, fmt::format("there is no {}", target));
    }

    asio::io_context& context_;
    Protocol::acceptor acceptor_;
    Sources sources_;
    std::size_t connections_ = 0;
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::listen(asio::io_context& context,
                                                             const std::filesystem::path& socket,
                                                             Sources sources) {
    auto server = std::make_unique<Server>(context, std::move(sources));
    if (auto open = server->open(socket); !open) return tl::unexpected(open.error());
    return server;
}

}  // namespace tcmud::daemon
