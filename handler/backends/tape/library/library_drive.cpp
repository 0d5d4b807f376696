// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library_drive.hpp"

#include <cassert>
#include <utility>

#include "handler/backends/tape/library/library.hpp"

namespace tcmud::tape {

LibraryDrive::LibraryDrive(std::shared_ptr<Library> library, std::size_t number, std::unique_ptr<Drive> drive,
                           std::string cartridge_in_it)
    : cartridge(std::move(cartridge_in_it)),
      library_(std::move(library)),
      number_(number),
      drive_(std::move(drive)) {
    operation_.drive = this;
    operation_.deliver = [](IoOperation& operation, const IoResult& result) {
        static_cast<Operation&>(operation).drive->ended(result);
    };
}

LibraryDrive::~LibraryDrive() {
    library_->leave(*this);
    assert(!done_ && !waiting_done_ && !gate_closed_);
}

void LibraryDrive::start(IoQueue& queue, Events events) {
    drive_->start(queue, std::move(events));
    library_->join(*this, queue);
}

std::optional<TapeAutomation> LibraryDrive::automation() const {
    const auto& file = library_->directory().file();
    return TapeAutomation{file.serial, static_cast<std::uint16_t>(file.bases.drives + number_)};
}

void LibraryDrive::close_gate(Completion closed) {
    assert(!gate_closed_ && !gate_);
    gate_closed_ = true;
    if (!done_) return std::move(closed)({});
    gate_.emplace(std::move(closed));
}

void LibraryDrive::open_gate() {
    assert(gate_closed_ && !done_);
    gate_closed_ = false;
    if (auto waiting = std::exchange(waiting_, nullptr)) waiting();
}

Completion LibraryDrive::answered_by(Completion done) {
    assert(!done_);
    done_.emplace(std::move(done));
    return Completion(operation_);
}

void LibraryDrive::ended(const IoResult& result) {
    auto done = std::move(*done_);
    done_.reset();
    auto gate = std::exchange(gate_, std::nullopt);
    // A new operation that begins inside of this call waits already.
    std::move(done)(result);
    if (gate) std::move (*gate)({});
}

template <class Begin>
void LibraryDrive::pass(Needs needs, TapeResult& result, Completion done, Begin begin) {
    if (!gate_closed_) return begin(answered_by(std::move(done)));
    assert(!waiting_done_);
    waiting_done_.emplace(std::move(done));
    waiting_result_ = &result;
    waiting_ = [this, needs, &result, begin = std::move(begin)]() mutable {
        auto answer = std::move(*waiting_done_);
        waiting_done_.reset();
        if (needs == Needs::medium && !drive_->medium()) {
            result = {};
            result.status = TapeStatus::no_medium;
            return std::move(answer)({});
        }
        begin(answered_by(std::move(answer)));
    };
}

void LibraryDrive::load(TapeResult& result, Completion done) {
    pass(Needs::nothing, result, std::move(done),
         [this, &result](Completion ended) { drive_->load(result, std::move(ended)); });
}

void LibraryDrive::unload(TapeResult& result, Completion done) {
    pass(Needs::nothing, result, std::move(done),
         [this, &result](Completion ended) { drive_->unload(result, std::move(ended)); });
}

void LibraryDrive::read(Buffers into, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, into, &result](Completion ended) { drive_->read(into, result, std::move(ended)); });
}

void LibraryDrive::write(Buffers from, std::uint32_t block_length, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done), [this, from, block_length, &result](Completion ended) {
        drive_->write(from, block_length, result, std::move(ended));
    });
}

void LibraryDrive::write_filemarks(std::uint64_t count, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done), [this, count, &result](Completion ended) {
        drive_->write_filemarks(count, result, std::move(ended));
    });
}

void LibraryDrive::synchronize(TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, &result](Completion ended) { drive_->synchronize(result, std::move(ended)); });
}

void LibraryDrive::space(TapeSpacing over, std::int64_t count, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done), [this, over, count, &result](Completion ended) {
        drive_->space(over, count, result, std::move(ended));
    });
}

void LibraryDrive::space_to_end(TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, &result](Completion ended) { drive_->space_to_end(result, std::move(ended)); });
}

void LibraryDrive::locate(std::uint32_t partition, std::uint64_t object, TapeResult& result,
                          Completion done) {
    pass(Needs::medium, result, std::move(done), [this, partition, object, &result](Completion ended) {
        drive_->locate(partition, object, result, std::move(ended));
    });
}

void LibraryDrive::locate_file(std::uint32_t partition, std::uint64_t file, TapeResult& result,
                               Completion done) {
    pass(Needs::medium, result, std::move(done), [this, partition, file, &result](Completion ended) {
        drive_->locate_file(partition, file, result, std::move(ended));
    });
}

void LibraryDrive::verify(std::uint64_t blocks, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, blocks, &result](Completion ended) { drive_->verify(blocks, result, std::move(ended)); });
}

void LibraryDrive::erase(TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, &result](Completion ended) { drive_->erase(result, std::move(ended)); });
}

void LibraryDrive::format(std::vector<ByteCount> sizes, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, sizes = std::move(sizes), &result](Completion ended) mutable {
             drive_->format(std::move(sizes), result, std::move(ended));
         });
}

void LibraryDrive::set_capacity(std::uint16_t part, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, part, &result](Completion ended) { drive_->set_capacity(part, result, std::move(ended)); });
}

void LibraryDrive::resume(const TapePosition& position, bool cut, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done), [this, position, cut, &result](Completion ended) {
        drive_->resume(position, cut, result, std::move(ended));
    });
}

void LibraryDrive::set_attributes(std::uint32_t partition, std::vector<TapeAttribute> attributes,
                                  TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, partition, attributes = std::move(attributes), &result](Completion ended) mutable {
             drive_->set_attributes(partition, std::move(attributes), result, std::move(ended));
         });
}

void LibraryDrive::look_at_next(TapeNext& next, TapeResult& result, Completion done) {
    pass(Needs::medium, result, std::move(done),
         [this, &next, &result](Completion ended) { drive_->look_at_next(next, result, std::move(ended)); });
}

void LibraryDrive::abort(IoOperation& operation) {
    if (done_ && done_->answers(operation)) return drive_->abort(operation_);
    if (!waiting_done_ || !waiting_done_->answers(operation)) return;
    waiting_ = nullptr;
    *waiting_result_ = {};
    waiting_result_->status = TapeStatus::aborted;
    auto answer = std::move(*waiting_done_);
    waiting_done_.reset();
    std::move(answer)({IoStatus::aborted, 0, 0});
}

std::string_view LibraryDrive::whereabouts(const IoOperation& operation) const {
    if (waiting_done_ && waiting_done_->answers(operation)) return "waiting for the robot";
    return drive_->whereabouts(operation_);
}

}  // namespace tcmud::tape
