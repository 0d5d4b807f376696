// SPDX-License-Identifier: Apache-2.0
// What goes in and out of the drive, and the steps of its operations.
#include "handler/backends/tape/drive.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include <fmt/format.h>

#include "handler/backends/tape/tape_drive.hpp"

namespace tcmud::tape {

std::unique_ptr<Drive> make_drive(DriveOptions options) {
    return std::make_unique<TapeDrive>(std::move(options));
}

// Whoever destroys a drive may block.
TapeDrive::~TapeDrive() {
    assert(!done_);
    if (cartridge_ && is_loaded_) [[maybe_unused]]
        const auto settled = cartridge_->settle();
}

void TapeDrive::start(IoQueue& queue, Events events) {
    queue_ = &queue;
    events_ = std::move(events);
    remark_torn_tails();
}

void TapeDrive::insert(std::unique_ptr<Cartridge> cartridge) {
    assert(!cartridge_ && !done_);
    cartridge_ = std::move(cartridge);
    note_load();
    remark_torn_tails();
}

// A power failure's, or those of a process that was killed while it wrote.
void TapeDrive::remark_torn_tails() const {
    if (!cartridge_ || !events_.remarked) return;
    for (std::size_t i = 0; i < cartridge_->partitions().size(); ++i) {
        const auto& found = cartridge_->partitions()[i].recovered();
        if (found.torn_bytes == 0) continue;
        events_.remarked(
            fmt::format("{} in {}: {} torn bytes behind the end of partition {}{} are not read; the next "
                        "write cuts them off",
                        cartridge_->cart().barcode, cartridge_->directory(), found.torn_bytes, i,
                        found.torn_records == 0
                            ? std::string()
                            : fmt::format(", of {} blocks that were not synchronized", found.torn_records)));
    }
}

std::unique_ptr<Cartridge> TapeDrive::remove() {
    assert(cartridge_ && !is_loaded_ && !done_);
    return std::exchange(cartridge_, nullptr);
}

void TapeDrive::medium_changed() {
    if (events_.medium_changed) events_.medium_changed();
}

const TapeMedium* TapeDrive::medium() const {
    if (!is_loaded_) return nullptr;
    auto& all = medium_.partitions;
    for (std::uint32_t number = 0; number < all.size(); ++number) {
        const auto& tail = cartridge_->partitions()[number].tail();
        all[number].used = ByteCount{tail.offset};
        all[number].end_of_data = {number, tail.object, tail.file};
        all[number].before_head = ByteCount{0};
    }
    all[head_.partition].before_head = ByteCount{index().estimate(head_.object)};
    medium_.change_reference = cartridge_->cart().change_reference;
    static_cast<TapeCounts&>(medium_.statistics) = cartridge_->cart().statistics;
    return &medium_;
}

void TapeDrive::describe_medium() {
    const auto& cart = cartridge_->cart();
    medium_ = {};
    medium_.id = text_of(cart.uuid);
    medium_.barcode = cart.barcode;
    medium_.density = cart.density;
    medium_.worm = cart.worm;
    medium_.write_protected = cartridge_->write_protected();
    medium_.cleaning = cart.cleaning;
    medium_.statistics = cart.statistics;
    for (const auto& partition : cart.partitions)
        medium_.partitions.emplace_back().capacity = partition.capacity;
}

// It is written down with the first change, or at the end: a load alone writes nothing.
void TapeDrive::note_load() {
    auto& statistics = cartridge_->cart().statistics;
    statistics.loads += 1;
    if (!options_.serial.empty()) {
        std::shift_right(statistics.drives.begin(), statistics.drives.end(), 1);
        statistics.drives[0] = options_.serial;
    }
    is_loaded_ = true;
    changed_ = false;
    head_ = {};
    describe_medium();
}

void TapeDrive::load(TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (!cartridge_) return finish(TapeStatus::no_medium);
    if (is_loaded_) {
        head_ = {};
    } else {
        note_load();
    }
    finish(TapeStatus::ok);
}

void TapeDrive::unload(TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (!is_loaded_) return finish(cartridge_ ? TapeStatus::ok : TapeStatus::no_medium);
    in_background(&TapeDrive::settle, &TapeDrive::unloaded);
}

void TapeDrive::settle() {
    work_ = cartridge_->settle();
}

void TapeDrive::unloaded(const IoResult& io) {
    if (io.status == IoStatus::ok && work_) is_loaded_ = false;
    finish_work(io);
}

void TapeDrive::begin(TapeResult& result, Completion done) {
    assert(!done_);
    result = {};
    result_ = &result;
    done_.emplace(std::move(done));
    work_status_ = TapeStatus::ok;
    work_ = {};
}

void TapeDrive::finish(TapeStatus status) {
    result_->status = status;
    result_ = nullptr;
    step_ = nullptr;
    auto done = std::move(*done_);
    done_.reset();
    std::move(done)({status == TapeStatus::aborted ? IoStatus::aborted : IoStatus::ok, 0, 0});
}

Completion TapeDrive::then(Step step) {
    step_ = step;
    operation_.drive = this;
    operation_.deliver = [](IoOperation& operation, const IoResult& io) {
        auto& drive = *static_cast<Operation&>(operation).drive;
        (drive.*drive.step_)(io);
    };
    return Completion(operation_);
}

void TapeDrive::in_background(Work work, Step step) {
    background_ = work;
    const auto run = [](void* self) {
        auto& drive = *static_cast<TapeDrive*>(self);
        (drive.*drive.background_)();
    };
    queue_->run(cartridge_->io(), run, this, then(step));
}

void TapeDrive::finish_work(const IoResult& io) {
    if (io.status != IoStatus::ok) return finish(status_of(io.status));
    finish(work_ ? work_status_ : status_of(work_));
}

TapeStatus TapeDrive::status_of(const Result<void>& result) {
    if (result) return TapeStatus::ok;
    switch (result.error().number) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG: return TapeStatus::no_space;
        case EUCLEAN: return TapeStatus::corrupt;
        default: return TapeStatus::io_error;
    }
}

