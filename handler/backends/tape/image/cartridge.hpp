// SPDX-License-Identifier: Apache-2.0
// A cartridge: a directory with what it is (`cart`) and its partitions (`p0`, `p1`, …).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "handler/backends/tape/image/cart_file.hpp"
#include "handler/backends/tape/image/partition.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

struct NewCartridge {
    std::string barcode;
    std::uint8_t density = 0x5e;  // LTO-8
    ByteCount capacity{0};        // 0: what such a cartridge holds.
    std::uint64_t segment_size = std::uint64_t{4} << 30;
    bool worm = false;
    bool write_protected = false;
    bool cleaning = false;
};

// What a cartridge of that density holds, uncompressed.
ByteCount native_capacity(std::uint8_t density);

// All of it blocks, but what partitions say of themselves.
class Cartridge {
public:
    enum class Use {
        drive,  // Alone: nobody else has it meanwhile.
        look,   // Beside whoever uses it; nothing is changed.
    };

    // Makes the directory, which must not be there, or be empty.
    static Result<void> create(const std::string& directory, const NewCartridge& what);
    // EINVAL: it cannot be one.
    static Result<void> check_barcode(std::string_view text);
    // Whether there is one that this version knows, without opening its partitions.
    static Result<Cart> look_at(const std::string& directory);
    // Use::drive: where its files cannot be written, it is write protected.
    static Result<Cartridge> open(const std::string& directory, Use use);

    const std::string& directory() const { return directory_; }
    const Cart& cart() const { return cart_; }
    // For changes, which save() makes durable.
    Cart& cart() { return cart_; }
    Result<void> save();

    // On the cartridge's file system, for IoQueue::run.
    IoFile& io() { return place_->io; }

    // Its files can be written, whatever its switch says.
    bool writable() const { return writable_; }
    // Write protected in this drive, whatever its files and its switch say.
    void protect() { protected_ = true; }
    bool write_protected() const { return protected_ || !writable_ || cart_.write_protected; }
    // EBUSY: it is in a drive.
    Result<void> check_unused() const;
    std::vector<Partition>& partitions() { return partitions_; }
    const std::vector<Partition>& partitions() const { return partitions_; }

    // Empty partitions of these capacities: see TapeBackend::format. All attributes of hosts are gone.
    // EINVAL: they do not fit.
    Result<void> format(const std::vector<ByteCount>& sizes);
    // Everything survives power loss, and the next opening is quick.
    Result<void> settle();

private:
    Cartridge(std::string directory, Cart cart) : directory_(std::move(directory)), cart_(std::move(cart)) {}

    Result<void> lock();
    Result<void> open_partitions();

    // Where it stays when the cartridge is moved.
    struct Place {
        File directory;
        IoFile io;
    };

    std::string directory_;
    Cart cart_;
    std::unique_ptr<Place> place_ = std::make_unique<Place>();
    File lock_;
    bool writable_ = false;
    bool protected_ = false;
    std::vector<Partition> partitions_;
};

}  // namespace tcmud::tape
