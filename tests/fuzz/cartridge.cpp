// SPDX-License-Identifier: Apache-2.0
// A cartridge that strangers have made: its files are the input, split where the input says. Whatever they
// are, opening ends, what is then read was checked, and what is appended is there at the next opening.
#include "handler/backends/tape/image/cartridge.hpp"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "handler/backends/tape/image/crc32c.hpp"
#include "handler/backends/tape/image/transformer.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using namespace tcmud::tape;
using tcmud::fuzz::promise;

namespace {

// In memory, where there is such a place; the same for all inputs of a process.
const std::string& directory() {
    // Never destroyed: it is needed at the end.
    static const auto& made = *new std::string([] {
        std::string pattern = std::filesystem::is_directory("/dev/shm") ? "/dev/shm/" : "/tmp/";
        pattern += "tcmud-fuzz.XXXXXX";
        promise(::mkdtemp(pattern.data()) != nullptr, "there is a place for files");
        ::atexit([] { std::filesystem::remove_all(directory()); });
        return pattern;
    }());
    return made;
}

void fill(const std::string& name, std::span<const std::uint8_t> bytes) {
    std::ofstream stream(directory() + "/" + name, std::ios::binary | std::ios::trunc);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

constexpr PartitionIdentity identity{{std::byte{1}}, 1, 0};
constexpr std::uint64_t segment_length = 4096;

// A segment's header with a right checksum, so that what is behind it is looked at.
std::vector<std::uint8_t> with_header(std::uint32_t number, const SegmentStart& start,
                                      std::span<const std::uint8_t> records) {
    std::vector<std::uint8_t> bytes(segment_header_size);
    encode({identity, number, 1, start},
           std::as_writable_bytes(std::span(bytes)).first<segment_header_size>());
    bytes.insert(bytes.end(), records.begin(), records.end());
    // Mutated headers would never have a right checksum: it is put behind each 60 bytes that look like one.
    for (std::size_t at = segment_header_size; at + record_header_size <= bytes.size(); at += 8) {
        const auto header = std::as_writable_bytes(std::span(bytes)).subspan(at).first<record_header_size>();
        if (bytes[at] != 'T' || bytes[at + 1] != 'C' || bytes[at + 2] != 'R' || bytes[at + 3] != '1')
            continue;
        const auto checksum = crc32c(header.first<record_header_size - 4>());
        for (std::size_t i = 0; i < 4; ++i)
            bytes[at + 60 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
    }
    return bytes;
}

void read_all(Partition& partition) {
    Transformer transformer;
    std::vector<std::byte> stored;
    std::vector<std::byte> block;
    for (std::uint64_t object = 0; object < partition.tail().object; ++object) {
        const auto record = partition.fetch(object, stored);
        if (!record) continue;
        promise(record->object == object, "an object is the one that was asked for");
        if (record->type == RecordType::block &&
            transformer.restore(*record, stored, block) == TapeStatus::ok)
            promise(block.size() == record->logical_length, "a block has its length");
    }
}

void append(Partition& partition) {
    std::vector<std::byte> data(100, std::byte{7});
    const iovec piece{data.data(), data.size()};
    promise(partition.make_ready(record_size(data.size())).has_value(), "the end can be written");
    RecordBatch batch;
    batch.begin(partition.tail());
    batch.add_block({&piece, 1}, ByteCount{0}, static_cast<std::uint32_t>(data.size()));
    promise(partition.write(batch).has_value(), "a block can be appended");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Reader input(data, size);
    const auto cart = input.bytes(input.u16() % 1024);
    if (const auto parsed = parse({reinterpret_cast<const char*>(cart.data()), cart.size()})) {
        const auto again = parse(print(*parsed));
        promise(again.has_value() && print(*again) == print(*parsed), "a cart file is what it says");
    }
    std::filesystem::remove_all(directory() + "/p0");
    std::filesystem::create_directory(directory() + "/p0");
    const auto index = input.bytes(input.u16() % 2048);
    if (!index.empty()) fill("p0/index", index);
    SegmentStart next;
    next.offset = input.u16();
    next.object = input.u8();
    next.file = input.u8();
    next.previous = static_cast<std::uint32_t>(input.u16()) << 16 | input.u16();
    const auto second = input.bytes(input.u16() % 2048);
    if (!second.empty()) fill("p0/00000001.seg", with_header(1, next, second));
    const auto rest = input.bytes(size);
    if (!rest.empty()) fill("p0/00000000.seg", with_header(0, {0, 0, 0, first_checksum(identity)}, rest));

    std::uint64_t objects = 0;
    {
        auto partition = Partition::open(directory() + "/p0", identity, segment_length, 0, true);
        if (!partition) {
            promise(!partition.error().text.empty(), "an error says why");
            return 0;
        }
        read_all(*partition);
        // The last pass over a tape that there can be.
        if (partition->tail().pass == UINT32_MAX) return 0;
        append(*partition);
        objects = partition->tail().object;
    }
    auto partition = Partition::open(directory() + "/p0", identity, segment_length, 0, true);
    promise(partition.has_value() && partition->tail().object == objects, "what was appended is there");
    if (objects > 1 && partition->cut(objects / 2)) {
        append(*partition);
        promise(partition->settle().has_value(), "a partition can be settled");
    }
    return 0;
}
