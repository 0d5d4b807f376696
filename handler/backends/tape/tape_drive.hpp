// SPDX-License-Identifier: Apache-2.0
// The drive: what it holds, and how an operation of several steps goes on. Each step ends the operation, or
// begins something that the next one follows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "handler/backends/tape/drive.hpp"
#include "handler/backends/tape/image/record_batch.hpp"

namespace tcmud::tape {

class TapeDrive final : public Drive {
public:
    explicit TapeDrive(DriveOptions options) : options_(std::move(options)) {}
    ~TapeDrive() override;

    // drive.cpp
    void insert(std::unique_ptr<Cartridge> cartridge) override;
    std::unique_ptr<Cartridge> remove() override;
    bool removal_prevented() const override { return removal_prevented_; }
    void medium_changed() override;
    std::string_view placement_key() const override { return options_.placement_key; }
    std::string_view serial() const override { return options_.serial; }
    std::string_view personality() const override { return options_.personality; }
    std::string_view maker() const override { return options_.maker; }
    void start(IoQueue& queue, Events events) override;
    const TapeMedium* medium() const override;
    bool occupied() const override { return cartridge_ != nullptr; }
    void load(TapeResult& result, Completion done) override;
    void unload(TapeResult& result, Completion done) override;
    void prevent_removal(bool prevented) override { removal_prevented_ = prevented; }
    void abort(IoOperation& operation) override;
    std::string_view whereabouts(const IoOperation& operation) const override;
    Result<std::string> control(std::string_view command) override;

    // medium.cpp
    void format(std::vector<ByteCount> sizes, TapeResult& result, Completion done) override;
    void set_capacity(std::uint16_t part, TapeResult& result, Completion done) override;
    const std::vector<TapeAttribute>& attributes(std::uint32_t partition) const override;
    void set_attributes(std::uint32_t partition, std::vector<TapeAttribute> attributes, TapeResult& result,
                        Completion done) override;

    // motion.cpp
    TapePosition position() const override { return head_; }
    bool in_last(ByteCount zone) const override;
    void space(TapeSpacing over, std::int64_t count, TapeResult& result, Completion done) override;
    void space_to_end(TapeResult& result, Completion done) override;
    void locate(std::uint32_t partition, std::uint64_t object, TapeResult& result, Completion done) override;
    void locate_file(std::uint32_t partition, std::uint64_t file, TapeResult& result,
                     Completion done) override;
    void resume(const TapePosition& position, bool cut, TapeResult& result, Completion done) override;

    // reading.cpp
    void read(Buffers into, TapeResult& result, Completion done) override;
    void verify(std::uint64_t blocks, TapeResult& result, Completion done) override;
    void look_at_next(TapeNext& next, TapeResult& result, Completion done) override;

    // writing.cpp
    void write(Buffers from, std::uint32_t block_length, TapeResult& result, Completion done) override;
    void write_filemarks(std::uint64_t count, TapeResult& result, Completion done) override;
    void synchronize(TapeResult& result, Completion done) override;
    void erase(TapeResult& result, Completion done) override;

    void set_compression(bool on) override {
        transformer_.set_compression(on ? options_.compression : CompressionLevel::off);
    }
    void set_encryption(const TapeEncryption& encryption) override {
        transformer_.set_encryption(encryption);
    }

private:
    using Step = void (TapeDrive::*)(const IoResult&);
    using Work = void (TapeDrive::*)();

    struct Operation : IoOperation {
        TapeDrive* drive = nullptr;
    };

    // drive.cpp: the operation that is under way.
    void begin(TapeResult& result, Completion done);
    void finish(TapeStatus status);
    Completion then(Step step);
    // Where the work may block; what came of it is in work_.
    void in_background(Work work, Step step);
    void finish_work(const IoResult& io);
    static TapeStatus status_of(const Result<void>& result);
    static TapeStatus status_of(IoStatus status);

    Partition& partition() { return cartridge_->partitions()[head_.partition]; }
    const Partition& partition() const { return cartridge_->partitions()[head_.partition]; }
    const Index& index() const { return partition().index(); }
    bool at_end() const { return head_.object == partition().tail().object; }
    bool at_filemark() const { return index().is_filemark(head_.object, head_.file); }
    // The head is set onto an object of its partition.
    void stand_at(std::uint64_t object);
    void describe_medium();

    bool among_last_filemarks() const;

    // Whether the medium can be changed where the head stands.
    TapeStatus may_write() const;
    TapeStatus may_erase() const;
    // Blocks: what the first change after a load means.
    Result<void> note_change();
    Result<void> cut_at_head();

    void note_load();
    void remark_torn_tails() const;
    void settle();
    void unloaded(const IoResult& io);
    void do_format();
    void formatted(const IoResult& io);
    void save_attributes();
    void resume_by_cutting();

    void locate_block();
    void block_located(const IoResult& io);
    void read_block(const Partition::Location& location);
    void block_read(const IoResult& io);
    void verify_some();
    void verified_some(const IoResult& io);
    TapeStatus verify_one(std::uint64_t& bytes);
    void restore_block();
    void block_restored(const IoResult& io);
    void deliver(const Record& record);
    void look_at_block();

    void write_next();
    // What a block takes in a file, at most.
    std::uint64_t most_of_a_record() const;
    std::uint64_t capacity() const;
    void fill_batch();
    void transform_batch();
    void transformed(const IoResult& io);
    void write_batch();
    void prepare_writing();
    void prepared(const IoResult& io);
    void batch_written(const IoResult& io);
    void push();
    void pushed(const IoResult& io);
    void synchronize_all();
    void do_erase();

    DriveOptions options_;
    IoQueue* queue_ = nullptr;
    Events events_;
    std::unique_ptr<Cartridge> cartridge_;
    bool is_loaded_ = false;
    bool removal_prevented_ = false;
    bool changed_ = false;  // Since it was loaded.
    TapePosition head_;
    mutable TapeMedium medium_;
    Transformer transformer_;

    // Of the operation that is under way.
    Operation operation_;
    Step step_ = nullptr;
    Work background_ = nullptr;
    Result<void> work_;
    TapeStatus work_status_ = TapeStatus::ok;
    std::optional<Completion> done_;
    TapeResult* result_ = nullptr;
    Buffers buffers_;
    std::uint64_t asked_ = 0;  // Blocks or filemarks.
    std::uint32_t block_length_ = 0;
    bool filemarks_ = false;
    RecordBatch batch_;
    RecordHeader header_{};
    std::uint64_t expected_offset_ = 0;
    std::vector<iovec> pieces_;
    std::vector<std::byte> stored_;
    std::vector<std::byte> block_;
    Record restored_;
    std::vector<ByteCount> sizes_;
    std::uint32_t attributes_of_ = 0;
    std::vector<TapeAttribute> attributes_;
    TapePosition resume_at_;
    TapeNext* next_ = nullptr;
};

}  // namespace tcmud::tape
