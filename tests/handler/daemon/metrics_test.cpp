// SPDX-License-Identifier: Apache-2.0
// TCMUD_SOURCE_DIR: the project's directory.
#include "handler/daemon/metrics.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::daemon;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;
const fs::path packaging = fs::path(TCMUD_SOURCE_DIR) / "packaging";

LunReport used_lun(const std::string& name) {
    LunReport lun;
    lun.name = {"user_0", name};
    lun.config = "file//srv/disk.img";
    lun.minor = 3;
    lun.state = LunState::serving;
    lun.size = ByteCount{1048576};
    lun.serving_thread = {"serving/0", 0, serving::LoopKind::inline_calls, 1, ""};
    lun.oldest_command = std::chrono::milliseconds(1500);
    auto& counters = lun.counters;
    counters.by_group[static_cast<std::size_t>(serving::CommandGroup::read)] = 3;
    counters.read_bytes = 12288;
    counters.errors_by_sense_key[static_cast<std::size_t>(scsi::SenseKey::medium_error)] = 2;
    counters.errors_without_sense = 1;
    counters.resets = 1;
    auto& reads = counters.latency[static_cast<std::size_t>(serving::Direction::read)];
    reads.counts[0] = 1;                              // At most 1 us.
    reads.counts[5] = 1;                              // At most 32 us.
    reads.counts[serving::Latency::buckets - 1] = 1;  // More than 33 s.
    reads.nanoseconds = 40'000'030'000;
    counters.backend_latency = counters.latency;
    return lun;
}

DaemonReport daemon_report() {
    DaemonReport daemon;
    daemon.version = "1.2";
    daemon.build_id = "1.2-abc";
    daemon.serving_threads = {{"serving/0", 0, {}, 1, ""}};
    daemon.stuck_workers = 1;
    return daemon;
}

std::string some_text() {
    auto idle = LunReport();
    idle.name = {"user_0", "a \"strange\" name\\\n\xff"};
    idle.state = LunState::waiting;
    return metrics_text({used_lun("disk1"), idle}, daemon_report(), process_figures(), MetricsFor::root);
}

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
    const std::regex expression(pattern);
    std::set<std::string> found;
    for (std::sregex_iterator i(text.begin(), text.end(), expression), end; i != end; ++i)
        found.insert(i->str(1));
    return found;
}

// Of the metrics that a text names, those that tcmud does not tell.
std::set<std::string> unknown_metrics(const std::string& text) {
    const auto told = matches(some_text(), "# TYPE (\\S+) ");
    std::set<std::string> unknown;
    for (const auto& name : matches(text, "\\b((?:tcmud|process)_[a-z_]+)\\b")) {
        const std::regex part("_(bucket|sum|count)$");
        if (!told.contains(name) && !told.contains(std::regex_replace(name, part, ""))) unknown.insert(name);
    }
    return unknown;
}

// Each "expr" of a dashboard, with the variables of Grafana replaced by what they may stand for.
void collect_expressions(const nlohmann::json& node, std::vector<std::string>& into) {
    if (node.is_object() && node.contains("expr")) {
        auto text = node["expr"].get<std::string>();
        text = std::regex_replace(text, std::regex("\\$__rate_interval"), "5m");
        into.push_back(std::regex_replace(text, std::regex("\\$[a-z]+"), "x"));
    }
    if (!node.is_structured()) return;
    for (const auto& child : node) collect_expressions(child, into);
}

// What promtool says, if it does not like it.
std::string promtool(const std::string& arguments) {
    const test::TemporaryDirectory directory;
    const auto output = directory.path() / "output";
    const auto code = std::system(fmt::format("promtool {} >{} 2>&1", arguments, output.string()).c_str());
    return code == 0 ? "" : fmt::format("{}: {}", code, text_of(output));
}

}  // namespace

TEST_CASE("promtool accepts the metrics, of strange names too") {
    const test::TemporaryDirectory directory;
    const auto file = directory.path() / "metrics";
    std::ofstream(file) << some_text();
    CHECK(promtool("check metrics <" + file.string()) == "");
}

