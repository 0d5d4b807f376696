// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/session.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "handler/scsi/bytes.hpp"
#include "handler/serving/counter.hpp"

namespace tcmud::serving {

SessionCommand::SessionCommand() {
    deliver = [](devices::Command& answered, const scsi::Outcome& outcome) {
        auto& mine = static_cast<SessionCommand&>(answered);
        mine.session->answer(mine, outcome);
    };
    note = [](devices::Command& command, Progress reached) {
        const auto& mine = static_cast<SessionCommand&>(command);
        mine.session->note(mine, reached);
    };
}

Session::Session(uio::Device uio, uio::Ring ring, devices::Device& device, Loop& loop, Events events)
    : uio_(std::move(uio)), ring_(std::move(ring)), device_(device), loop_(loop), events_(std::move(events)) {
    assert(ring_.beginning() != uio::Ring::Beginning::lost);
    device_.became_idle = [this] { check_idle(); };
}

Session::~Session() {
    assert(!oldest_ && !(started_ && uio_));
}

void Session::start() {
    started_ = true;
    // What is said next replaces what is read here.
    const auto state = ring_.device_state();
    const std::vector<std::byte> found(state.begin(), state.end());
    ring_.begin();
    add(counters_.replayed, ring_.left_by_predecessor());
    if (!found.empty()) device_.restore(found, ring_.left_by_predecessor() != 0);
    device_.state_changed = [this] { ring_.journal().keep_state(device_.state()); };
    device_.state_changed();
    loop_.add(*this);
    // A predecessor may have died between its last answers and the doorbell.
    uio_->notify();
    resume();
}

void Session::resume() {
    taking_ = true;
    idle_ = nullptr;
    loop_.serve_again(*this);
}

void Session::pause(std::function<void()> idle) {
    taking_ = false;
    idle_ = std::move(idle);
    check_idle();
}

void Session::check_idle() {
    if (idle_ && !oldest_ && held_ == 0 && device_.idle()) std::exchange(idle_, nullptr)();
}

void Session::leave() {
    assert(!taking_ && !oldest_ && held_ == 0);
    publish();
    ring_.leave();
    loop_.remove(*this);
    uio_.reset();
}

bool Session::serve() {
    if (!taking_) return false;
    const bool found = ring_.has_more();
    const bool took = take_share() != 0;
    const bool more = ring_.has_more();
    // What was found and is gone without having been taken was the kernel's padding.
    if (took || (found && more)) add(counters_.turns_that_found, 1);
    if (took) add(counters_.turns_that_took, 1);
    return taking_ && more;
}

// Returns how many entries that were.
unsigned Session::take_share() {
    unsigned taken = 0;
    for (std::uint64_t bytes = 0; taking_ && taken < commands_per_turn && bytes < bytes_per_turn; ++taken) {
        const auto* entry = ring_.next();
        if (!entry) break;
        switch (entry->kind) {
            case uio::Entry::Kind::command: bytes += take(*entry); break;
            case uio::Entry::Kind::task_management: manage_tasks(*entry); break;
            case uio::Entry::Kind::broken:
                taking_ = false;
                if (events_.broken) events_.broken(entry->problem);
                return taken;
        }
    }
    return taken;
}

// Returns the bytes that it may move.
std::uint64_t Session::take(const uio::Entry& entry) {
    loop_.count_command();
    auto& command = loop_.commands().take();
    command.session = this;
    command.id = entry.id;
    command.set_cdb(entry.cdb);
    command.pieces = command.room_for_pieces(entry.pieces.size());
    command.aborted = false;
    command.progress = devices::Command::Progress::none;
    command.number = entry.number;
    command.taken = loop_.clock().now();
    command.first_seen = {};
    const auto mapped = ring_.map(entry.pieces, command.pieces);
    if (!mapped) command.pieces = {};
    command.expected_length = mapped.value_or(0);
    command.data_length = ByteCount{command.expected_length};

    command.next = nullptr;
    command.previous = youngest_;
    (youngest_ ? youngest_->next : oldest_) = &command;
    youngest_ = &command;
    add(counters_.in_flight, 1);

    const auto bytes = command.expected_length;
    // Commands with data in both directions come from no command of ours; what they lent must not come back
    // unwritten.
    if (!mapped || !entry.bidirectional_pieces.empty()) {
        devices::Reply reply(command);
        std::move(reply)(scsi::Outcome::check(scsi::sense::invalid_field_in_cdb));
    } else {
        execute(command, entry.progress);
    }
    return bytes;
}

// What a predecessor noted of a command decides what is left of it to do.
void Session::execute(SessionCommand& command, std::uint8_t progress) {
    devices::Reply reply(command);
    if (progress == uio::begun) [[likely]]
        return device_.execute(command, std::move(reply));
    command.aborted = (progress & uio::aborted) != 0;
    if ((progress & uio::done) != 0) return std::move(reply)(scsi::Outcome::data_out_taken());
    if ((progress & uio::matched) != 0) {
        // Also if it was aborted: what it may have written in part, it writes in full.
        command.aborted = false;
        command.progress = devices::Command::Progress::matched;
    } else if (command.aborted) {
        return std::move(reply)(scsi::Outcome::aborted());
    }
    device_.execute(command, std::move(reply));
}

void Session::note(const SessionCommand& command, devices::Command::Progress progress) {
    using Progress = devices::Command::Progress;
    if (progress == Progress::matched) ring_.note(command.id, uio::matched);
    if (progress == Progress::done) ring_.note(command.id, uio::done);
}

void Session::manage_tasks(const uio::Entry& entry) {
    add(counters_.task_management, 1);
    for (const auto id : entry.command_ids) {
        auto* command = find(uio::CommandId{id});
        if (!command || command->aborted) continue;
        command->aborted = true;
        add(counters_.aborts, 1);
        ring_.note(command->id, uio::aborted);
        device_.abort(*command);
    }
    if (entry.function == uio::TaskFunction::lun_reset) {
        add(counters_.resets, 1);
        device_.reset();
    }
    loop_.publish_later(*this);
}

SessionCommand* Session::find(uio::CommandId id) const {
    auto* command = oldest_;
    while (command && command->id != id) command = command->next;
    return command;
}

// The list is in the order in which commands were taken.
void Session::look(std::chrono::steady_clock::time_point now) {
    for (auto* command = youngest_; command && command->first_seen == decltype(now){};
         command = command->previous)
        command->first_seen = now;
}

LongCommands Session::in_flight_for(std::chrono::steady_clock::duration at_least,
                                    std::chrono::steady_clock::time_point now, std::size_t most) const {
    LongCommands found;
    const auto age = [&](const SessionCommand& command) {
        return command.first_seen == decltype(now){} ? decltype(at_least){} : now - command.first_seen;
    };
    if (oldest_) found.oldest = age(*oldest_);
    for (const auto* command = oldest_; command && age(*command) >= at_least; command = command->next) {
        if (found.count++ < most) found.commands.push_back(describe(*command, age(*command)));
    }
    return found;
}

CommandReport Session::describe(const SessionCommand& command,
                                std::chrono::steady_clock::duration age) const {
    const auto cdb = command.cdb();
    CommandReport report{
        {cdb.begin(), cdb.end()}, std::string(device_.name_of(command)), age, command.aborted, {}, 0};
    const auto [words, operation] = device_.whereabouts(command);
    report.waits = words;
    if (!operation) return report;
    const auto in_queue = loop_.io().whereabouts(*operation);
    report.waits += (words.empty() ? "" : ", which is ") + in_queue.words;
    report.thread = in_queue.thread;
    return report;
}

// By ids: whatever ends may let others end.
void Session::end_what_waits() {
    std::vector<uio::CommandId> ids;
    for (const auto* command = oldest_; command; command = command->next) ids.push_back(command->id);
    ending_what_waits_ = true;
    for (const auto id : ids) {
        auto* command = find(id);
        if (!command || command->aborted) continue;
        command->aborted = true;
        device_.abort(*command);
        // What the kernel holds goes on as if nobody had asked.
        command = find(id);
        if (command) command->aborted = false;
    }
    ending_what_waits_ = false;
}

// What the initiator is told of a command that did not end well; `sense` is the memory for it.
void Session::explain(const SessionCommand& command, const scsi::Outcome& outcome, scsi::SenseBytes& sense,
                      uio::Response& response) const {
    auto failure = outcome.sense;
    if (outcome.status == scsi::Status::task_aborted && (ending_what_waits_ || !command.aborted)) {
        // Nobody has aborted it: its LUN is being removed. TASK ABORTED would have it repeated at once.
        response.status = static_cast<std::uint8_t>(scsi::Status::check_condition);
        failure = scsi::sense::logical_unit_not_supported;
    } else if (outcome.status != scsi::Status::check_condition) {
        return;
    }
    sense = scsi::encode(failure, device_.sense_format());
    response.sense = sense.data();
}

void Session::answer(SessionCommand& command, const scsi::Outcome& outcome) {
    command.restore();
    uio::Response response;
    response.status = static_cast<std::uint8_t>(outcome.status);
    const auto length = outcome.data_length;
    const bool good = outcome.status == scsi::Status::good;
    response.without_data_in = good && length == scsi::Outcome::data_out_taken().data_length;
    scsi::SenseBytes sense;
    if (!good) explain(command, outcome, sense, response);
    // Beside an error the kernel hands out what it was told the length of, and nothing else.
    if (length < command.expected_length || (length == command.expected_length && !good)) {
        if (length > 0 && ring_.knows_read_length()) {
            response.read_length = static_cast<std::uint32_t>(length);
        } else if (good) {
            // The kernel will hand out the whole buffer: what other commands left in it must not be seen.
            fill_zero(command.data(), ByteCount{length}, ByteCount{command.expected_length - length});
        }
    }
    ring_.complete(command.id, response);
    count(command, outcome);

    (command.previous ? command.previous->next : oldest_) = command.next;
    (command.next ? command.next->previous : youngest_) = command.previous;
    loop_.commands().give_back(command);
    add(counters_.in_flight, ~std::uint64_t{0});  // One less.
    loop_.publish_later(*this);
}

void Session::count(const SessionCommand& command, const scsi::Outcome& outcome) {
    const auto group = command_groups[scsi::get_8(command.cdb(), 0)];
    add(counters_.commands, 1);
    add(counters_.by_group[static_cast<std::size_t>(group)], 1);
    if (answered_count_ == answered_.size()) record_latencies();
    answered_[answered_count_++] = {command.taken,
                                    &counters_.latency[static_cast<std::size_t>(direction_of(group))]};
    if (outcome.status != scsi::Status::good) return count_error(command, outcome);
    switch (group) {
        case CommandGroup::read:
            add(counters_.reads, 1);
            add(counters_.read_bytes, outcome.data_length);
            break;
        case CommandGroup::write:
            add(counters_.writes, 1);
            add(counters_.written_bytes, raw(command.data_length));
            break;
        default: break;
    }
}

void Session::count_error(const SessionCommand& command, const scsi::Outcome& outcome) {
    add(counters_.errors, 1);
    if (outcome.status == scsi::Status::check_condition)
        add(counters_.errors_by_sense_key[static_cast<std::size_t>(outcome.sense.key) & 0xf], 1);
    else
        add(counters_.errors_without_sense, 1);
    auto& error = errors_[error_count_++ % kept_errors];
    const auto cdb = command.cdb();
    error.when = std::chrono::system_clock::now();
    error.cdb_length = std::min(cdb.size(), error.cdb.size());
    std::copy_n(cdb.begin(), error.cdb_length, error.cdb.begin());
    error.name = device_.name_of(command);
    error.status = outcome.status;
    error.sense = outcome.sense;
}

std::vector<ErrorReport> Session::last_errors() const {
    std::vector<ErrorReport> errors;
    for (std::size_t i = 0; i < std::min(error_count_, kept_errors); ++i)
        errors.push_back(errors_[(error_count_ - 1 - i) % kept_errors]);
    return errors;
}

// An answer counts from its publication on.
void Session::record_latencies() {
    if (answered_count_ == 0) return;
    const auto now = loop_.clock().now();
    for (std::size_t i = 0; i < answered_count_; ++i) answered_[i].latency->record(now - answered_[i].taken);
    answered_count_ = 0;
}

void Session::publish() {
    if (uio_ && ring_.publish()) {
        add(counters_.doorbells, 1);
        if (!uio_->notify() && events_.gone) events_.gone();
    }
    record_latencies();
    check_idle();
}

}  // namespace tcmud::serving
