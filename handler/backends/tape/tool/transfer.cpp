// SPDX-License-Identifier: Apache-2.0
// Commands that bring data into cartridges and out of them: as plain files, one for each file of the tape,
// and as SIMH's .tap files.
#include <sys/stat.h>

#include <cerrno>
#include <fstream>

#include <fmt/format.h>

#include "handler/backends/tape/tool/blocks.hpp"
#include "handler/backends/tape/tool/commands.hpp"
#include "handler/backends/tape/tool/progress.hpp"
#include "handler/backends/tape/tool/simh.hpp"

namespace tcmud::tape {

namespace {

bool is_simh(const std::string& name) {
    return name.ends_with(".tap");
}

Result<void> put(std::ostream& stream, std::span<const std::byte> bytes) {
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!stream) return system_failure("cannot write");
    return {};
}

Result<void> export_block_as_simh(Transformer& transformer, Partition& partition, std::uint64_t object,
                                  std::ostream& stream) {
    const auto block = read_block(transformer, partition, object);
    if (!block) return tl::unexpected(block.error());
    return put(stream, simh_before(block->size()))
        .and_then([&] { return put(stream, *block); })
        .and_then([&] { return put(stream, simh_behind(block->size())); });
}

Result<void> export_as_simh(const Wish& wish, Partition& partition, const std::string& name) {
    Transformer transformer;
    if (!wish.key_file.empty()) {
        if (auto used = use_key(transformer, wish.key_file); !used) return used;
    }
    std::ofstream stream(name, std::ios::binary | std::ios::trunc);
    if (!stream) return system_failure(name);
    Progress progress("exported", partition.tail().offset);
    std::uint64_t file = 0;
    for (std::uint64_t object = 0; object < partition.tail().object; ++object) {
        const bool filemark = partition.index().is_filemark(object, file);
        auto done = filemark ? put(stream, simh_filemark)
                             : export_block_as_simh(transformer, partition, object, stream);
        if (!done) return done;
        file += filemark ? 1 : 0;
        progress.add(partition.index().estimate(object + 1) - partition.index().estimate(object));
    }
    return put(stream, simh_end).and_then([&]() -> Result<void> {
        stream.close();
        if (!stream) return system_failure(name);
        return {};
    });
}

Result<void> export_as_files(const Wish& wish, Partition& partition, const std::string& directory) {
    if (::mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) return system_failure(directory);
    Progress progress("exported", partition.tail().offset);
    const auto files = partition.tail().file;
    for (std::uint64_t number = 0; number <= files; ++number) {
        const auto extent = file_extent(partition, number);
        if (number == files && extent.first == extent.end) break;
        const auto name = fmt::format("{}/{:06}", directory, number);
        std::ofstream stream(name, std::ios::binary | std::ios::trunc);
        if (!stream) return system_failure(name);
        auto one = wish;
        one.file = number;
        if (auto done = cat(one, stream); !done) return done;
        stream.close();
        if (!stream) return system_failure(name);
        progress.add(partition.index().estimate(extent.end) - partition.index().estimate(extent.first));
    }
    return {};
}

Result<void> import_simh(Appender& appender, std::istream& stream, Progress& progress) {
    SimhReader reader([&](std::span<std::byte> into) {
        stream.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
        return stream.gcount() == static_cast<std::streamsize>(into.size());
    });
    for (;;) {
        const auto item = reader.next();
        if (!item) return tl::unexpected(item.error());
        if (item->kind == SimhItem::Kind::end) return {};
        if (item->kind == SimhItem::Kind::bad_block)
            return failure(EUCLEAN, "a block of it could not be read when the file was made");
        auto added = item->kind == SimhItem::Kind::filemark ? appender.add_filemark()
                                                            : appender.add_block(item->block);
        if (!added) return added;
        progress.add(item->block.size());
    }
}

Result<void> import_plain(Appender& appender, std::istream& stream, std::size_t block_size,
                          Progress& progress) {
    std::vector<std::byte> block(block_size);
    for (;;) {
        stream.read(reinterpret_cast<char*>(block.data()), static_cast<std::streamsize>(block.size()));
        const auto got = static_cast<std::size_t>(stream.gcount());
        if (got == 0) break;
        if (auto added = appender.add_block(std::span(block).first(got)); !added) return added;
        progress.add(got);
    }
    if (stream.bad()) return system_failure("cannot read");
    return appender.add_filemark();
}

}  // namespace

Result<void> export_files(const Wish& wish, std::ostream&) {
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::look);
    if (!cartridge) return tl::unexpected(cartridge.error());
    if (wish.partition >= cartridge->partitions().size())
        return failure(EINVAL, fmt::format("there is no partition {}", wish.partition));
    auto& partition = cartridge->partitions()[wish.partition];
    const auto& to = wish.files.front();
    return is_simh(to) ? export_as_simh(wish, partition, to) : export_as_files(wish, partition, to);
}

Result<void> import_files(const Wish& wish, std::ostream&) {
    auto cartridge = Cartridge::open(wish.cartridge, Cartridge::Use::drive);
    if (!cartridge) return tl::unexpected(cartridge.error());
    if (wish.partition >= cartridge->partitions().size())
        return failure(EINVAL, fmt::format("there is no partition {}", wish.partition));
    auto appender = Appender::begin(*cartridge, wish.partition);
    if (!appender) return tl::unexpected(appender.error());
    Progress progress("imported", 0);
    Result<void> done;
    for (const auto& name : wish.files) {
        std::ifstream stream(name, std::ios::binary);
        if (!stream) {
            done = system_failure(name);
        } else {
            done = is_simh(name) ? import_simh(*appender, stream, progress)
                                 : import_plain(*appender, stream, wish.block_size, progress);
            if (!done) done.error().text = fmt::format("{}: {}", name, done.error().text);
        }
        if (!done) break;
    }
    // What was imported before is there.
    auto ended = appender->end();
    return done ? ended : done;
}

}  // namespace tcmud::tape