TEST_CASE("a LUN's counters are told with their labels") {
    const auto text = some_text();
    CHECK_THAT(text, Contains("tcmud_build_info{version=\"1.2\",build_id=\"1.2-abc\"} 1\n"));
    CHECK_THAT(text, Contains("tcmud_lun_up{lun=\"user_0/disk1\"} 1\n"));
    CHECK_THAT(text, Contains("tcmud_lun_state{lun=\"user_0/disk1\",state=\"serving\"} 1\n"));
    CHECK_THAT(text, Contains("tcmud_lun_state{lun=\"user_0/disk1\",state=\"waiting\"} 0\n"));
    CHECK_THAT(text, Contains("tcmud_lun_commands_total{lun=\"user_0/disk1\",group=\"read\"} 3\n"));
    CHECK_THAT(text, Contains("tcmud_lun_errors_total{lun=\"user_0/disk1\",sense_key=\"MEDIUM ERROR\"} 2\n"));
    CHECK_THAT(text, Contains("tcmud_lun_errors_total{lun=\"user_0/disk1\",sense_key=\"none\"} 1\n"));
    CHECK_THAT(text, Contains("tcmud_lun_oldest_command_seconds{lun=\"user_0/disk1\"} 1.5\n"));
    CHECK_THAT(text, Contains("tcmud_lun_resets_total{lun=\"user_0/disk1\"} 1\n"));
}

TEST_CASE("a histogram's buckets add up, and what is slower than all of them is in the last") {
    const auto text = some_text();
    const auto line = [](const std::string& le, int count) {
        return fmt::format(
            "tcmud_lun_command_duration_seconds_bucket{{lun=\"user_0/disk1\",direction=\"read\",le=\"{}\"}} "
            "{}\n",
            le, count);
    };
    CHECK_THAT(text, Contains(line("1.6e-05", 1)));
    CHECK_THAT(text, Contains(line("3.2e-05", 2)));
    CHECK_THAT(text, Contains(line("33.554432", 2)));
    CHECK_THAT(text, Contains(line("+Inf", 3)));
    CHECK_THAT(text, Contains("tcmud_lun_command_duration_seconds_sum{lun=\"user_0/disk1\",direction="
                              "\"read\"} 40.00003\n"));
    CHECK_THAT(text, Contains("tcmud_lun_command_duration_seconds_count{lun=\"user_0/disk1\",direction="
                              "\"read\"} 3\n"));
}

TEST_CASE("a LUN that nobody uses has no histograms") {
    const auto text = some_text();
    CHECK(text.find("_bucket{lun=\"user_0/a") == std::string::npos);
    CHECK_THAT(text, Contains("tcmud_lun_up{lun=\"user_0/a "));
}

TEST_CASE("only root is told where backing stores are") {
    auto lun = used_lun("disk1");
    lun.config = "file//srv/secret.img";
    const auto told = [&](MetricsFor whom) {
        return metrics_text({lun}, daemon_report(), process_figures(), whom);
    };
    CHECK_THAT(told(MetricsFor::root), Contains("config=\"file//srv/secret.img\""));
    CHECK_THAT(told(MetricsFor::everybody), Contains("config=\"file\"") && !Contains("secret"));
}

TEST_CASE("a label's value is escaped, and always UTF-8") {
    CHECK(label_text("plain/name") == "plain/name");
    CHECK(label_text("a\"b\\c\nd") == "a\\\"b\\\\c\\nd");
    CHECK(label_text("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
    CHECK(label_text("\xff") == "\xef\xbf\xbd");
    CHECK(label_text("a\xc3") == "a\xef\xbf\xbd");
    CHECK(label_text("\xc0\xaf") == "\xef\xbf\xbd\xef\xbf\xbd");                  // Overlong.
    CHECK(label_text("\xed\xa0\x80") == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // A surrogate.
    CHECK(label_text("\xf0\x9f\x92\xbe") == "\xf0\x9f\x92\xbe");
}

TEST_CASE("promtool accepts the alert rules, whose metrics there are") {
    const auto rules = packaging / "prometheus/tcmud.rules.yml";
    CHECK(promtool("check rules " + rules.string()) == "");
    CHECK(unknown_metrics(text_of(rules)) == std::set<std::string>{});
    CHECK(promtool("test rules " + (fs::path(TCMUD_SOURCE_DIR) / "tests/packaging/alerts.yml").string()) ==
          "");
}

TEST_CASE("promtool accepts the dashboard's expressions, whose metrics there are") {
    const auto dashboard = nlohmann::json::parse(text_of(packaging / "grafana/tcmud.json"));
    std::vector<std::string> expressions;
    collect_expressions(dashboard, expressions);
    REQUIRE(expressions.size() > 10);
    nlohmann::json rules = nlohmann::json::array();
    std::string all;
    for (const auto& expression : expressions) {
        rules.push_back({{"record", fmt::format("panel:expression:{}", rules.size())}, {"expr", expression}});
        all += expression + "\n";
    }
    const test::TemporaryDirectory directory;
    const auto file = directory.path() / "rules.yml";  // JSON is YAML.
    std::ofstream(file) << nlohmann::json{{"groups", {{{"name", "dashboard"}, {"rules", rules}}}}};
    CHECK(promtool("check rules " + file.string()) == "");
    CHECK(unknown_metrics(all) == std::set<std::string>{});
}
