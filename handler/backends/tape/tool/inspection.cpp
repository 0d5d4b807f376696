// SPDX-License-Identifier: Apache-2.0
// Commands that look at cartridges, also while a drive writes to them.
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "handler/backends/tape/image/crc32c.hpp"
#include "handler/backends/tape/tool/blocks.hpp"
#include "handler/backends/tape/tool/commands.hpp"
#include "handler/backends/tape/tool/progress.hpp"

namespace tcmud::tape {

namespace {

// "6.0 TB": as cartridges are sold.
std::string decimal(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 6> units{"bytes", "kB", "MB", "GB", "TB", "PB"};
    if (bytes < 1000) return fmt::format("{} bytes", bytes);
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < units.size(); ++unit) value /= 1000;
    return fmt::format("{:.1f} {}", value, units[unit]);
}

// The blocks of a file together.
struct FileSummary {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
    std::uint64_t shortest = UINT64_MAX;
    std::uint64_t longest = 0;
    std::uint64_t unknown = 0;  // Their headers cannot be read.
    bool compressed = false;
    bool encrypted = false;

    void add(std::uint64_t length, std::uint64_t count) {
        blocks += count;
        bytes += length * count;
        shortest = std::min(shortest, length);
        longest = std::max(longest, length);
    }
};

FileSummary summary_of(Partition& partition, const FileExtent& extent) {
    FileSummary summary;
    for (auto object = extent.first; object < extent.end;) {
        const auto same = partition.index().same_from(object);
        if (same != 0) {
            const auto count = std::min(same, extent.end - object);
            summary.add(partition.index().find(object).length, count);
            object += count;
            continue;
        }
        if (const auto record = partition.look(object)) {
            summary.add(record->logical_length, 1);
            summary.compressed = summary.compressed || record->compression != Compression::none;
            summary.encrypted = summary.encrypted || record->encrypted;
        } else {
            ++summary.unknown;
        }
        ++object;
    }
    return summary;
}

std::string line_of(std::uint64_t number, const FileSummary& summary, const FileExtent& extent) {
    auto line =
        fmt::format("{:>6} {:>12} {:>10} {:>16}", number, extent.first, summary.blocks, summary.bytes);
    if (summary.blocks != 0) {
        line += summary.shortest == summary.longest
                    ? fmt::format("  {}", summary.shortest)
                    : fmt::format("  {} to {}", summary.shortest, summary.longest);
    }
    if (summary.compressed) line += ", compressed";
    if (summary.encrypted) line += ", encrypted";
    if (summary.unknown != 0) line += fmt::format(", {} damaged", summary.unknown);
    return line + "\n";
}

}  // namespace

Result<void> info(const Wish& wish, std::ostream& out) {
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::look);
    if (!cartridge) return tl::unexpected(cartridge.error());
    const auto& cart = cartridge->cart();
    const auto& counted = cart.statistics;
    out << fmt::format("uuid:     {}\nbarcode:  {}\ntype:     {}{}{}\n", text_of(cart.uuid), cart.barcode,
                       name_of_density(cart.density), cart.worm ? ", WORM" : "",
                       cart.cleaning ? ", for cleaning" : "");
    out << fmt::format("capacity: {}\nwrite protection: {}\nin use:   {}\n", decimal(raw(cart.capacity)),
                       cart.write_protected ? "on" : "off", cartridge->check_unused() ? "no" : "yes");
    out << fmt::format("loads:    {}\nwritten:  {}, which took {}\nread:     {}\n", counted.loads,
                       decimal(raw(counted.written)), decimal(raw(counted.stored)),
                       decimal(raw(counted.read)));
    for (std::size_t number = 0; number < cartridge->partitions().size(); ++number) {
        const auto& partition = cartridge->partitions()[number];
        const auto& tail = partition.tail();
        out << fmt::format("partition {}: {} of {}, {} blocks, {} filemarks", number, decimal(tail.offset),
                           decimal(raw(cart.partitions[number].capacity)), tail.object - tail.file,
                           tail.file);
        const auto& found = partition.recovered();
        if (found.torn_bytes != 0) out << fmt::format(", {} torn bytes behind them", found.torn_bytes);
        out << "\n";
    }
    return {};
}

Result<void> list(const Wish& wish, std::ostream& out) {
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::look);
    if (!cartridge) return tl::unexpected(cartridge.error());
    for (std::size_t number = 0; number < cartridge->partitions().size(); ++number) {
        auto& partition = cartridge->partitions()[number];
        if (cartridge->partitions().size() > 1) out << fmt::format("partition {}\n", number);
        out << fmt::format("{:>6} {:>12} {:>10} {:>16}  {}\n", "file", "object", "blocks", "bytes",
                           "block length");
        const auto files = partition.tail().file;
        for (std::uint64_t file = 0; file <= files; ++file) {
            const auto extent = file_extent(partition, file);
            // Behind the last filemark there mostly is nothing.
            if (file == files && extent.first == extent.end) break;
            out << line_of(file, summary_of(partition, extent), extent);
        }
    }
    return {};
}

Result<void> cat(const Wish& wish, std::ostream& out) {
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::look);
    if (!cartridge) return tl::unexpected(cartridge.error());
    if (wish.partition >= cartridge->partitions().size())
        return failure(EINVAL, fmt::format("there is no partition {}", wish.partition));
    auto& partition = cartridge->partitions()[wish.partition];
    if (wish.file > partition.tail().file)
        return failure(
            EINVAL, fmt::format("there is no file {}: the last one is {}", wish.file, partition.tail().file));
    Transformer transformer;
    if (!wish.key_file.empty()) {
        if (auto used = use_key(transformer, wish.key_file); !used) return used;
    }
    const auto extent = file_extent(partition, wish.file);
    for (auto object = extent.first; object < extent.end; ++object) {
        const auto block = read_block(transformer, partition, object);
        if (!block) return tl::unexpected(block.error());
        out.write(reinterpret_cast<const char*>(block->data()), static_cast<std::streamsize>(block->size()));
        if (!out) return failure(EIO, "cannot write");
    }
    return {};
}

Result<void> verify(const Wish& wish, std::ostream& out) {
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::look);
    if (!cartridge) return tl::unexpected(cartridge.error());
    std::uint64_t whole = 0;
    for (const auto& partition : cartridge->partitions()) whole += partition.tail().offset;
    Progress progress("verified", whole);
    std::uint64_t objects = 0;
    std::uint64_t damaged = 0;
    std::vector<std::byte> stored;
    for (std::size_t number = 0; number < cartridge->partitions().size(); ++number) {
        auto& partition = cartridge->partitions()[number];
        for (std::uint64_t object = 0; object < partition.tail().object; ++object, ++objects) {
            const auto record = partition.fetch(object, stored);
            if (record && crc32c(stored) == record->stored_crc) {
                progress.add(record_size(stored.size()));
                continue;
            }
            ++damaged;
            out << fmt::format("partition {}, object {}: {}\n", number, object,
                               record ? "its checksum does not fit" : record.error().text);
        }
    }
    if (damaged != 0) return failure(EUCLEAN, fmt::format("{} of {} objects are damaged", damaged, objects));
    out << fmt::format("{} objects, all of them as they were written\n", objects);
    return {};
}

}  // namespace tcmud::tape
