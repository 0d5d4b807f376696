// SPDX-License-Identifier: Apache-2.0
// A drive of a library: the drive of its initiators, and a gate before it that the robot closes while it puts
// cartridges in and takes them out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "handler/backends/tape/drive.hpp"

namespace tcmud::tape {

class Library;

class LibraryDrive final : public TapeBackend {
public:
    // number: in the library's list. The drive is empty, or has its cartridge in it.
    LibraryDrive(std::shared_ptr<Library> library, std::size_t number, std::unique_ptr<Drive> drive,
                 std::string cartridge_in_it);
    ~LibraryDrive() override;

    // For the robot. On the serving thread.
    Drive& drive() { return *drive_; }
    // The name of the cartridge that is in it; empty: none.
    std::string cartridge;
    std::size_t number() const { return number_; }
    // Done when nothing of its initiators is under way; what they want then waits. REQUIRES: it is open.
    void close_gate(Completion closed);
    void open_gate();

    std::string_view placement_key() const override { return drive_->placement_key(); }
    std::string_view serial() const override { return drive_->serial(); }
    std::string_view personality() const override { return drive_->personality(); }
    std::string_view maker() const override { return drive_->maker(); }
    std::optional<TapeAutomation> automation() const override;
    void start(IoQueue& queue, Events events) override;
    const TapeMedium* medium() const override { return drive_->medium(); }
    bool occupied() const override { return drive_->occupied(); }
    void load(TapeResult& result, Completion done) override;
    void unload(TapeResult& result, Completion done) override;
    void prevent_removal(bool prevented) override { drive_->prevent_removal(prevented); }
    TapePosition position() const override { return drive_->position(); }
    bool in_last(ByteCount zone) const override { return drive_->in_last(zone); }
    void read(Buffers into, TapeResult& result, Completion done) override;
    void write(Buffers from, std::uint32_t block_length, TapeResult& result, Completion done) override;
    void write_filemarks(std::uint64_t count, TapeResult& result, Completion done) override;
    void synchronize(TapeResult& result, Completion done) override;
    void space(TapeSpacing over, std::int64_t count, TapeResult& result, Completion done) override;
    void space_to_end(TapeResult& result, Completion done) override;
    void locate(std::uint32_t partition, std::uint64_t object, TapeResult& result, Completion done) override;
    void locate_file(std::uint32_t partition, std::uint64_t file, TapeResult& result,
                     Completion done) override;
    void verify(std::uint64_t blocks, TapeResult& result, Completion done) override;
    void erase(TapeResult& result, Completion done) override;
    void format(std::vector<ByteCount> sizes, TapeResult& result, Completion done) override;
    void set_capacity(std::uint16_t part, TapeResult& result, Completion done) override;
    void resume(const TapePosition& position, bool cut, TapeResult& result, Completion done) override;
    const std::vector<TapeAttribute>& attributes(std::uint32_t partition) const override {
        return drive_->attributes(partition);
    }
    void set_attributes(std::uint32_t partition, std::vector<TapeAttribute> attributes, TapeResult& result,
                        Completion done) override;
    void set_compression(bool on) override { drive_->set_compression(on); }
    void set_encryption(const TapeEncryption& encryption) override { drive_->set_encryption(encryption); }
    void look_at_next(TapeNext& next, TapeResult& result, Completion done) override;
    void abort(IoOperation& operation) override;
    std::string_view whereabouts(const IoOperation& operation) const override;
    Result<std::string> control(std::string_view command) override { return drive_->control(command); }

private:
    struct Operation : IoOperation {
        LibraryDrive* drive = nullptr;
    };
    enum class Needs { medium, nothing };

    // Begins it, or has it wait before the gate. Where it needs a medium and there is none any more by then,
    // it ends so.
    template <class Begin>
    void pass(Needs needs, TapeResult& result, Completion done, Begin begin);
    Completion answered_by(Completion done);
    void ended(const IoResult& result);

    std::shared_ptr<Library> library_;
    std::size_t number_;
    std::unique_ptr<Drive> drive_;

    bool gate_closed_ = false;
    std::optional<Completion> gate_;  // Who waits for it to be closed.
    Operation operation_;
    std::optional<Completion> done_;  // Of the operation that is under way.
    // The operation that waits before the gate.
    std::function<void()> waiting_;
    std::optional<Completion> waiting_done_;
    TapeResult* waiting_result_ = nullptr;
};

}  // namespace tcmud::tape
