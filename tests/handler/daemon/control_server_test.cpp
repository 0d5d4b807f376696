// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/control_server.hpp"

#include <sys/stat.h>

#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "handler/ctl/client.hpp"
#include "handler/daemon/log.hpp"
#include "handler/http/client.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using Catch::Matchers::Contains;

namespace {

LunReport report(const std::string& name) {
    LunReport report;
    report.name = {"user_0", name};
    report.config = "ram/";
    report.minor = 3;
    report.state = LunState::serving;
    report.size = ByteCount{1048576};
    report.block_size = {4096};
    report.serving_thread = {"serving-io/1", 1, serving::LoopKind::io_uring, 3, "0-1"};
    report.counters.commands = 7;
    report.counters.in_flight = 2;
    report.counters.turns_that_found = 5;
    report.counters.turns_that_took = 4;
    return report;
}

// A server with a thread for its control thread, and tcmuctl's client.
class Served {
public:
    explicit Served(std::vector<LunReport> luns) {
        ControlServer::Sources sources;
        sources.luns = [luns = std::move(luns)] { return luns; };
        sources.daemon = [] {
            DaemonReport daemon;
            daemon.version = "1.2";
            daemon.build_id = "1.2-abc";
            daemon.subtypes = {"file", "ram"};
            daemon.serving_threads = {{"serving/0", 0, {}, 5, ""}, {"serving/1", 1, {}, 6, "2"}};
            daemon.stuck_workers = 1;
            daemon.scheduler_weight = "autogroup";
            daemon.held_serving_threads = 3;
            return daemon;
        };
        sources.control = [](std::string lun, std::string command) {
            return answer(std::move(lun), std::move(command));
        };
        sources.hung = [](auto older_than) { return hung(older_than); };
        sources.end_what_waits = [](const std::string& lun) -> Result<void> {
            if (lun == "user_0/a") return {};
            return failure(ENOENT, "there is no LUN " + lun);
        };
        sources.may_hand_over = [] { return false; };
        sources.hand_over = [](auto) {};
        sources.metrics = [] { return std::string("tcmud_build_info 1\n"); };
        sources.details = [](std::string lun) { return details(std::move(lun)); };
        sources.resize = [](std::string lun, ByteCount size) { return resize(std::move(lun), size); };
        sources.modules = [] { return std::vector<const BackendModule*>(); };
        auto listening = ControlServer::listen(context_, socket(), std::move(sources));
        REQUIRE(listening);
        server_ = std::move(*listening);
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Served() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }
    std::filesystem::path socket() const { return directory_.path() / "control.sock"; }
    Result<nlohmann::json> get(const std::string& target) const { return ctl::get(socket(), target); }
    Result<nlohmann::json> post(const std::string& target, const nlohmann::json& body) const {
        return ctl::post(socket(), target, body);
    }

private:
    static asio::awaitable<Result<std::string>> answer(std::string lun, std::string command) {
        if (lun != "user_0/a") co_return failure(ENOENT, "there is no LUN " + lun);
        co_return "did " + command;
    }

    static asio::awaitable<Result<LunDetails>> details(std::string lun) {
        if (lun != "user_0/a b") co_return failure(ENOENT, "there is no LUN " + lun);
        LunDetails told;
        told.report = report("a b");
        told.report.counters.by_group[static_cast<std::size_t>(serving::CommandGroup::read)] = 5;
        told.exports.push_back({"iscsi", "iqn.a", "tpgt_1", "lun_0"});
        serving::ErrorReport error;
        error.cdb = {std::byte{0x28}, std::byte{0xff}};
        error.cdb_length = 2;
        error.name = "READ(10)";
        error.status = scsi::Status::check_condition;
        error.sense = scsi::sense::unrecovered_read_error;
        told.last_errors.push_back(error);
        co_return told;
    }
    static asio::awaitable<Result<void>> resize(std::string lun, ByteCount size) {
        if (lun != "user_0/a" || raw(size) != 4096) co_return failure(EINVAL, lun + ": cannot be resized");
        co_return Result<void>{};
    }

    // Of one LUN whose thread answers and one whose does not.
    static asio::awaitable<HungReport> hung(std::optional<std::chrono::milliseconds> older_than) {
        HungReport report;
        report.older_than = older_than.value_or(std::chrono::seconds(15));
        serving::CommandReport command;
        command.cdb = {std::byte{0x2a}, std::byte{0}, std::byte{0xff}};
        command.name = "WRITE(10)";
        command.age = std::chrono::milliseconds(16500);
        command.waits = "in a system call on its file (write)";
        report.commands.push_back({"user_0/a", command});
        report.not_listed = 3;
        report.silent.push_back({"user_0/b", 7, 0});
        co_return report;
    }

