// SPDX-License-Identifier: Apache-2.0
// The backend that fails on request: a file or a block device, with faults by rules that change while it
// serves. For tests of whatever uses a disk.
#include <array>
#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "handler/backends/fault/delays.hpp"
#include "handler/backends/fault/rules.hpp"
#include "handler/backends/file/file.hpp"
#include "tcmud/module.hpp"

namespace tcmud::fault {
namespace {

// What the backend was asked for, kept while it waits.
struct Call {
    Request request;
    Buffers buffers{};
    Stable stable = Stable::no;
    bool may_unmap = false;
};

class Fault;

// An operation that a rule has hit, until it has ended. Plain ones are never one of these, and take no
// memory.
struct Hit : IoOperation {
    Hit(Fault& of, const Call& asked, Verdict ruled, Completion then)
        : fault(of), call(asked), verdict(std::move(ruled)), done(std::move(then)) {}
    Fault& fault;
    Call call;
    Verdict verdict;
    Completion done;
    std::size_t next_piece = 0;
    std::vector<iovec> part;  // The buffers of the piece that is written.
};

class Fault final : public BlockBackend {
public:
    Fault(std::unique_ptr<BlockBackend> storage, Rules rules, BlockSize block_size, ByteCount sector)
        : storage_(std::move(storage)), rules_(std::move(rules)), block_size_(block_size), sector_(sector) {}
    ~Fault() override { assert(!held_); }

    ByteCount size() const override { return storage_->size(); }
    BlockTraits traits() const override { return storage_->traits(); }
    int file() const override { return storage_->file(); }
    void start(IoQueue& queue) override {
        delays_.emplace(queue);
        storage_->start(queue);
    }

    void read(ByteOffset at, Buffers into, Completion done) override {
        begin({{Operation::read, at, total(into)}, into}, std::move(done));
    }
    void write(ByteOffset at, Buffers from, Stable stable, Completion done) override {
        begin({{Operation::write, at, total(from)}, from, stable}, std::move(done));
    }
    void flush(Completion done) override { begin({{Operation::flush}}, std::move(done)); }
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        begin({{Operation::unmap, at, length}}, std::move(done));
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool may_unmap, Completion done) override {
        begin({{Operation::write_zeroes, at, length}, {}, Stable::no, may_unmap}, std::move(done));
    }

    void abort(IoOperation& operation) override;
    std::string_view whereabouts(const IoOperation& operation) const override;

    Result<void> resize(ByteCount new_size) override { return storage_->resize(new_size); }
    Result<std::string> control(std::string_view command) override;
    void closing() override {
        closing_ = true;
        release();
    }

private:
    void begin(const Call& call, Completion done);
    void carry_out(const Call& call, Completion done);
    void hold(Hit& hit);
    void release();
    void go_on(Hit& hit);
    void piece_written(Hit& hit, const IoResult& result);
    static void end(Hit& hit, const IoResult& result);
    std::string report() const;

