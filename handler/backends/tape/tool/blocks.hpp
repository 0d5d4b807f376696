// SPDX-License-Identifier: Apache-2.0
// Blocks out of a partition and onto its end, with calls that block: for the tool.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "handler/backends/tape/image/cartridge.hpp"
#include "handler/backends/tape/image/transformer.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

// The key of encrypted blocks, from a file: 32 bytes, or 64 hexadecimal digits.
Result<void> use_key(Transformer& transformer, const std::string& file);
// A block as the host wrote it. EUCLEAN: it cannot be read so. ENOKEY, EKEYREJECTED: not with this key.
Result<std::vector<std::byte>> read_block(Transformer& transformer, Partition& partition,
                                          std::uint64_t object);

// Where a file of a partition lies, filemarks not counted.
struct FileExtent {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
};
// The files are one more than the filemarks, the last of them possibly empty.
FileExtent file_extent(const Partition& partition, std::uint64_t number);

// Writes at the end of a partition.
class Appender {
public:
    // Notes the change in the cartridge, as a drive does.
    static Result<Appender> begin(Cartridge& cartridge, std::uint32_t partition);

    Result<void> add_block(std::span<const std::byte> block);
    Result<void> add_filemark();
    // All of it survives power loss.
    Result<void> end();

private:
    Appender(Cartridge& cartridge, std::uint32_t number)
        : cartridge_(&cartridge),
          partition_(&cartridge.partitions()[number]),
          capacity_(raw(cartridge.cart().partitions[number].capacity)) {}

    Result<void> write(std::uint64_t bytes);

    Cartridge* cartridge_;
    Partition* partition_;
    std::uint64_t capacity_;
    RecordBatch batch_;
};

}  // namespace tcmud::tape
