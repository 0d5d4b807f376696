// SPDX-License-Identifier: Apache-2.0
// What no compiler checks: who includes whom, and that every source has its test, every backend its page,
// every command its row. TCMUD_SOURCE_DIR: the project's directory.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "handler/devices/block/block_device.hpp"
#include "handler/devices/changer/changer_device.hpp"
#include "handler/devices/tape/tape_device.hpp"

namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

const fs::path root = TCMUD_SOURCE_DIR;

std::string text_of(const std::string& file) {
    std::ifstream stream(root / file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

Strings lines_of(const std::string& file) {
    std::ifstream stream(root / file);
    Strings lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// Files below these folders with such a name, as paths from the project's directory.
Strings files(std::initializer_list<const char*> folders, const std::set<std::string>& extensions) {
    Strings found;
    for (const auto* folder : folders) {
        if (!fs::is_directory(root / folder)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
            if (entry.is_regular_file() && extensions.contains(entry.path().extension()))
                found.push_back(entry.path().lexically_relative(root).string());
        }
    }
    std::ranges::sort(found);
    return found;
}

Strings product_sources() {
    return files({"include", "uio", "netlink", "handler"}, {".cpp", ".hpp", ".c", ".h"});
}

Strings all_sources() {
    auto all = product_sources();
    for (auto& file : files({"tests", "bench"}, {".cpp", ".hpp", ".c", ".h"})) all.push_back(std::move(file));
    return all;
}

// The cells of a Markdown table's row; nothing for other lines.
Strings cells(const std::string& line) {
    Strings result;
    if (!line.starts_with("| ")) return result;
    for (std::size_t at = 1; at < line.size();) {
        const auto end = line.find('|', at);
        if (end == std::string::npos) break;
        const auto cell = line.substr(at, end - at);
        const auto first = cell.find_first_not_of(' ');
        result.push_back(
            first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
        at = end + 1;
    }
    return result;
}

Strings matches(const std::string& text, const std::string& pattern, int group = 1) {
    const std::regex expression(pattern);
    Strings found;
    for (std::sregex_iterator i(text.begin(), text.end(), expression), end; i != end; ++i)
        found.push_back(i->str(static_cast<std::size_t>(group)));
    return found;
}

// What a folder's files may include, as docs/map.md has it.
struct IncludeRule {
    Strings folders;    // Prefixes of what stands in quotes.
    Strings libraries;  // Prefixes of what stands in angle brackets.
    bool any_folder = false;
    bool any_library = false;
};

constexpr std::array<std::pair<const char*, const char*>, 9> libraries{{
    {"libexpected", "tl/"},
    {"libnl", "netlink/"},
    {"liburing", "liburing.h"},
    {"sd-bus", "systemd/"},
    {"Boost", "boost/"},
    {"fmt", "fmt/"},
    {"spdlog", "spdlog/"},
    {"nlohmann-json", "nlohmann/"},
    {"CLI11", "CLI/"},
}};

IncludeRule rule_of(const std::string& folder, const std::string& cell) {
    IncludeRule rule;
    for (auto name : matches(cell, "`([a-z/]+)`")) {
        if (name.back() == '/') name.pop_back();
        const auto whole = name == "tcmud" || fs::is_directory(root / name) ? name : "handler/" + name;
        rule.folders.push_back(whole + "/");
        // The interface is written with it, and so is who includes it.
        if (name == "tcmud") rule.libraries.push_back("tl/");
    }
    if (cell.find("itself") != std::string::npos)
        rule.folders.push_back(folder.starts_with("include/") ? folder.substr(8) : folder);
    for (const auto& [name, prefix] : libraries) {
        if (cell.find(name) != std::string::npos) rule.libraries.push_back(prefix);
    }
    rule.any_folder = cell.find("everything") != std::string::npos;
    // A program's libraries are its own affair: docs/dependencies.md.
    rule.any_library =
        rule.any_folder || cell.find("libraries of its own") != std::string::npos || folder == "handler/ctl/";
    return rule;
}

// By folder: "handler/scsi/".
std::map<std::string, IncludeRule> include_rules() {
    std::map<std::string, IncludeRule> rules;
    for (const auto& line : lines_of("docs/map.md")) {
        const auto row = cells(line);
        if (row.size() != 3 || row[2].empty() || row[0].front() != '`') continue;
        const auto folder = row[0].substr(1, row[0].size() - 2);
        if (folder == "handler/backends/<name>/") {
            for (const auto& entry : fs::directory_iterator(root / "handler/backends")) {
                if (!entry.is_directory()) continue;
                const auto backend = "handler/backends/" + entry.path().filename().string() + "/";
                rules[backend] = rule_of(backend, row[2]);
            }
        } else {
            rules[folder] = rule_of(folder, row[2]);
        }
    }
    return rules;
}

bool starts_with_any(const std::string& text, const Strings& prefixes) {
    return std::ranges::any_of(prefixes, [&](const std::string& prefix) { return text.starts_with(prefix); });
}

bool of_a_library(const std::string& header) {
    if (std::ranges::any_of(libraries,
                            [&](const auto& library) { return header.starts_with(library.second); }))
        return true;
    // Others than the standard's and the kernel's are in folders.
    static const Strings system{"sys/", "linux/", "asm/", "net/", "netinet/", "arpa/"};
    return header.find('/') != std::string::npos && !starts_with_any(header, system);
}

// Includes of a file that its folder's rule does not allow.
Strings forbidden_includes(const std::string& file, const IncludeRule& rule) {
    static const std::regex include("^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
    Strings forbidden;
    for (const auto& line : lines_of(file)) {
        std::smatch match;
        if (!std::regex_match(line, match, include)) continue;
        const std::string header = match[2];
        const bool quoted = match[1] == "\"";
        const bool allowed =
            quoted ? rule.any_folder || starts_with_any(header, rule.folders)
                   : rule.any_library || !of_a_library(header) || starts_with_any(header, rule.libraries);
        if (!allowed) forbidden.push_back(fmt::format("{} includes {}", file, header));
    }
    return forbidden;
}

// Sources without a test of their name, and what tests them.
const std::map<std::string, std::string>& tested_elsewhere() {
    static const std::map<std::string, std::string> all{
        {"handler/backends/tape/library/tool/main.cpp",
         "tests/handler/backends/tape/library/tool/changes_test.cpp"},
        {"handler/backends/tape/tool/main.cpp", "tests/handler/backends/tape/tool/changes_test.cpp"},
        {"handler/ctl/commands.cpp", "tests/guest/watching.sh"},
        {"handler/ctl/main.cpp", "tests/guest/life.sh"},
        {"handler/ctl/screen.cpp", "tests/guest/watching.sh"},
        {"handler/daemon/daemon.cpp", "tests/guest/life.sh"},
        {"handler/daemon/kernel_module.cpp", "tests/guest/life.sh"},
        {"handler/daemon/lun.cpp", "tests/guest/life.sh"},
        {"handler/daemon/lun_changing.cpp", "tests/guest/life.sh"},
        {"handler/daemon/lun_details.cpp", "tests/guest/watching.sh"},
        {"handler/daemon/lun_handing_over.cpp", "tests/guest/takeover.sh"},
        {"handler/daemon/lun_opening.cpp", "tests/guest/bad_input.sh"},
        {"handler/daemon/main.cpp", "tests/guest/bad_input.sh"},
        {"handler/daemon/report_json.cpp", "tests/handler/daemon/control_server_test.cpp"},
        {"handler/guard/main.cpp", "tests/guest/guard.sh"},
        {"handler/http/asio.cpp", "tests/handler/http/connection_test.cpp"},
        {"uio/device.cpp", "tests/guest/disk.sh"},
    };
    return all;
}

// tests/uio/ring_test.cpp for uio/ring.cpp. A backend's test may also stand beside those of the others.
bool has_test(const std::string& source) {
    const fs::path path(source);
    const auto name = path.stem().string() + "_test.cpp";
    if (fs::exists(root / "tests" / path.parent_path() / name)) return true;
    return source.starts_with("handler/backends/") && fs::exists(root / "tests/handler/backends" / name);
}

// "28h READ(10)", "9Eh/10h READ CAPACITY(16)"
std::string row_of(const tcmud::scsi::CommandInfo& info) {
    const auto opcode = static_cast<unsigned>(info.opcode);
    if (info.service_action == tcmud::scsi::no_service_action)
        return fmt::format("{:02X}h {}", opcode, info.name);
    return fmt::format("{:02X}h/{:02X}h {}", opcode, info.service_action, info.name);
}

// The same of a row of the page, which has several commands if their names end in the length of the CDB.
Strings rows_of(const std::string& opcodes, const std::string& names) {
    const auto codes = matches(opcodes, "(\\S+)");
    const auto parts =
        names.find('(') == std::string::npos ? Strings{names} : matches(names, "\\s*([^()]+\\(\\d+\\))");
    if (codes.size() != parts.size())
        return {fmt::format("{} | {}: not as many opcodes as names", opcodes, names)};
    Strings rows;
    for (std::size_t i = 0; i < codes.size(); ++i) rows.push_back(codes[i] + " " + parts[i]);
    return rows;
}

}  // namespace

TEST_CASE("no include leaves the table of docs/map.md") {
    const auto rules = include_rules();
    REQUIRE(rules.size() > 8);
    for (const auto& file : product_sources()) {
        const auto rule =
            std::ranges::find_if(rules, [&](const auto& entry) { return file.starts_with(entry.first); });
        CAPTURE(file);
        REQUIRE(rule != rules.end());
        CHECK(forbidden_includes(file, rule->second) == Strings{});
    }
}

TEST_CASE("every source has a test of its name, or one that is named here") {
    Strings untested;
    for (const auto& source : files({"include", "uio", "netlink", "handler"}, {".cpp", ".c"})) {
        if (!has_test(source) && !tested_elsewhere().contains(source)) untested.push_back(source);
    }
    CHECK(untested == Strings{});
}

TEST_CASE("what is said to be tested elsewhere is there, and so is its test") {
    for (const auto& [source, test] : tested_elsewhere()) {
        CAPTURE(source, test);
        CHECK(fs::exists(root / source));
        CHECK(fs::exists(root / test));
        CHECK_FALSE(has_test(source));
    }
}

TEST_CASE("every backend has its page") {
    Strings missing;
    for (const auto& entry : fs::directory_iterator(root / "handler/backends")) {
        const auto page = "docs/backends/" + entry.path().filename().string() + ".md";
        if (entry.is_directory() && !fs::exists(root / page)) missing.push_back(page);
    }
    CHECK(missing == Strings{});
}

TEST_CASE("a device's page lists its commands, all and no others") {
    using namespace tcmud::devices;
    const auto [page, commands] = GENERATE(table<const char*, std::span<const tcmud::scsi::CommandInfo>>({
        {"docs/devices/disk.md", BlockDevice::commands()},
        {"docs/devices/changer.md", ChangerDevice::commands()},
        {"docs/devices/tape.md", TapeDevice::commands()},
    }));
    std::set<std::string> answered;
    for (const auto& info : commands) answered.insert(row_of(info));
    std::set<std::string> documented;
    static const std::regex opcodes("([0-9A-F]{2}h(/[0-9A-F]{2}h)? ?)+");
    for (const auto& line : lines_of(page)) {
        const auto row = cells(line);
        if (row.size() != 3 || !std::regex_match(row[0], opcodes)) continue;
        for (const auto& command : rows_of(row[0], row[1])) {
            CAPTURE(page, command);
            CHECK(documented.insert(command).second);
        }
    }
    CHECK(documented == answered);
}

TEST_CASE("every source file begins with its licence") {
    for (const auto& file : all_sources()) {
        CAPTURE(file);
        CHECK(text_of(file).find("SPDX-License-Identifier: Apache-2.0") <= 3);  // Behind the comment begins.
    }
    for (const auto& file :
         files({"tests", "bench", "cmake", "handler", "configfs-scripts"}, {".sh", ".cmake", ".txt"})) {
        const auto lines = lines_of(file);
        const std::size_t at = !lines.empty() && lines[0].starts_with("#!") ? 1 : 0;
        CAPTURE(file);
        REQUIRE(lines.size() > at);
        CHECK(lines[at] == "# SPDX-License-Identifier: Apache-2.0");
    }
}

TEST_CASE("no source file is longer than 400 lines") {
    for (const auto& file : all_sources()) {
        CAPTURE(file);
        CHECK(lines_of(file).size() <= 400);
    }
}
