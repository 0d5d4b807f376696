// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/commands.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <utility>

#include <nlohmann/json.hpp>

#include "handler/ctl/client.hpp"
#include "handler/ctl/doctor.hpp"
#include "handler/ctl/screen.hpp"
#include "handler/ctl/size.hpp"
#include "handler/ctl/tables.hpp"
#include "handler/http/target.hpp"

namespace tcmud::ctl {

namespace {

using json = nlohmann::json;

// Names are bytes; what is no UTF-8 in them must not end the program.
std::string dumped(const json& value) {
    return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

// What the daemon answers, as JSON or as people read it.
int show(const Wish& wish, const Result<json>& answer, std::string (*text)(const json&)) {
    if (!answer) return complain(answer.error().text);
    std::cout << (wish.as_json ? dumped(*answer) : text(*answer));
    return succeeded;
}

// The program beside ours, or the one that is installed.
std::string path_of(const std::string& program) {
    std::error_code error;
    const auto ours = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto beside = ours.parent_path() / program;
    return !error && ::access(beside.c_str(), X_OK) == 0 ? beside.string() : program;
}

}  // namespace

int complain(const std::string& what) {
    std::cerr << "tcmuctl: " << what << "\n";
    return failed;
}

std::string whole_name(const std::string& lun) {
    return lun.find('/') == std::string::npos ? "user_0/" + lun : lun;
}

int become(std::vector<std::string> words) {
    words[0] = path_of(words[0]);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    return complain("cannot run " + words[0] + ": " + std::strerror(errno));
}

int list(const Wish& wish) {
    return show(wish, get(wish.socket, "/luns"), list_table);
}

int status(const Wish& wish) {
    if (wish.lun.empty()) return show(wish, get(wish.socket, "/daemon"), daemon_text);
    return show(wish, get(wish.socket, "/luns/" + http::escaped_path(whole_name(wish.lun))), status_text);
}

int top(const Wish& wish) {
    const auto interval = std::chrono::milliseconds(static_cast<long>(wish.interval_seconds * 1000));
    const auto shown = show_top(wish.socket, interval, wish.order);
    return shown ? succeeded : complain(shown.error().text);
}

int stats(const Wish& wish) {
    const auto daemon = get(wish.socket, "/daemon");
    const auto luns = get(wish.socket, "/stats");
    if (!daemon) return complain(daemon.error().text);
    if (!luns) return complain(luns.error().text);
    std::cout << dumped({{"daemon", *daemon}, {"luns", *luns}});
    return succeeded;
}

int hung(const Wish& wish) {
    return show(wish, get(wish.socket, wish.older_than.empty() ? "/hung" : "/hung?older=" + wish.older_than),
                hung_table);
}

int resize(const Wish& wish) {
    const auto size = parse_size(wish.size);
    if (!size) {
        complain("'" + wish.size + "' is no size: a number of bytes, or one with K, M, G or T");
        return wrong_usage;
    }
    const auto answer = post(wish.socket, "/resize", {{"lun", whole_name(wish.lun)}, {"size_bytes", *size}});
    return answer ? succeeded : complain(answer.error().text);
}

int log_level(const Wish& wish) {
    const auto answer = wish.log_level.empty()
                            ? get(wish.socket, "/daemon")
                            : post(wish.socket, "/log-level", {{"log_level", wish.log_level}});
    if (!answer) return complain(answer.error().text);
    if (wish.log_level.empty()) std::cout << answer->value("log_level", "") << "\n";
    return succeeded;
}

// By the daemon's program, so that it can be asked without a daemon, too.
int check(const Wish& wish) {
    std::vector<std::string> words{"tcmud", "--check", wish.config};
    if (!wish.size.empty()) {
        const auto size = parse_size(wish.size);
        if (!size) {
            complain("'" + wish.size + "' is no size");
            return wrong_usage;
        }
        words.insert(words.end(), {"--size", std::to_string(*size)});
    }
    if (!wish.block_size.empty()) words.insert(words.end(), {"--block-size", wish.block_size});
    return become(std::move(words));
}

int modules(const Wish& wish) {
    return show(wish, get(wish.socket, "/modules"), modules_text);
}

int doctor(const Wish& wish) {
    if (::geteuid() != 0) return complain("doctor needs root: it reads configfs and other processes' state");
    const auto findings = examine(wish.socket);
    std::cout << (wish.as_json ? findings_json(findings) : findings_text(findings));
    return anything_wrong(findings) ? failed : succeeded;
}

int fault(const Wish& wish) {
    std::string command = "fault";
    for (const auto& word : wish.faults) command += " " + word;
    const auto answer = post(wish.socket, "/control", {{"lun", whole_name(wish.lun)}, {"command", command}});
    if (!answer) return complain(answer.error().text);
    std::cout << answer->value("answer", "");
    return succeeded;
}

int end_waiting(const Wish& wish) {
    const auto answer = post(wish.socket, "/end-waiting", {{"lun", whole_name(wish.lun)}});
    return answer ? succeeded : complain(answer.error().text);
}

}  // namespace tcmud::ctl
