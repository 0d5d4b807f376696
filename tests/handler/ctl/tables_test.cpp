// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/tables.hpp"

#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace tcmud::ctl;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

json lun(const std::string& name, const std::string& config) {
    return {{"hba", "user_0"},
            {"name", name},
            {"config", config},
            {"uio", "uio3"},
            {"state", "serving"},
            {"size_bytes", 1610612736},
            {"block_size_bytes", 512},
            {"serving_thread", 1},
            {"serving_kind", "inline"},
            {"serving_cpus", "0-1"},
            {"counters",
             {{"commands", 30},
              {"reads", 20},
              {"writes", 10},
              {"read_bytes", 4096},
              {"written_bytes", 100},
              {"errors", 2},
              {"task_management", 1},
              {"doorbells", 9},
              {"in_flight", 3}}}};
}

}  // namespace

TEST_CASE("sizes are readable, and exact below 1 KiB") {
    CHECK(readable_size(0) == "0 B");
    CHECK(readable_size(1023) == "1023 B");
    CHECK(readable_size(1024) == "1 KiB");
    CHECK(readable_size(1610612736) == "1.5 GiB");
    CHECK(readable_size(std::uint64_t{1} << 40) == "1 TiB");
    CHECK(readable_size(~std::uint64_t{0}) == "16 EiB");
}

TEST_CASE("the list has a line per LUN below one of titles, in columns") {
    const auto table = list_table(json::array({lun("a", "ram/"), lun("longer", "file//srv/b")}));
    CHECK(table ==
          "LUN            STATE       SIZE  CONFIG\n"
          "user_0/a       serving  1.5 GiB  ram/\n"
          "user_0/longer  serving  1.5 GiB  file//srv/b\n");
}

TEST_CASE("without LUNs the list has its titles alone") {
    CHECK(list_table(json::array()) == "LUN  STATE  SIZE  CONFIG\n");
}

TEST_CASE("lines of the list fit 80 columns where names and cfgstrings are short") {
    std::istringstream table(
        list_table(json::array({lun("a_name_of_20_letters", "file//srv/lun/disk20.img")})));
    for (std::string line; std::getline(table, line);) CHECK(line.size() <= 80);
}

TEST_CASE("the status of a LUN is everything that is known of it") {
    CHECK(status_text(lun("a", "ram/")) ==
          "LUN              user_0/a\n"
          "State            serving\n"
          "Config           ram/\n"
          "Size             1610612736 bytes (1.5 GiB), blocks of 512\n"
          "Device           uio3\n"
          "Serving thread   1 (inline), on CPUs 0-1\n"
          "Commands         30 done, 3 in flight, 2 ended with an error\n"
          "Oldest command   0.0 s\n"
          "Reads            20, 4 KiB\n"
          "Writes           10, 100 B\n"
          "Task management  1\n"
          "Doorbells        9\n");
}

TEST_CASE("the status of the daemon is everything that is known of it") {
    CHECK(daemon_text({{"version", "1.2"},
                       {"subtypes", {"file", "ram"}},
                       {"serving_threads", 2},
                       {"threads",
                        {{{"name", "serving/0"}, {"luns", 3}, {"cpus", ""}},
                         {{"name", "serving-io/1"}, {"luns", 4}, {"cpus", "2"}}}},
                       {"held_serving_threads", 1},
                       {"scheduler_weight", "cgroup"},
                       {"log_level", "info"},
                       {"stuck_workers", 0}}) ==
          "Version          1.2\n"
          "Subtypes         file, ram\n"
          "Serving threads  2, 1 held by a file system\n"
          "                 serving/0, LUNs: 3\n"
          "                 serving-io/1, LUNs: 4, CPUs: 2\n"
          "Weight           cgroup\n"
          "Stuck workers    0\n"
          "Log level        info\n");
}

TEST_CASE("a LUN that is not served says why, and has no thread") {
    auto waiting = lun("a", "file//srv/a");
    waiting["state"] = "waiting";
    waiting["error"] = "/srv/a: no such file";
    waiting.erase("serving_thread");
    const auto text = status_text(waiting);
    CHECK_THAT(text, Contains("Error            /srv/a: no such file\n"));
    CHECK_THAT(text, !Contains("Serving thread"));
}