    std::unique_ptr<BlockBackend> storage_;
    Rules rules_;
    BlockSize block_size_;
    ByteCount sector_;  // What torn writes are made of.
    std::optional<Delays> delays_;
    // What hangs, youngest first.
    IoOperation* held_ = nullptr;
    std::size_t held_count_ = 0;
    bool closing_ = false;
};

void Fault::begin(const Call& call, Completion done) {
    if (rules_.empty()) return carry_out(call, std::move(done));
    auto verdict = rules_.judge(call.request, sector_);
    if (!verdict) return carry_out(call, std::move(done));
    auto& hit = *new Hit(*this, call, std::move(*verdict), std::move(done));
    if (closing_) return go_on(hit);
    if (hit.verdict.hang) return hold(hit);
    if (hit.verdict.delay.count() == 0) return go_on(hit);
    hit.deliver = [](IoOperation& operation, const IoResult&) {
        auto& due = static_cast<Hit&>(operation);
        due.fault.go_on(due);
    };
    delays_->add(hit, Delays::Clock::now() + hit.verdict.delay);
}

void Fault::carry_out(const Call& call, Completion done) {
    const auto& [operation, at, length] = call.request;
    switch (operation) {
        case Operation::read: return storage_->read(at, call.buffers, std::move(done));
        case Operation::write: return storage_->write(at, call.buffers, call.stable, std::move(done));
        case Operation::flush: return storage_->flush(std::move(done));
        case Operation::unmap: return storage_->unmap(at, length, std::move(done));
        case Operation::write_zeroes:
            return storage_->write_zeroes(at, length, call.may_unmap, std::move(done));
    }
}

void Fault::hold(Hit& hit) {
    hit.next = std::exchange(held_, &hit);
    ++held_count_;
}

// Oldest first. What they cause may be held again.
void Fault::release() {
    delays_->end_all();
    IoOperation* oldest_first = nullptr;
    for (auto* next = std::exchange(held_, nullptr); next;) {
        auto* operation = std::exchange(next, next->next);
        operation->next = std::exchange(oldest_first, operation);
    }
    held_count_ = 0;
    while (oldest_first) go_on(static_cast<Hit&>(*std::exchange(oldest_first, oldest_first->next)));
}

// Nothing of what is held or delayed has begun.
void Fault::abort(IoOperation& operation) {
    const auto is_it = [&](const IoOperation& held) {
        return static_cast<const Hit&>(held).done.answers(operation);
    };
    for (auto** link = &held_; *link; link = &(*link)->next) {
        if (!is_it(**link)) continue;
        auto& hit = static_cast<Hit&>(*std::exchange(*link, (*link)->next));
        --held_count_;
        return end(hit, {IoStatus::aborted, 0, 0});
    }
    if (auto* delayed = delays_->take(is_it))
        return end(static_cast<Hit&>(*delayed), {IoStatus::aborted, 0, 0});
    storage_->abort(operation);
}

std::string_view Fault::whereabouts(const IoOperation& operation) const {
    const auto is_it = [&](const IoOperation& held) {
        return static_cast<const Hit&>(held).done.answers(operation);
    };
    for (const auto* held = held_; held; held = held->next) {
        if (is_it(*held)) return "held by a rule of the fault backend";
    }
    if (delays_->has(is_it)) return "delayed by a rule of the fault backend";
    return storage_->whereabouts(operation);
}

// Its time has come: what is left of it happens.
void Fault::go_on(Hit& hit) {
    if (hit.next_piece < hit.verdict.pieces.size()) {
        const auto& [offset, length] = hit.verdict.pieces[hit.next_piece++];
        hit.part = slice(hit.call.buffers, ByteCount{offset}, ByteCount{length});
        hit.deliver = [](IoOperation& operation, const IoResult& result) {
            auto& written = static_cast<Hit&>(operation);
            written.fault.piece_written(written, result);
        };
        return storage_->write(hit.call.request.at + ByteCount{offset}, hit.part, hit.call.stable,
                               Completion(hit));
    }
    if (hit.verdict.status != IoStatus::ok) return end(hit, {hit.verdict.status, 0, hit.verdict.detail});
    const auto call = hit.call;
    auto done = std::move(hit.done);
    delete &hit;
    carry_out(call, std::move(done));
}

void Fault::piece_written(Hit& hit, const IoResult& result) {
    if (result.status == IoStatus::ok) return go_on(hit);
    const auto& piece = hit.verdict.pieces[hit.next_piece - 1];
    end(hit, {result.status, 0, piece.offset + result.detail});
}

void Fault::end(Hit& hit, const IoResult& result) {
    auto done = std::move(hit.done);
    delete &hit;
    std::move(done)(result);
}

std::string Fault::report() const {
    auto text = rules_.empty() ? std::string("no faults\n") : rules_.report();
    if (held_count_ != 0) text += fmt::format("hanging: {}\n", held_count_);
    if (const auto delayed = delays_->count()) text += fmt::format("delayed: {}\n", delayed);
    return text;
}

// "fault" shows; "fault off", "fault release" and "fault RULES" change, and show what is then.
Result<std::string> Fault::control(std::string_view command) {
    constexpr std::string_view name = "fault";
    const auto word = command.substr(0, command.find(' '));
    if (word != name)
        return failure(EINVAL, fmt::format("'{}' is no command of its backend; known: fault", word));
    const auto wish = command.size() == name.size() ? std::string_view() : command.substr(name.size() + 1);
    if (wish.empty()) return report();
    if (wish == "off") {
        rules_ = Rules();
        release();
    } else if (wish == "release") {
        release();
    } else {
        auto rules = Rules::parse(wish, block_size_);
        if (!rules) return tl::unexpected(rules.error());
        rules_ = std::move(*rules);
    }
    closing_ = false;
    return report();
}

constexpr OptionInfo rules_info{
    "rules", OptionInfo::Kind::text,
    "the faults that it begins with, e.g. write+error=EIO+rate=0.1/flush+error=EIO; default none"};

Result<Rules> rules_of(const OpenRequest& request) {
    const auto text = request.options.text(rules_info.key);
    if (!text) return Rules();
    return Rules::parse(*text, request.block_size);
}

class FaultModule final : public BackendModule {
public:
    FaultModule() : options_(file::options().begin(), file::options().end()) {
        options_.push_back(rules_info);
    }

    std::string_view subtype() const override { return "fault"; }
    std::string_view description() const override {
        return "A file or block device that fails as it is told to, for tests: "
               "fault//path/of/file[;rules=...].";
    }
    std::span<const OptionInfo> options() const override { return options_; }

    Result<void> check(const OpenRequest& request) const override {
        const auto rules = rules_of(request);
        if (!rules) return tl::unexpected(rules.error());
        return file::check(request);
    }
    Result<OpenedBackend> open(const OpenRequest& request) const override {
        auto rules = rules_of(request);
        if (!rules) return tl::unexpected(rules.error());
        auto storage = file::open(request);
        if (!storage) return tl::unexpected(storage.error());
        // Direct I/O takes whole blocks only.
        const ByteCount sector{request.options.flag("direct", false) ? request.block_size.bytes : 512};
        return std::make_unique<Fault>(std::move(*storage), std::move(*rules), request.block_size, sector);
    }

private:
    std::vector<OptionInfo> options_;
};

const BackendModule& module() {
    static const FaultModule instance;
    return instance;
}

}  // namespace
}  // namespace tcmud::fault

extern "C" __attribute__((visibility("default")))
const tcmud::ModuleEntry tcmud_module{TCMUD_BUILD_ID, tcmud::fault::module};
