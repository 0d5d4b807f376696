// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "handler/daemon/text_file.hpp"

namespace tcmud::daemon {

namespace {

// Numbers of fields, as proc(5) counts them in /proc/PID/stat.
constexpr std::size_t utime = 14;
constexpr std::size_t stime = 15;
constexpr std::size_t num_threads = 20;
constexpr std::size_t start_time = 22;
constexpr std::size_t virtual_size = 23;
constexpr std::size_t resident_pages = 24;

// The fields behind the program's name, which may have blanks and brackets in it; it is the second one.
std::vector<std::string> fields_of(const std::string& stat) {
    const auto name_ends = stat.rfind(')');
    if (name_ends == std::string::npos) return {};
    std::istringstream stream(stat.substr(name_ends + 1));
    return {std::istream_iterator<std::string>(stream), {}};
}

double boot_time(const std::string& stat) {
    const auto at = stat.find("\nbtime ");
    return at == std::string::npos ? 0 : std::strtod(stat.c_str() + at + 7, nullptr);
}

}  // namespace

ProcessFigures process_figures(const std::filesystem::path& proc) {
    ProcessFigures figures;
    const auto fields = fields_of(read_text_file(proc / "self/stat").value_or(""));
    const auto field = [&](std::size_t number) {
        constexpr std::size_t first = 3;
        return number - first < fields.size() ? std::strtoull(fields[number - first].c_str(), nullptr, 10)
                                              : 0;
    };
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    figures.cpu_seconds = static_cast<double>(field(utime) + field(stime)) / ticks;
    const auto booted = boot_time(read_text_file(proc / "stat").value_or(""));
    if (!fields.empty()) figures.start_time_seconds = booted + static_cast<double>(field(start_time)) / ticks;
    figures.threads = field(num_threads);
    figures.virtual_bytes = field(virtual_size);
    figures.resident_bytes = field(resident_pages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::error_code error;
    for (std::filesystem::directory_iterator at(proc / "self/fd", error), end; !error && at != end;
         at.increment(error))
        ++figures.open_descriptors;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.most_descriptors = limit.rlim_cur;
    return figures;
}

}  // namespace tcmud::daemon
