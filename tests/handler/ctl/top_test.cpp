// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/top.hpp"

#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace tcmud::ctl;
using nlohmann::json;

namespace {

// Latencies: `fast` commands between 64 and 128 us, `slow` ones between 8 and 16 ms.
json lun(const std::string& name, std::uint64_t reads, std::uint64_t fast, std::uint64_t slow) {
    std::vector<std::uint64_t> buckets(27);
    buckets[7] = fast;
    buckets[14] = slow;
    return {{"hba", "user_0"},
            {"name", name},
            {"state", "serving"},
            {"counters",
             {{"commands", reads},
              {"reads", reads},
              {"writes", 10},
              {"read_bytes", reads * 4096},
              {"written_bytes", 0},
              {"errors", 0},
              {"in_flight", 3}}},
            {"latency", {{"read", {{"buckets", buckets}, {"seconds", 1.5}}}}}};
}

std::vector<TopRow> rows_between(const std::vector<json>& before, const std::vector<json>& after,
                                 double seconds) {
    return top_rows(json(before), json(after), seconds);
}

std::vector<std::string> lines(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> all;
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
}

}  // namespace

TEST_CASE("rates are what was counted between two looks") {
    const auto rows = rows_between({lun("a", 1000, 0, 0)}, {lun("a", 3000, 0, 0)}, 2);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].lun == "user_0/a");
    CHECK(rows[0].reads == Approx(1000));
    CHECK(rows[0].writes == 0);
    CHECK(rows[0].read_bytes == Approx(4096000));
    CHECK(rows[0].in_flight == 3);
}

TEST_CASE("percentiles are of the commands between two looks only") {
    const auto rows = rows_between({lun("a", 0, 0, 1000)}, {lun("a", 100, 98, 1002)}, 1);
    CHECK(rows[0].median_seconds > 64e-6);
    CHECK(rows[0].median_seconds < 128e-6);
    CHECK(rows[0].percentile_99_seconds > 8e-3);
    CHECK(rows[0].percentile_99_seconds < 16.4e-3);
    CHECK(rows_between({lun("a", 5, 9, 9)}, {lun("a", 5, 9, 9)}, 1)[0].median_seconds < 0);
}

TEST_CASE("a LUN that is new, or was opened again, counts from its beginning") {
    CHECK(rows_between({}, {lun("a", 500, 500, 0)}, 1)[0].reads == Approx(500));
    const auto again = rows_between({lun("a", 9000, 9000, 0)}, {lun("a", 500, 0, 500)}, 1);
    CHECK(again[0].reads == Approx(500));
    CHECK(again[0].median_seconds > 8e-3);
}

TEST_CASE("rows are sorted by what is asked for, the most first") {
    std::vector<TopRow> rows(3);
    rows[0].lun = "c";
    rows[0].reads = 5;
    rows[1].lun = "a";
    rows[1].in_flight = 7;
    rows[1].percentile_99_seconds = 1;
    rows[2].lun = "b";
    rows[2].written_bytes = 9;
    const auto first = [&](TopOrder order) {
        sort_rows(rows, order);
        return rows[0].lun;
    };
    CHECK(first(TopOrder::name) == "a");
    CHECK(first(TopOrder::commands) == "c");
    CHECK(first(TopOrder::bytes) == "b");
    CHECK(first(TopOrder::latency) == "a");
    CHECK(first(TopOrder::queue) == "a");
}

TEST_CASE("the table fits the terminal, whatever the names") {
    TopRow row;
    row.lun = "user_0/a-name-that-is-much-longer-than-a-terminal-is-wide-so-that-it-must-be-cut-somewhere";
    row.state = "serving";
    row.reads = row.writes = 123456;
    row.read_bytes = row.written_bytes = 12345678900;
    row.median_seconds = row.percentile_99_seconds = 0.123;
    row.in_flight = 12800;
    row.errors = 1234567;
    for (const std::size_t width : {40u, 80u, 132u}) {
        for (const auto& line : lines(top_text({row, row}, std::string(200, 'x'), {width, 0, {}}))) {
            CAPTURE(line);
            CHECK(line.size() <= width);
        }
    }
    CHECK(lines(top_text({row}, "h", {80, 0, {}}))[3].size() == 80);
}

TEST_CASE("a terminal with fewer lines than LUNs shows how many are left out") {
    TopRow row;
    row.lun = "user_0/a";
    const auto shown = lines(top_text(std::vector<TopRow>(10, row), "heading", {80, 8, {}}));
    REQUIRE(shown.size() == 8);
    CHECK(shown.back() == "and 6 more");
}

TEST_CASE("a LUN that is not served has its state instead of figures") {
    TopRow row;
    row.lun = "user_0/a";
    row.state = "waiting";
    CHECK(lines(top_text({row}, "", {80, 0, {}}))[3] == "user_0/a waiting");
}

TEST_CASE("times and numbers are short") {
    CHECK(short_time(-1) == "-");
    CHECK(short_time(12e-6) == "12us");
    CHECK(short_time(1.24e-3) == "1.2ms");
    CHECK(short_time(0.0999) == "100ms");
    CHECK(short_time(1.5) == "1.5s");
    CHECK(short_time(60) == "60s");
    CHECK(short_number(0) == "0");
    CHECK(short_number(0.31) == "0.3");
    CHECK(short_number(9999) == "9999");
    CHECK(short_number(12345) == "12.3k");
    CHECK(short_number(1234567) == "1235k");
    CHECK(short_number(123456789) == "123M");
}
