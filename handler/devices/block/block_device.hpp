// SPDX-License-Identifier: Apache-2.0
// The device server of disks (SBC-3): logical blocks over a BlockBackend.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "handler/devices/exclusive_ranges.hpp"
#include "handler/devices/primary_device.hpp"
#include "handler/devices/unsynchronized_ranges.hpp"
#include "handler/scsi/cdb.hpp"
#include "handler/scsi/extended_copy.hpp"
#include "tcmud/block_backend.hpp"

namespace tcmud::devices {

// What the administrator says of a disk, by configfs and by the cfgstring.
struct BlockSettings {
    BlockSize block_size{};
    ByteCount largest_transfer{8 * 1024 * 1024};  // VPD B0
    bool write_cache = true;                      // WCE at the start; false: every write is stable.
    bool absent = false;                          // There is no backing store now: NOT READY.
};

class BlockDevice final : public PrimaryDevice {
public:
    // REQUIRES: the backend was started and outlives the device, as the host does.
    BlockDevice(BlockBackend& backend, const BlockSettings& settings, Host& host);
    ~BlockDevice() override = default;

    void execute(Command& command, Reply reply) override;
    void abort(Command& command) override;
    Whereabouts whereabouts(const Command& command) const override;
    void reset() override;
    bool idle() const override { return !flushing_; }
    std::vector<std::byte> state() const override;
    void restore(std::span<const std::byte> state, bool replaying) override;

    // The command table's facts, for documentation and tests.
    static std::span<const scsi::CommandInfo> commands();

    // The backend's size changed: initiators are told.
    void capacity_changed();
    // The administrator switches the write cache (emulate_write_cache): initiators are told.
    void set_write_cache(bool on);
    bool write_cache() const { return write_cache_; }

    BlockCount capacity() const { return capacity_; }
    BlockSize block_size() const { return settings_.block_size; }

    // For extended copies by another LUN: as the READ or WRITE of one of our initiators. The claim is the
    // caller's.
    void peer_read(Lba first, Buffers into, Completion done);
    void peer_write(Lba first, Buffers from, RangeClaim& claim, Completion done);

private:
    friend struct BlockCommands;

    // Rows of the command table.
    void read(Command& command, Reply reply);
    void write(Command& command, Reply reply);
    void synchronize_cache(Command& command, Reply reply);
    void pre_fetch(Command& command, Reply reply);
    void verify(Command& command, Reply reply);
    void write_and_verify(Command& command, Reply reply);
    void compare_and_write(Command& command, Reply reply);
    void unmap(Command& command, Reply reply);
    void write_same(Command& command, Reply reply);
    void read_capacity_10(Command& command, Reply reply);
    void read_capacity_16(Command& command, Reply reply);
    void start_stop_unit(Command& command, Reply reply);
    void extended_copy(Command& command, Reply reply);
    void receive_copy_parameters(Command& command, Reply reply);

    // Of PrimaryDevice.
    scsi::Writer vpd_page(scsi::VpdPage page) override;
    std::uint8_t device_specific_parameter() const override;
    void append_block_descriptor(scsi::Writer& to, bool long_lba) const override;
    bool accepts_block_descriptor(scsi::Bytes descriptor, bool long_lba) const override;
    void mode_pages_changed() override;
    Steps<scsi::Outcome> carry_out_mode_select() override;
    std::optional<scsi::Sense> not_ready() const override;
    bool offers(const scsi::CommandInfo& info) const override;

    // Why a command on these blocks cannot begin.
    std::optional<scsi::Sense> refuse_access(scsi::BlockAddress address) const;
    std::optional<scsi::Sense> refuse_change(scsi::BlockAddress address) const;
    ByteOffset offset(Lba lba) const { return lba * settings_.block_size; }
    ByteCount bytes(BlockCount count) const { return count * settings_.block_size; }
    Stable stability(scsi::Bytes cdb) const;
    // LBPRZ: what was unmapped reads as zeros.
    bool unmap_reads_zero() const { return traits_.unmap && traits_.unmap_reads_zero; }

    // The plain path of a read or write: one backend operation, nothing allocated.
    void start_read(Command& command, Reply&& reply, ByteOffset at);
    void start_write(Command& command, Reply&& reply);
    static void read_ended(IoOperation& operation, const IoResult& result);
    static void write_ended(IoOperation& operation, const IoResult& result);

    // Compound commands.
    using Outcome = scsi::Outcome;
    using Address = scsi::BlockAddress;
    Steps<Outcome> read_partial_block(Command& command, Address address);
    Steps<Outcome> read_through(Command& command, Address address);
    Steps<Outcome> synchronize();
    Steps<Outcome> stop();
    Task synchronize_in_background();
    Steps<Outcome> write_then_verify(Command& command, Address address, unsigned byte_check);
    Steps<Outcome> verify_blocks(Command& command, Address address, unsigned byte_check);
    Steps<Outcome> compare_then_write(Command& command, Address address);
    Steps<Outcome> compare(Command& command, Address address);
    Steps<Outcome> unmap_ranges(Command& command, std::vector<std::byte> list);
    Steps<Outcome> write_zeros(Command& command, Address address, bool unmap);
    Steps<Outcome> write_pattern(Command& command, Address address, std::vector<std::byte> block);
    Steps<Outcome> made_stable();
    Steps<Outcome> copy(Command& command, std::vector<std::byte> list);
    Steps<std::optional<scsi::Sense>> copy_segment(Command& command, const scsi::CopySegment& segment,
                                                   CopyPeer& source, CopyPeer& destination);
    Task write_for_peer(Lba first, Buffers from, RangeClaim& claim, Completion done);

    // A flush that covers all writes that ended before; several that wait share one.
    void flush(Completion done);
    void flush_ended(IoResult result);
    bool waits_for_flush(const IoOperation& operation) const;
    // True: it waited for a flush, and was answered.
    bool leave_flush(IoOperation& operation);
    void switch_write_cache(bool on);
    enum class ModeBit { write_cache, software_write_protect, descriptor_sense };
    void set_mode_bit(ModeBit bit, bool on);
    // A write that ended well may be in a cache; one that failed may have cost others theirs.
    void note_write(ByteOffset at, ByteCount length, Stable stable, IoResult result);

    BlockBackend& backend_;
    BlockSettings settings_;
    BlockTraits traits_;
    BlockCount capacity_;
    bool write_cache_ = false;
    bool software_write_protect_ = false;
    bool stopped_ = false;
    ExclusiveRanges ranges_;
    UnsynchronizedRanges unsynchronized_;

    // The flush that runs, and who waits for the next one.
    struct Flush : IoOperation {
        BlockDevice* device = nullptr;
    };
    Flush flush_;
    bool flushing_ = false;
    IoOperation* covered_ = nullptr;  // Answered when the running flush ends.
    IoOperation* waiting_ = nullptr;  // Came later: need another.
};

// The one place where a backend's result becomes what an initiator is told.
// first: the block where the operation began; INFORMATION tells the block that failed.
scsi::Outcome outcome_of_read(IoResult result, ByteCount wanted, Lba first, BlockSize block_size);
scsi::Outcome outcome_of_write(IoResult result, Lba first, BlockSize block_size);

}  // namespace tcmud::devices