TEST_CASE("a LUN whose thread is not confined shows no CPUs") {
    auto anywhere = lun("a", "ram/");
    anywhere["serving_cpus"] = "";
    CHECK_THAT(status_text(anywhere), Contains("Serving thread   1 (inline)\n"));
}

TEST_CASE("what an older daemon does not tell is left empty") {
    CHECK(full_name(json::object()) == "/");
    CHECK_THAT(status_text(json::object()), Contains("Commands         0 done"));
}

TEST_CASE("a LUN with commands in flight tells how old they are, and whether they hang") {
    auto busy = lun("a", "ram/");
    busy["oldest_command_seconds"] = 1.25;
    busy["hung_commands"] = 0;
    CHECK_THAT(status_text(busy), Contains("Oldest command   1.2 s\n"));
    busy["oldest_command_seconds"] = 61.0;
    busy["hung_commands"] = 2;
    CHECK_THAT(status_text(busy), Contains("Hung             2 commands, the oldest for 61 s: tcmuctl hung"));
}

TEST_CASE("commands that hang are listed with what they wait for") {
    const json command{{"lun", "user_0/a"},    {"command", "WRITE(10)"}, {"cdb", "2a 00"},
                       {"age_seconds", 61.25}, {"aborted", true},        {"waits", "in its backend"}};
    const json silent{{"lun", "user_0/b"}, {"in_flight", 3}, {"waits", "its serving thread does not answer"}};
    CHECK(hung_table({{"commands", {command}}, {"not_listed", 4}, {"silent", {silent}}}) ==
          "user_0/a  61.2 s  WRITE(10) [2a 00]\n"
          "    in its backend; aborted by its initiator\n"
          "and 4 younger ones of these LUNs\n"
          "user_0/b  3 commands in flight\n"
          "    its serving thread does not answer\n");
    CHECK(hung_table({{"commands", json::array()}}) == "none\n");
}

TEST_CASE("the status of a LUN has its latencies, its exports and its last errors") {
    auto known = lun("a", "ram/");
    known["latency"] = {{"read", {{"count", 4}, {"seconds", 0.001}}}, {"write", {{"count", 0}}}};
    known["errors_by_sense_key"] = {{"MEDIUM ERROR", 2}};
    known["exports"] =
        json::array({{{"fabric", "iscsi"}, {"wwn", "iqn.a"}, {"group", "tpgt_1"}, {"lun", "lun_0"}},
                     {{"fabric", "loopback"}, {"wwn", "naa.5"}, {"group", "tpgt_1"}, {"lun", "lun_3"}}});
    known["last_errors"] =
        json::array({{{"time", 1700000000.5},
                      {"command", "READ(10)"},
                      {"cdb", "28 00"},
                      {"status", 2},
                      {"sense_key", "MEDIUM ERROR"},
                      {"asc", 0x11},
                      {"ascq", 0}},
                     {{"time", 1700000000}, {"command", ""}, {"cdb", "ff"}, {"status", 0x40}}});
    const auto text = status_text(known);
    CHECK_THAT(text, Contains("Latency, read    mean 250us of 4\n"));
    CHECK_THAT(text, !Contains("Latency, write"));
    CHECK_THAT(text, Contains("Errors by key    MEDIUM ERROR 2\n"));
    CHECK_THAT(text, Contains("Exports          iscsi iqn.a tpgt_1 lun_0\n"
                              "                 loopback naa.5 tpgt_1 lun_3\n"));
    CHECK_THAT(text, Contains("  READ(10) [28 00]: MEDIUM ERROR, 11h/00h\n"));
    CHECK_THAT(text, Contains("  unknown command [ff]: status 40h\n"));
}

TEST_CASE("backends are listed with their options") {
    CHECK(modules_text(json::array(
              {{{"subtype", "file"},
                {"aliases", {"qcow"}},
                {"description", "A file."},
                {"options",
                 json::array({{{"key", "direct"}, {"value", "on|off"}, {"help", "O_DIRECT"}}})}}})) ==
          "file; also qcow\n"
          "    A file.\n"
          "    ;direct=on|off  O_DIRECT\n");
}
