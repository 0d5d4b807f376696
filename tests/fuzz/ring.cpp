// SPDX-License-Identifier: Apache-2.0
// Entries of a ring, and its mailbox: shared memory that is not to be believed.
#include "uio/ring.hpp"

#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;

namespace {

constexpr std::size_t ring_size = 2048;
constexpr std::size_t data_size = 8192;
constexpr std::size_t mapping_size = sizeof(uio::abi::Mailbox) + ring_size + data_size;

// Ends at a page that nobody may touch.
std::span<std::byte> guarded_mapping() {
    constexpr std::size_t page = 4096;
    constexpr auto room = (mapping_size + page - 1) / page * page;
    auto* memory = static_cast<std::byte*>(
        ::mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::mprotect(memory + room, page, PROT_NONE);
    return {memory + room - mapping_size, mapping_size};
}

bool within(std::span<const std::byte> part, std::span<const std::byte> whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void serve(uio::Ring& ring, std::span<std::byte> mapping) {
    std::vector<uio::CommandId> taken;
    // The smallest entry has eight bytes.
    for (std::size_t entries = 0;; ++entries) {
        promise(entries <= ring_size / 8, "a ring has an end");
        const auto* entry = ring.next();
        if (!entry || entry->kind == uio::Entry::Kind::broken) break;
        if (entry->kind == uio::Entry::Kind::task_management) {
            promise(within(std::as_bytes(entry->command_ids), mapping), "ids of commands lie in the mapping");
            continue;
        }
        promise(within(entry->cdb, mapping), "a CDB lies in the mapping");
        std::vector<iovec> pieces(entry->pieces.size());
        if (ring.map(entry->pieces, pieces)) {
            for (const auto& piece : pieces)
                promise(within({static_cast<std::byte*>(piece.iov_base), piece.iov_len}, mapping),
                        "a piece lies in the mapping");
        }
        taken.push_back(entry->id);
    }
    std::byte sense[uio::abi::sense_size]{};
    for (const auto id : taken) ring.complete(id, {.status = 2, .sense = sense});
    ring.publish();
    promise(ring.outstanding() == 0, "every command can be answered");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto mapping = guarded_mapping();
    std::memset(mapping.data(), 0, mapping.size());
    fuzz::Reader input(data, size);
    uio::abi::Mailbox box{};
    box.version = uio::abi::version;
    box.flags = input.u16();
    box.ring_offset = sizeof box;
    box.ring_size = ring_size;
    box.head = input.u16();
    box.tail = input.u16();
    std::memcpy(mapping.data(), &box, sizeof box);
    const bool wrong_mailbox = (input.u8() & 0x0f) == 0x0f;
    const auto entries = input.rest();
    std::memcpy(mapping.data() + (wrong_mailbox ? 0 : sizeof box), entries.data(),
                std::min(entries.size(), wrong_mailbox ? sizeof box : ring_size));
    auto ring = uio::Ring::attach(mapping, uio::Journal::in_memory());
    if (ring) serve(*ring, mapping);
    return 0;
}
