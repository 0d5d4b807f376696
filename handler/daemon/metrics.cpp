// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/metrics.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "handler/scsi/sense.hpp"

namespace tcmud::daemon {

namespace {

// Of the buckets that are kept, those that are told: from 16 microseconds to 33 seconds.
constexpr std::size_t first_bucket = 4;
constexpr std::size_t last_bucket = serving::Latency::buckets - 2;

// How many bytes at the start are one character of UTF-8; 0: they are none.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
        (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

class Text {
public:
    // What follows belongs to this metric.
    void metric(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }
    // labels: `lun="user_0/disk1",group="read"`
    template <class Number>
    void sample(std::string_view labels, Number value, std::string_view suffix = {}) {
        if (labels.empty())
            text_ += fmt::format("{}{} {}\n", name_, suffix, value);
        else
            text_ += fmt::format("{}{}{{{}}} {}\n", name_, suffix, labels, value);
    }
    void histogram(const std::string& labels, const serving::Latency::Snapshot& latency) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i <= last_bucket; ++i) {
            below += latency.counts[i];
            if (i >= first_bucket)
                sample(fmt::format("{},le=\"{}\"", labels, static_cast<double>(1u << i) / 1e6), below,
                       "_bucket");
        }
        const auto all = latency.count();
        sample(labels + ",le=\"+Inf\"", all, "_bucket");
        sample(labels, static_cast<double>(latency.nanoseconds) / 1e9, "_sum");
        sample(labels, all, "_count");
    }
    std::string take() { return std::move(text_); }

private:
    std::string name_;
    std::string text_;
};

// A metric with one number for each LUN.
struct Plain {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::uint64_t (*value)(const LunReport&);
};

// clang-format off
constexpr std::array plain_metrics{
    Plain{"tcmud_lun_up", "gauge", "1 if the LUN's backend is open and serves commands, 0 otherwise.",
        [](const LunReport& lun) -> std::uint64_t { return lun.state == LunState::serving ? 1 : 0; }},
    Plain{"tcmud_lun_size_bytes", "gauge", "Size of the LUN.",
        [](const LunReport& lun) { return raw(lun.size); }},
    Plain{"tcmud_lun_read_bytes_total", "counter", "Bytes that READ commands have returned.",
        [](const LunReport& lun) { return lun.counters.read_bytes; }},
    Plain{"tcmud_lun_written_bytes_total", "counter", "Bytes that WRITE commands have written.",
        [](const LunReport& lun) { return lun.counters.written_bytes; }},
    Plain{"tcmud_lun_commands_in_flight", "gauge", "Commands that were taken from the ring and not answered.",
        [](const LunReport& lun) { return lun.counters.in_flight; }},
    Plain{"tcmud_lun_hung_commands", "gauge", "Commands in flight for longer than command_report_after.",
        [](const LunReport& lun) -> std::uint64_t { return lun.hung_commands; }},
    Plain{"tcmud_lun_task_management_functions_total", "counter",
        "Task management functions that initiators have asked for.",
        [](const LunReport& lun) { return lun.counters.task_management; }},
    Plain{"tcmud_lun_resets_total", "counter", "LOGICAL UNIT RESETs, among the task management functions.",
        [](const LunReport& lun) { return lun.counters.resets; }},
    Plain{"tcmud_lun_aborted_commands_total", "counter", "Commands that task management has aborted.",
        [](const LunReport& lun) { return lun.counters.aborts; }},
    Plain{"tcmud_lun_replayed_commands_total", "counter",
        "Commands that a killed daemon had begun, found in ring and journal and carried out again.",
        [](const LunReport& lun) { return lun.counters.replayed; }},
    Plain{"tcmud_lun_open_retries_total", "counter", "Attempts to open the LUN after the first one failed.",
        [](const LunReport& lun) { return lun.open_retries; }},
    Plain{"tcmud_lun_ring_resets_total", "counter",
        "Resets of the ring for want of knowledge of what was begun: its commands ended BUSY.",
        [](const LunReport& lun) { return lun.ring_resets; }},
    Plain{"tcmud_lun_doorbells_total", "counter", "Times that the kernel was told of answers.",
        [](const LunReport& lun) { return lun.counters.doorbells; }},
    Plain{"tcmud_lun_turns_total", "counter", "Turns of the serving thread that took commands from the ring.",
        [](const LunReport& lun) { return lun.counters.turns_that_took; }},
};
// clang-format on

std::string label(std::string_view name, std::string_view value) {
    return fmt::format("{}=\"{}\"", name, label_text(value));
}

std::string lun_label(const LunReport& lun) {
    return label("lun", lun.name.text());
}

void add_info(Text& text, const std::vector<LunReport>& luns, MetricsFor whom) {
    text.metric("tcmud_lun_info", "gauge", "What the LUN is; always 1.");
    for (const auto& lun : luns) {
        const auto config =
            whom == MetricsFor::root ? lun.config : lun.config.substr(0, lun.config.find('/'));
        text.sample(fmt::format("{},{},{},{}", lun_label(lun), label("config", config),
                                label("uio", fmt::format("uio{}", lun.minor)),
                                label("serving_thread", lun.serving_thread ? lun.serving_thread->name : "")),
                    1);
    }
}

void add_state(Text& text, const std::vector<LunReport>& luns) {
    text.metric("tcmud_lun_state", "gauge", "1 for the state that the LUN is in, 0 for the others.");
    for (const auto& lun : luns) {
        for (const auto state :
             {LunState::opening, LunState::serving, LunState::blocked, LunState::waiting, LunState::draining})
            text.sample(fmt::format("{},{}", lun_label(lun), label("state", name_of(state))),
                        lun.state == state ? 1 : 0);
    }
}

void add_commands(Text& text, const std::vector<LunReport>& luns) {
    text.metric("tcmud_lun_commands_total", "counter", "Commands that were answered, by what they are.");
    for (const auto& lun : luns) {
        for (std::size_t i = 0; i < serving::group_names.size(); ++i)
            text.sample(fmt::format("{},{}", lun_label(lun), label("group", serving::group_names[i])),
                        lun.counters.by_group[i]);
    }
}

// Keys that nothing ever ends with are left out.
void add_errors(Text& text, const std::vector<LunReport>& luns) {
    text.metric("tcmud_lun_errors_total", "counter",
                "Commands that were not answered GOOD, by sense key; none: those without sense data.");
    const auto usual = [](scsi::SenseKey key) {
        using Key = scsi::SenseKey;
        return key == Key::not_ready || key == Key::medium_error || key == Key::hardware_error ||
               key == Key::illegal_request || key == Key::unit_attention || key == Key::data_protect ||
               key == Key::aborted_command || key == Key::miscompare;
    };
    for (const auto& lun : luns) {
        for (std::size_t i = 0; i < lun.counters.errors_by_sense_key.size(); ++i) {
            const auto key = static_cast<scsi::SenseKey>(i);
            const auto count = lun.counters.errors_by_sense_key[i];
            if (usual(key) || count != 0)
                text.sample(fmt::format("{},{}", lun_label(lun), label("sense_key", scsi::name_of(key))),
                            count);
        }
        text.sample(lun_label(lun) + ",sense_key=\"none\"", lun.counters.errors_without_sense);
    }
}

// Of LUNs that nobody uses, and of kinds of commands that there were none of, there is none.
void add_latencies(Text& text, const std::vector<LunReport>& luns,
                   LunCounters::Latencies LunCounters::*latencies) {
    for (const auto& lun : luns) {
        for (std::size_t i = 0; i < serving::direction_names.size(); ++i) {
            const auto& latency = (lun.counters.*latencies)[i];
            if (latency.count() != 0)
                text.histogram(
                    fmt::format("{},{}", lun_label(lun), label("direction", serving::direction_names[i])),
                    latency);
        }
    }
}

void add_luns(Text& text, const std::vector<LunReport>& luns, MetricsFor whom) {
    add_info(text, luns, whom);
    add_state(text, luns);
    for (const auto& metric : plain_metrics) {
        text.metric(metric.name, metric.type, metric.help);
        for (const auto& lun : luns) text.sample(lun_label(lun), metric.value(lun));
    }
    text.metric("tcmud_lun_oldest_command_seconds", "gauge", "Age of the oldest command in flight.");
    for (const auto& lun : luns)
        text.sample(lun_label(lun), static_cast<double>(lun.oldest_command.count()) / 1000);
    add_commands(text, luns);
    add_errors(text, luns);
    text.metric("tcmud_lun_command_duration_seconds", "histogram",
                "From a command's leaving the ring to its answer there.");
    add_latencies(text, luns, &LunCounters::latency);
    text.metric("tcmud_lun_backend_duration_seconds", "histogram", "Of single operations of the backend.");
    add_latencies(text, luns, &LunCounters::backend_latency);
}

void add_daemon(Text& text, const DaemonReport& daemon) {
    text.metric("tcmud_build_info", "gauge", "The daemon's version; always 1.");
    text.sample(fmt::format("{},{}", label("version", daemon.version), label("build_id", daemon.build_id)),
                1);
    text.metric("tcmud_serving_thread_luns", "gauge", "LUNs of each serving thread.");
    for (const auto& thread : daemon.serving_threads) text.sample(label("thread", thread.name), thread.luns);
    text.metric("tcmud_held_serving_threads", "gauge",
                "Serving threads that a call on a file system holds just now.");
    text.sample("", daemon.held_serving_threads);
    text.metric("tcmud_stuck_workers", "gauge",
                "Threads that were given up because a call on configfs or a backing store does not return.");
    text.sample("", daemon.stuck_workers);
}

void add_process(Text& text, const ProcessFigures& process) {
    text.metric("process_cpu_seconds_total", "counter", "User and system CPU time.");
    text.sample("", process.cpu_seconds);
    text.metric("process_start_time_seconds", "gauge", "When the process was started, since 1970.");
    text.sample("", fmt::format("{:.2f}", process.start_time_seconds));
    text.metric("process_resident_memory_bytes", "gauge", "Memory in RAM, rings and data areas included.");
    text.sample("", process.resident_bytes);
    text.metric("process_virtual_memory_bytes", "gauge", "Address space.");
    text.sample("", process.virtual_bytes);
    text.metric("process_threads", "gauge", "Threads.");
    text.sample("", process.threads);
    text.metric("process_open_fds", "gauge", "Open file descriptors.");
    text.sample("", process.open_descriptors);
    text.metric("process_max_fds", "gauge", "Limit of open file descriptors.");
    text.sample("", process.most_descriptors);
}

}  // namespace

std::string label_text(std::string_view value) {
    std::string text;
    while (!value.empty()) {
        const auto length = character_length(value);
        if (length == 0)
            text += "\xef\xbf\xbd";
        else if (value[0] == '\n')
            text += "\\n";
        else if (value[0] == '"' || value[0] == '\\')
            text += {'\\', value[0]};
        else
            text += value.substr(0, length);
        value.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return text;
}

std::string metrics_text(const std::vector<LunReport>& luns, const DaemonReport& daemon,
                         const ProcessFigures& process, MetricsFor whom) {
    Text text;
    add_daemon(text, daemon);
    add_luns(text, luns, whom);
    add_process(text, process);
    return text.take();
}

}  // namespace tcmud::daemon
