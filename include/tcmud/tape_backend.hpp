// SPDX-License-Identifier: Apache-2.0
// What a tape drive is made of: the interface of every backend that keeps tapes.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tcmud/buffers.hpp"
#include "tcmud/io.hpp"
#include "tcmud/result.hpp"
#include "tcmud/units.hpp"

namespace tcmud {

// Where the head stands. Logical objects are blocks and filemarks; both are counted, from 0 in each partition
// (SSC-5 4.2.8).
struct TapePosition {
    std::uint32_t partition = 0;
    std::uint64_t object = 0;  // Of what would be read or written next.
    std::uint64_t file = 0;    // Filemarks before it, in its partition.
    bool operator==(const TapePosition&) const = default;
};

enum class TapeStatus : std::uint8_t {
    ok,
    filemark,                // Met, and passed.
    end_of_data,             // Met; the head stands there.
    beginning_of_partition,  // Met; the head stands there.
    end_of_partition,        // What was to be written does not fit; `done` says what was.
    no_space,                // The same, of the file system below.
    no_medium,
    write_protected,
    worm,           // Only the end of data of this medium can be written.
    corrupt,        // The block cannot be read back as it was written. The head stands behind it.
    key_missing,    // The block is encrypted, and no key is set. The head stands before it.
    key_wrong,      // It was encrypted with another key.
    not_encrypted,  // It is not, and only encrypted ones are to be read.
    unsupported,    // The medium has no such thing (a partition of that number, for example).
    io_error,       // The store failed.
    aborted,        // Given up before it began: nothing of it was done.
};

struct TapeResult {
    TapeStatus status = TapeStatus::io_error;
    std::uint64_t done = 0;          // Blocks or filemarks that were written or passed.
    std::uint64_t bytes = 0;         // Of a read: delivered to the buffers.
    std::uint64_t block_length = 0;  // Of a read: bytes that the block has.
};

// One partition of the medium; bytes are those that count against its capacity.
struct TapePartition {
    ByteCount capacity{0};
    ByteCount used{0};         // Up to its end of data.
    ByteCount before_head{0};  // Up to where the head stands; 0 in all partitions but the head's.
    TapePosition end_of_data;
};

// What a cartridge counts in its life, and keeps.
struct TapeCounts {
    std::uint64_t loads = 0;
    ByteCount written{0};  // From initiators.
    ByteCount read{0};     // To initiators.
    ByteCount stored{0};   // What the written took on the medium, compressed.
    ByteCount fetched{0};  // What the read took on the medium.
};

struct TapeStatistics : TapeCounts {
    // The serial numbers of the drives that it was loaded into, the last one first.
    std::array<std::string, 4> drives;
};

// A cartridge in the drive.
struct TapeMedium {
    std::string id;            // Never changes, of no other cartridge: a UUID.
    std::string barcode;       // Without trailing spaces; may be empty.
    std::uint8_t density = 0;  // Density code of the format it is written in.
    bool worm = false;
    bool write_protected = false;
    bool cleaning = false;
    std::vector<TapePartition> partitions;  // One at least.
    std::uint64_t written_since_load = 0;   // Changes of what is on it since it was loaded; 0: none.
    // Changes with each first write after a load, and never comes back (volume change reference).
    std::uint32_t change_reference = 0;
    TapeStatistics statistics;
};

// An attribute of the medium auxiliary memory that a host has written (SPC-5 7.4).
struct TapeAttribute {
    std::uint16_t id = 0;
    std::uint8_t format = 0;  // 0 binary, 1 ASCII, 2 text
    std::vector<std::byte> value;
    bool operator==(const TapeAttribute&) const = default;
};

// What is done to the blocks on their way (SSC-5 8.5.3, SET DATA ENCRYPTION).
struct TapeEncryption {
    enum class Encrypt : std::uint8_t { off, on };
    enum class Decrypt : std::uint8_t {
        off,    // Encrypted blocks cannot be read.
        raw,    // Unsupported.
        on,     // Only encrypted blocks are read.
        mixed,  // Encrypted and clear blocks are read.
    };
    Encrypt encrypt = Encrypt::off;
    Decrypt decrypt = Decrypt::off;
    std::array<std::byte, 32> key{};         // AES-256-GCM
    std::vector<std::byte> unauthenticated;  // Key-associated data that lie beside each block in clear.
    std::vector<std::byte> authenticated;
};

// Of the logical object behind the head, for NEXT BLOCK ENCRYPTION STATUS.
struct TapeNext {
    enum class Kind : std::uint8_t { block, filemark, end_of_data };
    Kind kind = Kind::end_of_data;
    bool encrypted = false;
    bool key_fits = false;  // The key that is set decrypts it.
    std::vector<std::byte> unauthenticated;
    std::vector<std::byte> authenticated;
};

// The changer that a drive belongs to.
struct TapeAutomation {
    std::string serial;
    std::uint16_t element_address = 0;  // Of the drive, among the changer's elements.
};

enum class TapeSpacing : std::uint8_t { blocks, filemarks };

// The drives that a LUN can be, and whose names they have, as administrators write them; the first is the
// default.
inline constexpr std::array<std::string_view, 5> tape_personalities{"lto-8", "lto-5", "lto-6", "lto-7",
                                                                    "lto-9"};
inline constexpr std::array<std::string_view, 3> tape_makers{"tcmud", "ibm", "hpe"};

// Called on one thread only, its LUN's serving thread, from start() on; made and destroyed on threads that
// may block. It sees blocks and positions; never a CDB, never sense data. One operation at a time: the next
// one begins when the one before has ended. Each writes its TapeResult before done is called, which may be
// inside of the call or later; what the IoResult says is nothing more than ok, or aborted.
//
// On ok of a write, the blocks survive the end of this process; on ok of synchronize() they survive power
// loss. Writing anywhere makes what was written last the end of data of its partition.
class TapeBackend {
public:
    TapeBackend() = default;
    TapeBackend(const TapeBackend&) = delete;
    TapeBackend& operator=(const TapeBackend&) = delete;
    // REQUIRES: nothing is in flight. May block.
    virtual ~TapeBackend() = default;

