// SPDX-License-Identifier: Apache-2.0
// EXTENDED COPY between disks of this daemon, and RECEIVE COPY RESULTS (SPC-4 6.4 and 6.25).
#include "handler/scsi/extended_copy.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "handler/devices/aligned_memory.hpp"
#include "handler/devices/block/block_device.hpp"

namespace tcmud::devices {

using scsi::get_32;
using scsi::Outcome;
using scsi::Sense;

namespace {

constexpr ByteCount copy_chunk{1024 * 1024};

// What a segment cannot be carried out for; nullopt if nothing speaks against it.
std::optional<Sense> refuse_segment(const scsi::CopySegment& segment, const CopyPeer& source,
                                    const CopyPeer& destination) {
    if (source.block_size() != destination.block_size()) return scsi::sense::invalid_field_in_parameter_list;
    if (!fits(segment.source_lba, segment.count, source.capacity()) ||
        !fits(segment.destination_lba, segment.count, destination.capacity())) {
        return scsi::sense::copy_target_not_reachable;
    }
    if (raw(segment.count * source.block_size()) > scsi::extended_copy_limits.segment_length) {
        return scsi::sense::invalid_field_in_parameter_list;
    }
    return std::nullopt;
}

}  // namespace

void BlockDevice::extended_copy(Command& command, Reply reply) {
    if (const auto why_not = not_ready()) return std::move(reply)(Outcome::check(*why_not));
    const auto length = get_32(command.cdb(), 10);
    constexpr std::uint32_t longest_list = 16 + scsi::extended_copy_limits.descriptor_list_length;
    // A longer list is cut: what its header announces is checked, and refused, just the same.
    auto list = parameter_list(command, std::min(length, longest_list));
    if (!list) return std::move(reply)(Outcome::check(scsi::sense::parameter_list_length_error));
    answer(std::move(reply), copy(command, std::move(*list)));
}

Steps<Outcome> BlockDevice::copy(Command& command, std::vector<std::byte> list) {
    const auto parsed = scsi::parse_extended_copy(list);
    if (!parsed) co_return Outcome::check(parsed.error());
    std::vector<std::unique_ptr<CopyPeer>> peers;
    for (const auto& target : parsed->targets) {
        auto& peer = peers.emplace_back();
        if (target.null) continue;
        const auto found =
            co_await Io{[&](Completion done) { host().find_copy_peer(target.naa, peer, std::move(done)); },
                        "waiting for configfs"};
        if (found.status != IoStatus::ok) co_return Outcome::check(scsi::sense::copy_target_not_reachable);
        if (peer->block_size() != target.block_size) {
            co_return Outcome::check(scsi::sense::invalid_field_in_parameter_list);
        }
    }
    // All segments are checked before the first one is copied.
    for (const auto& segment : parsed->segments) {
        if (!peers[segment.source] || !peers[segment.destination]) {
            co_return Outcome::check(scsi::sense::copy_target_not_reachable);
        }
        const auto refused = refuse_segment(segment, *peers[segment.source], *peers[segment.destination]);
        if (refused) co_return Outcome::check(*refused);
    }
    for (const auto& segment : parsed->segments) {
        const auto failed =
            co_await copy_segment(command, segment, *peers[segment.source], *peers[segment.destination]);
        if (command.aborted) co_return Outcome::aborted();
        if (failed) co_return Outcome::check(*failed);
    }
    co_return Outcome::data_out_taken();
}

Steps<std::optional<Sense>> BlockDevice::copy_segment(Command& command, const scsi::CopySegment& segment,
                                                      CopyPeer& source, CopyPeer& destination) {
    const auto step = raw(copy_chunk / source.block_size());
    AlignedMemory memory(copy_chunk);
    for (std::uint64_t at = 0; at < raw(segment.count) && !command.aborted; at += step) {
        const BlockCount blocks{std::min(step, raw(segment.count) - at)};
        const auto size = blocks * source.block_size();
        const auto buffers = memory.buffers(size);
        const auto read =
            co_await Io{[&](Completion done) {
                            source.read(segment.source_lba + BlockCount{at}, buffers, std::move(done));
                        },
                        "waiting for the disk that is copied from"};
        if (read.status != IoStatus::ok || read.bytes < raw(size))
            co_return scsi::sense::third_party_device_failure;
        const auto written = co_await Io{[&](Completion done) {
                                             destination.write(segment.destination_lba + BlockCount{at},
                                                               buffers, std::move(done));
                                         },
                                         "waiting for the disk that is copied to"};
        if (written.status != IoStatus::ok) co_return scsi::sense::third_party_device_failure;
    }
    co_return std::nullopt;
}

void BlockDevice::receive_copy_parameters(Command& command, Reply reply) {
    std::move(reply)(send(command, scsi::copy_operating_parameters(), get_32(command.cdb(), 10)));
}

}  // namespace tcmud::devices