    test::TemporaryDirectory directory_;
    asio::io_context context_;
    std::shared_ptr<ControlServer> server_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("the control socket tells what is known of every LUN") {
    const Served served({report("a"), report("b")});
    const auto luns = served.get("/luns");
    REQUIRE(luns);
    REQUIRE(luns->size() == 2);
    const auto& lun = (*luns)[0];
    CHECK(lun["hba"] == "user_0");
    CHECK(lun["name"] == "a");
    CHECK(lun["config"] == "ram/");
    CHECK(lun["uio"] == "uio3");
    CHECK(lun["state"] == "serving");
    CHECK(lun["size_bytes"] == 1048576);
    CHECK(lun["block_size_bytes"] == 4096);
    CHECK(lun["serving_thread"] == 1);
    CHECK(lun["serving_kind"] == "io_uring");
    CHECK(lun["serving_cpus"] == "0-1");
    CHECK(lun["counters"]["commands"] == 7);
    CHECK(lun["counters"]["in_flight"] == 2);
    CHECK(lun["counters"]["turns_that_found"] == 5);
    CHECK(lun["counters"]["turns_that_took"] == 4);
    CHECK_FALSE(lun.contains("error"));
    CHECK_FALSE(lun.contains("latency"));
    const auto stats = served.get("/stats");
    REQUIRE(stats);
    CHECK((*stats)[0]["latency"]["read"]["buckets"].size() == serving::Latency::buckets);
    CHECK((*stats)[0]["backend_latency"]["write"]["count"] == 0);
}

TEST_CASE("statistics have no latencies of a backend that is not measured") {
    auto changer = report("a");
    changer.counters.backend_is_measured = false;
    const auto stats = Served({changer}).get("/stats");
    REQUIRE(stats);
    CHECK((*stats)[0].contains("latency"));
    CHECK_FALSE((*stats)[0].contains("backend_latency"));
}

TEST_CASE("a daemon without LUNs answers an empty list") {
    CHECK(Served({}).get("/luns")->dump() == "[]");
}

TEST_CASE("a LUN that is not served tells why, and no thread") {
    auto waiting = report("a");
    waiting.state = LunState::waiting;
    waiting.serving_thread.reset();
    waiting.error = "/srv/a: no such file";
    const Served served({waiting});
    const auto luns = served.get("/luns");
    REQUIRE(luns);
    CHECK((*luns)[0]["state"] == "waiting");
    CHECK((*luns)[0]["error"] == "/srv/a: no such file");
    CHECK_FALSE((*luns)[0].contains("serving_thread"));
}

TEST_CASE("a name that is no UTF-8 does not end the daemon") {
    const Served served({report("\xff\xfe")});
    CHECK(served.get("/luns"));
    CHECK(served.get("/luns"));
}

TEST_CASE("the control socket tells of the process") {
    const auto daemon = Served({}).get("/daemon");
    REQUIRE(daemon);
    CHECK((*daemon)["version"] == "1.2");
    CHECK((*daemon)["build_id"] == "1.2-abc");
    CHECK((*daemon)["subtypes"] == nlohmann::json{"file", "ram"});
    CHECK((*daemon)["serving_threads"] == 2);
    CHECK((*daemon)["threads"][0]["name"] == "serving/0");
    CHECK((*daemon)["threads"][0]["luns"] == 5);
    CHECK((*daemon)["threads"][0]["kind"] == "inline");
    CHECK((*daemon)["threads"][0]["cpus"] == "");
    CHECK((*daemon)["threads"][1]["number"] == 1);
    CHECK((*daemon)["threads"][1]["cpus"] == "2");
    CHECK((*daemon)["stuck_workers"] == 1);
    CHECK((*daemon)["scheduler_weight"] == "autogroup");
    CHECK((*daemon)["held_serving_threads"] == 3);
}

TEST_CASE("what is not there is answered with an error that names it") {
    const auto answer = Served({}).get("/nothing");
    REQUIRE_FALSE(answer);
    CHECK_THAT(answer.error().text, Contains("there is no /nothing"));
}

TEST_CASE("a command for a LUN's backend is passed on, and what the backend says comes back") {
    const Served served({});
    const auto answer = served.post("/control", {{"lun", "user_0/a"}, {"command", "fault off"}});
    REQUIRE(answer);
    CHECK((*answer)["answer"] == "did fault off");
    const auto refused = served.post("/control", {{"lun", "user_0/b"}, {"command", "fault off"}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text == "there is no LUN user_0/b");
}

TEST_CASE("a command of another form is refused, and told the form") {
    const Served served({});
    for (const auto& body : {nlohmann::json::array(), nlohmann::json{{"lun", "user_0/a"}},
                             nlohmann::json{{"lun", 1}, {"command", "fault off"}}}) {
        const auto answer = served.post("/control", body);
        REQUIRE_FALSE(answer);
        CHECK_THAT(answer.error().text, Contains("/control takes {\"lun\""));
    }
    CHECK_THAT(served.get("/control").error().text, Contains("takes POST only"));
    CHECK_THAT(served.post("/luns", nlohmann::json::object()).error().text, Contains("only GET"));
}

TEST_CASE("nobody but root may connect") {
    const Served served({});
    struct stat status {};
    REQUIRE(::stat(served.socket().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777u) == 0600u);
}

TEST_CASE("a socket that a predecessor left behind is replaced") {
    const test::TemporaryDirectory directory;
    const auto socket = directory.path() / "control.sock";
    std::ofstream(socket) << "left behind";
    asio::io_context context;
    CHECK(ControlServer::listen(context, socket, {}));
    CHECK(std::filesystem::is_socket(socket));
}

TEST_CASE("where nobody can listen, the error names the socket") {
    asio::io_context context;
    const auto listening = ControlServer::listen(context, "/nonexistent/control.sock", {});
    REQUIRE_FALSE(listening);
    CHECK_THAT(listening.error().text, Contains("cannot listen on /nonexistent/control.sock"));
}

TEST_CASE("the control socket tells of commands that hang, and of threads that do not answer") {
    const Served served({});
    const auto told = served.get("/hung?older=2.5");
    REQUIRE(told);
    CHECK((*told)["older_than_seconds"] == 2.5);
    REQUIRE((*told)["commands"].size() == 1);
    const auto& command = (*told)["commands"][0];
    CHECK(command["lun"] == "user_0/a");
    CHECK(command["command"] == "WRITE(10)");
    CHECK(command["cdb"] == "2a 00 ff");
    CHECK(command["age_seconds"] == 16.5);
    CHECK(command["aborted"] == false);
    CHECK(command["waits"] == "in a system call on its file (write)");
    CHECK_FALSE(command.contains("thread"));
    CHECK((*told)["not_listed"] == 3);
    CHECK((*told)["silent"][0]["lun"] == "user_0/b");
    CHECK((*told)["silent"][0]["in_flight"] == 7);
    CHECK((*served.get("/hung"))["older_than_seconds"] == 15.0);
    for (const auto* target : {"/hung?", "/hung?older=", "/hung?older=x", "/hung?older=-1", "/hung?older=nan",
                               "/hung?older=1e300", "/hungry"}) {
        CAPTURE(target);
        CHECK_THAT(served.get(target).error().text, Contains("/hung takes ?older=SECONDS"));
    }
}

TEST_CASE("who removes a LUN may have end what waits in it") {
    const Served served({});
    CHECK(served.post("/end-waiting", {{"lun", "user_0/a"}}));
    CHECK(served.post("/end-waiting", {{"lun", "user_0/b"}}).error().text == "there is no LUN user_0/b");
    CHECK_THAT(served.post("/end-waiting", {{"lun", 1}}).error().text, Contains("/end-waiting takes POST"));
    CHECK_THAT(served.get("/end-waiting").error().text, Contains("/end-waiting takes POST"));
}

TEST_CASE("one LUN is told in full, whatever its name") {
    const Served served({});
    const auto lun = served.get("/luns/user_0/a%20b");
    REQUIRE(lun);
    CHECK((*lun)["name"] == "a b");
    CHECK((*lun)["commands_by_group"] == nlohmann::json{{"read", 5}});
    CHECK((*lun)["latency"]["read"]["buckets"].size() == serving::Latency::buckets);
    CHECK((*lun)["exports"][0]["wwn"] == "iqn.a");
    CHECK((*lun)["last_errors"][0]["cdb"] == "28 ff");
    CHECK((*lun)["last_errors"][0]["sense_key"] == "MEDIUM ERROR");
    CHECK((*lun)["last_errors"][0]["asc"] == 0x11);
    CHECK(served.get("/luns/user_0/c").error().text == "there is no LUN user_0/c");
    CHECK_FALSE(served.get("/luns/%"));
}

TEST_CASE("a LUN is given another size, or it is said why not") {
    const Served served({});
    CHECK(served.post("/resize", {{"lun", "user_0/a"}, {"size_bytes", 4096}}));
    const auto refused = served.post("/resize", {{"lun", "user_0/b"}, {"size_bytes", 4096}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text == "user_0/b: cannot be resized");
    CHECK_FALSE(served.post("/resize", {{"lun", "user_0/a"}, {"size_bytes", -1}}));
    CHECK_FALSE(served.get("/resize"));
}

TEST_CASE("the log level is changed, to one that there is") {
    const Served served({});
    const auto before = log::level();
    CHECK(served.post("/log-level", {{"log_level", "error"}}));
    CHECK(log::level() == log::Level::error);
    CHECK_FALSE(served.post("/log-level", {{"log_level", "loud"}}));
    CHECK(log::level() == log::Level::error);
    log::set_level(before);
}

TEST_CASE("metrics are text") {
    const Served served({});
    auto client = http::Client::connect(served.socket(), std::chrono::seconds(5));
    REQUIRE(client);
    const auto response = client->ask({"GET", "/metrics", "", ""});
    REQUIRE(response);
    CHECK(response->status == http::status::ok);
    CHECK_THAT(response->content_type, Catch::Matchers::StartsWith("text/plain; version=0.0.4"));
    CHECK(response->body == "tcmud_build_info 1\n");
    CHECK(served.get("/modules")->dump() == "[]");
}