    // LUNs with the same key share a serving thread, so that their backends can call each other. Empty: none.
    virtual std::string_view placement_key() const { return {}; }
    // As in VPD page 83h and in a changer's element descriptors; empty: the LUN's own unit serial.
    virtual std::string_view serial() const { return {}; }
    // Of tape_personalities and tape_makers.
    virtual std::string_view personality() const { return tape_personalities.front(); }
    virtual std::string_view maker() const { return tape_makers.front(); }
    // nullopt: the drive stands alone.
    virtual std::optional<TapeAutomation> automation() const { return std::nullopt; }

    // Called on the serving thread, not inside of a call to the backend.
    struct Events {
        // Another medium, or none, is in the drive; nobody asked for it by this interface.
        std::function<void()> medium_changed;
        // What the administrator is to know of a cartridge that came, in a line. Inside of start(), too.
        std::function<void(std::string_view remark)> remarked{};
    };
    // Once, before all that follows. The queue outlives the backend's last operation.
    virtual void start(IoQueue& queue, Events events) = 0;

    // nullptr: there is none, or it was unloaded. Valid until the next operation.
    virtual const TapeMedium* medium() const = 0;
    // Whether a cartridge is in the drive, loaded or not.
    virtual bool occupied() const = 0;
    virtual void load(TapeResult& result, Completion done) = 0;
    // Everything is synchronized before.
    virtual void unload(TapeResult& result, Completion done) = 0;
    // The changer is not to take the cartridge out.
    virtual void prevent_removal(bool prevented) = 0;

    // REQUIRES, of all that follows: medium().
    virtual TapePosition position() const = 0;
    // Whether the head stands in the last part of its partition, `zone` bytes before its end.
    virtual bool in_last(ByteCount zone) const = 0;

    // The next block, as much of it as there is room for; the head stands behind it, whatever its length, or
    // behind the filemark that was met.
    virtual void read(Buffers into, TapeResult& result, Completion done) = 0;
    // Blocks of that length each. REQUIRES: the buffers hold one or more whole ones.
    virtual void write(Buffers from, std::uint32_t block_length, TapeResult& result, Completion done) = 0;
    virtual void write_filemarks(std::uint64_t count, TapeResult& result, Completion done) = 0;
    // On ok, all that was written before survives power loss.
    virtual void synchronize(TapeResult& result, Completion done) = 0;
    // Passes so many objects of that kind, backwards if negative. Blocks: ends at a filemark, which is passed
    // too and not counted in `done`. Backwards over filemarks the head ends on their side of the beginning.
    virtual void space(TapeSpacing over, std::int64_t count, TapeResult& result, Completion done) = 0;
    virtual void space_to_end(TapeResult& result, Completion done) = 0;
    // end_of_data: there are not so many objects.
    virtual void locate(std::uint32_t partition, std::uint64_t object, TapeResult& result,
                        Completion done) = 0;
    // Behind the filemark of that number, counted from 1; 0: the beginning.
    virtual void locate_file(std::uint32_t partition, std::uint64_t file, TapeResult& result,
                             Completion done) = 0;
    // Reads so many blocks and checks them, without delivering them.
    virtual void verify(std::uint64_t blocks, TapeResult& result, Completion done) = 0;
    // Here is the end of data of this partition. Survives power loss.
    virtual void erase(TapeResult& result, Completion done) = 0;
    // Empty partitions of these sizes, the head in the first. REQUIRES: one size at least, no more than
    // most_partitions. ByteCount 0: an equal share of what is left.
    static constexpr std::size_t most_partitions = 4;
    virtual void format(std::vector<ByteCount> sizes, TapeResult& result, Completion done) = 0;
    // SET CAPACITY: one empty partition of that part, in 65535ths, of the cartridge's capacity.
    virtual void set_capacity(std::uint16_t part, TapeResult& result, Completion done) = 0;

    // After a daemon was killed: the head stands where it stood when the command began that was under way.
    // cut: what lies behind is of that command, was acknowledged to nobody, and is forgotten.
    virtual void resume(const TapePosition& position, bool cut, TapeResult& result, Completion done) = 0;

    // Of a partition, sorted by id.
    virtual const std::vector<TapeAttribute>& attributes(std::uint32_t partition) const = 0;
    // Replaces those of the same id; one without a value is removed. Survives power loss.
    virtual void set_attributes(std::uint32_t partition, std::vector<TapeAttribute> attributes,
                                TapeResult& result, Completion done) = 0;

    // How what is written from here on is stored.
    virtual void set_compression(bool on) = 0;
    virtual void set_encryption(const TapeEncryption& encryption) = 0;
    virtual void look_at_next(TapeNext& next, TapeResult& result, Completion done) = 0;

    // Nobody wants the operation any more: see BlockBackend::abort.
    virtual void abort(IoOperation& /*operation*/) {}
    virtual std::string_view whereabouts(const IoOperation& /*operation*/) const { return "in its backend"; }
    virtual Result<std::string> control(std::string_view /*command*/) {
        return failure(EOPNOTSUPP, "its backend takes no commands");
    }
};

}  // namespace tcmud