TapeStatus TapeDrive::status_of(IoStatus status) {
    switch (status) {
        case IoStatus::ok: return TapeStatus::ok;
        case IoStatus::no_space: return TapeStatus::no_space;
        case IoStatus::aborted: return TapeStatus::aborted;
        default: return TapeStatus::io_error;
    }
}

// What was done in part cannot be said not to have begun.
void TapeDrive::abort(IoOperation& operation) {
    if (done_ && done_->answers(operation) && result_->done == 0) queue_->abort(operation_);
}

std::string_view TapeDrive::whereabouts(const IoOperation& operation) const {
    if (!done_ || !done_->answers(operation)) return "in its backend";
    return operation_.kind == IoOperation::Kind::work ? "in the files of its cartridge, to be continued"
                                                      : "in the files of its cartridge";
}

Result<std::string> TapeDrive::control(std::string_view command) {
    if (command != "cartridge") return failure(EINVAL, "the only command of a tape drive is 'cartridge'");
    if (!cartridge_) return std::string("no cartridge\n");
    const auto& cart = cartridge_->cart();
    auto text = fmt::format("{} {} in {}, {}\n", text_of(cart.uuid), cart.barcode, cartridge_->directory(),
                            is_loaded_ ? "loaded" : "not loaded");
    for (std::size_t i = 0; i < cartridge_->partitions().size(); ++i) {
        const auto& partition = cartridge_->partitions()[i];
        const auto& found = partition.recovered();
        text +=
            fmt::format("partition {}: {} objects, {} filemarks, {} of {} bytes", i, partition.tail().object,
                        partition.tail().file, partition.tail().offset, raw(cart.partitions[i].capacity));
        if (found.torn_bytes != 0) text += fmt::format("; {} torn bytes behind the end", found.torn_bytes);
        text += "\n";
    }
    return text;
}

}  // namespace tcmud::tape
