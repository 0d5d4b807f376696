// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/fault/rules.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace tcmud::fault {

namespace {

constexpr std::uint64_t longest_delay_ms = 3'600'000;

constexpr std::array operations{
    std::pair{std::string_view("read"), std::optional(Operation::read)},
    std::pair{std::string_view("write"), std::optional(Operation::write)},
    std::pair{std::string_view("flush"), std::optional(Operation::flush)},
    std::pair{std::string_view("unmap"), std::optional(Operation::unmap)},
    std::pair{std::string_view("write_zeroes"), std::optional(Operation::write_zeroes)},
    std::pair{std::string_view("all"), std::optional<Operation>()},
};

constexpr std::array errors{
    std::pair{std::string_view("EIO"), IoStatus::io_error},
    std::pair{std::string_view("ENOSPC"), IoStatus::no_space},
    std::pair{std::string_view("EROFS"), IoStatus::read_only},
    std::pair{std::string_view("ENODEV"), IoStatus::not_ready},
};

template <class Table>
const auto* find(const Table& table, std::string_view name) {
    const auto found = std::ranges::find(table, name, [](const auto& entry) { return entry.first; });
    return found == table.end() ? nullptr : &found->second;
}

template <class Table>
std::string names(const Table& table) {
    std::string list;
    for (const auto& entry : table) list += fmt::format("{}{}", list.empty() ? "" : ", ", entry.first);
    return list;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find_first_of(separators);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> number_from(std::string_view text, std::uint64_t least,
                                         std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    const auto value = number<std::uint64_t>(text);
    return value && *value >= least && *value <= most ? value : std::nullopt;
}

// Takes the words of one rule. Each setting's function says nullptr, or what is allowed instead.
class RuleParser {
public:
    RuleParser(std::string_view text, BlockSize block_size) : text_(text), block_size_(block_size) {}

    Result<Rule> parse() {
        const auto words = split(text_, ":,+");
        const auto* operation = find(operations, words[0]);
        if (!operation)
            return wrong(fmt::format("'{}' is no operation; known: {}", words[0], names(operations)));
        rule_.operation = *operation;
        rule_.text = words[0];
        for (std::size_t i = 1; i < words.size(); ++i) {
            rule_.text += fmt::format("{}{}", i == 1 ? ':' : ',', words[i]);
            if (auto taken = take(words[i]); !taken) return tl::unexpected(taken.error());
        }
        return complete();
    }

private:
    using Take = const char* (RuleParser::*)(std::string_view value);
    struct Setting {
        std::string_view name;
        Take take;
    };
    static const std::array<Setting, 11> settings;

    tl::unexpected<Error> wrong(const std::string& why) const {
        return failure(EINVAL, fmt::format("rule '{}': {}", text_, why));
    }

    Result<void> take(std::string_view word) {
        const auto equals = word.find('=');
        const auto name = word.substr(0, equals);
        const auto value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
        const auto found = std::ranges::find(settings, name, &Setting::name);
        if (found == settings.end()) {
            std::string known;
            for (const auto& setting : settings)
                known += fmt::format("{}{}", known.empty() ? "" : ", ", setting.name);
            return wrong(fmt::format("'{}' is no setting; known: {}", name, known));
        }
        const auto bit = 1u << (found - settings.begin());
        if ((std::exchange(given_, given_ | bit) & bit) != 0)
            return wrong(fmt::format("{} is given twice", name));
        if (equals != std::string_view::npos && value.empty())
            return wrong(fmt::format("{} has nothing behind its '='", name));
        if (const auto* allowed = (this->*found->take)(value))
            return wrong(fmt::format("'{}': write {}", word, allowed));
        return {};
    }

    // What only all settings together can tell.
    Result<Rule> complete() {
        const bool something = rule_.error || rule_.part != Rule::Part::none || rule_.hang || rule_.delay;
        if (!something)
            return wrong(
                "says nothing that is to happen: one of error, short, torn, delay and hang is needed");
        if (rule_.hang && rule_.delay) return wrong("delay and hang exclude each other");
        if (rule_.rate && rule_.every) return wrong("rate and every exclude each other");
        if (rule_.part != Rule::Part::none) {
            if (rule_.operation != Operation::write) return wrong("short and torn are for write only");
            if (!rule_.error) rule_.error = IoStatus::io_error;
        }
        if (rule_.has_range && rule_.operation == Operation::flush)
            return wrong("a flush has no range: leave lba and bytes out");
        return std::move(rule_);
    }

    const char* take_error(std::string_view value) {
        const auto* status = find(errors, value);
        if (!status) return "error=EIO, ENOSPC, EROFS or ENODEV";
        rule_.error = *status;
        return nullptr;
    }
    const char* take_short(std::string_view value) {
        if (rule_.part != Rule::Part::none) return "either short or torn";
        rule_.part = Rule::Part::first;
        if (value.empty()) return nullptr;
        rule_.first_bytes = number_from(value, 0);
        return rule_.first_bytes ? nullptr : "short or short=BYTES";
    }
    const char* take_torn(std::string_view value) {
        if (rule_.part != Rule::Part::none) return "either short or torn";
        rule_.part = Rule::Part::torn;
        return value.empty() ? nullptr : "torn, without a value";
    }
    const char* take_delay(std::string_view value) {
        const auto delay = number_from(value, 1, longest_delay_ms);
        if (!delay) return "delay=MILLISECONDS, 1 to 3600000";
        rule_.delay = std::chrono::milliseconds(*delay);
        return nullptr;
    }
    const char* take_hang(std::string_view value) {
        rule_.hang = true;
        return value.empty() ? nullptr : "hang, without a value";
    }
    const char* take_rate(std::string_view value) {
        rule_.rate = number<double>(value);
        return rule_.rate && *rule_.rate > 0 && *rule_.rate <= 1 ? nullptr : "rate=P, above 0 and at most 1";
    }
    const char* take_every(std::string_view value) {
        rule_.every = number_from(value, 1);
        return rule_.every ? nullptr : "every=N, 1 or more";
    }
    const char* take_seed(std::string_view value) {
        const auto seed = number_from(value, 0);
        rule_.dice = seed.value_or(0);
        return seed ? nullptr : "seed=N, a number";
    }
    const char* take_count(std::string_view value) {
        rule_.count = number_from(value, 1);
        return rule_.count ? nullptr : "count=N, 1 or more";
    }
    const char* take_lba(std::string_view value) {
        const auto* allowed = "lba=N or lba=N-N, from the first block to the last";
        return take_range(value, block_size_.bytes) ? nullptr : allowed;
    }
    const char* take_bytes(std::string_view value) {
        const auto* allowed = "bytes=N or bytes=N-N, from the first byte to the last";
        return take_range(value, 1) ? nullptr : allowed;
    }
    bool take_range(std::string_view value, std::uint64_t unit) {
        if (std::exchange(rule_.has_range, true)) return false;
        const auto dash = value.find('-');
        const auto most = std::numeric_limits<std::uint64_t>::max() / unit - 1;
        const auto first = number_from(value.substr(0, dash), 0, most);
        const auto last =
            dash == std::string_view::npos ? first : number_from(value.substr(dash + 1), 0, most);
        if (!first || !last || *last < *first) return false;
        rule_.first = *first * unit;
        rule_.last = *last * unit + (unit - 1);
        return true;
    }

    std::string_view text_;
    BlockSize block_size_;
    Rule rule_;
    unsigned given_ = 0;  // A bit for each setting.
};

const std::array<RuleParser::Setting, 11> RuleParser::settings{{
    {"error", &RuleParser::take_error},
    {"short", &RuleParser::take_short},
    {"torn", &RuleParser::take_torn},
    {"delay", &RuleParser::take_delay},
    {"hang", &RuleParser::take_hang},
    {"rate", &RuleParser::take_rate},
    {"every", &RuleParser::take_every},
    {"seed", &RuleParser::take_seed},
    {"count", &RuleParser::take_count},
    {"lba", &RuleParser::take_lba},
    {"bytes", &RuleParser::take_bytes},
}};

// SplitMix64: the same numbers on every machine.
std::uint64_t roll(std::uint64_t& dice) {
    dice += 0x9e37'79b9'7f4a'7c15;
    auto mixed = dice;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
    return mixed ^ (mixed >> 31);
}

// In [0, 1).
double roll_fraction(std::uint64_t& dice) {
    return static_cast<double>(roll(dice) >> 11) * 0x1p-53;
}

bool concerns(const Rule& rule, const Request& request) {
    if (rule.operation && *rule.operation != request.operation) return false;
    if (!rule.has_range) return true;
    const auto at = raw(request.at);
    return raw(request.length) != 0 && at <= rule.last &&
           rule.first - std::min(at, rule.first) < raw(request.length);
}

bool hits(Rule& rule) {
    if (rule.count && rule.hits == *rule.count) return false;
    ++rule.matched;
    if (rule.every && rule.matched % *rule.every != 0) return false;
    if (rule.rate && roll_fraction(rule.dice) >= *rule.rate) return false;
    ++rule.hits;
    return true;
}

// A part of the sectors, never all; neighbours are joined. Returns where the first one is missing.
std::uint64_t tear(Rule& rule, std::uint64_t length, std::uint64_t sector, std::vector<Piece>& pieces) {
    const auto sectors = (length + sector - 1) / sector;
    const auto spared = roll(rule.dice) % std::max<std::uint64_t>(sectors, 1);
    std::optional<std::uint64_t> missing;
    for (std::uint64_t i = 0; i < sectors; ++i) {
        const auto offset = i * sector;
        if (i == spared || (roll(rule.dice) & 1) != 0) {
            if (!missing) missing = offset;
            continue;
        }
        const auto size = std::min(sector, length - offset);
        if (!pieces.empty() && pieces.back().offset + pieces.back().length == offset) {
            pieces.back().length += size;
        } else {
            pieces.push_back({offset, size});
        }
    }
    return missing.value_or(0);
}

Verdict verdict_of(Rule& rule, const Request& request, std::uint64_t sector) {
    Verdict verdict;
    verdict.hang = rule.hang;
    verdict.delay = rule.delay.value_or(std::chrono::milliseconds(0));
    verdict.status = rule.error.value_or(IoStatus::ok);
    const auto length = raw(request.length);
    switch (rule.part) {
        case Rule::Part::none:
            if (rule.has_range) verdict.detail = rule.first - std::min(rule.first, raw(request.at));
            break;
        case Rule::Part::first: {
            const auto written = std::min(rule.first_bytes.value_or(length / 2 / sector * sector), length);
            if (written != 0) verdict.pieces.push_back({0, written});
            verdict.detail = std::min(written, std::max<std::uint64_t>(length, 1) - 1);
            break;
        }
        case Rule::Part::torn: verdict.detail = tear(rule, length, sector, verdict.pieces); break;
    }
    return verdict;
}

}  // namespace

Result<Rules> Rules::parse(std::string_view text, BlockSize block_size) {
    Rules rules;
    for (const auto part : split(text, "/ ")) {
        auto rule = RuleParser(part, block_size).parse();
        if (!rule) return tl::unexpected(rule.error());
        if (rules.rules_.size() == most_rules)
            return failure(EINVAL, fmt::format("there are more than {} rules", most_rules));
        rules.rules_.push_back(std::move(*rule));
    }
    return rules;
}

std::optional<Verdict> Rules::judge(const Request& request, ByteCount sector) {
    for (auto& rule : rules_) {
        if (concerns(rule, request) && hits(rule)) return verdict_of(rule, request, raw(sector));
    }
    return std::nullopt;
}

std::string Rules::text() const {
    std::string all;
    for (const auto& rule : rules_) all += fmt::format("{}{}", all.empty() ? "" : "/", rule.text);
    return all;
}

std::string Rules::report() const {
    std::string lines;
    for (const auto& rule : rules_)
        lines += fmt::format("{}  hit {} of {}\n", rule.text, rule.hits, rule.matched);
    return lines;
}

}  // namespace tcmud::fault
