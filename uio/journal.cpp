// SPDX-License-Identifier: Apache-2.0
#include "uio/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace tcmud::uio {

namespace {

constexpr std::uint64_t magic = 0x314a'646d'7563'7400;  // Layout 1; another one is another number.
constexpr std::size_t page = 4096;
constexpr std::size_t ids = 65536;

}  // namespace

struct Journal::Header {
    std::uint64_t magic;
    std::uint64_t generation;  // 0: none.

    struct {
        std::uint32_t valid;
        std::uint32_t from;
        std::uint32_t to;
        std::uint32_t padding;
        abi::Mark mark;
    } move;

    struct {
        std::uint32_t valid;
        std::uint32_t position;
        std::uint32_t behind;
        std::uint32_t padding;
        abi::Mark mark;
        std::byte sense[abi::sense_size];
    } sense;

    struct State {
        std::uint32_t length;
        std::byte bytes[longest_state];
    };
    std::uint32_t current_state;  // Which of the two.
    State states[2];
};

struct Journal::Record {
    std::uint32_t length;  // 0: none.
    std::uint32_t entry_offset;
    std::byte entry[longest_entry];
};

namespace {

// What the ring of a LUN needs must not be swapped to that LUN. Where it is forbidden it is left undone.
void keep_in_memory(const std::byte* at) {
    static_cast<void>(::mlock2(at, page, MLOCK_ONFAULT));
}

}  // namespace

struct Journal::Memory {
    Memory(std::byte* where, int file, bool mapped) : at(where), fd(file), mine(mapped) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        if (mine) ::munmap(at, size);
        if (fd >= 0) ::close(fd);
    }

    // A store to a hole that a full file system cannot fill would end the process.
    bool reserve(std::size_t offset) {
        const auto number = offset / page;
        if (fd < 0) return true;
        if (reserved.empty()) reserved.resize(size / page);
        if (reserved[number]) return true;
        reserved[number] = ::fallocate(fd, 0, static_cast<off_t>(number * page), page) == 0;
        keep_in_memory(at + number * page);
        return reserved[number];
    }

    std::byte* at;
    int fd;                      // -1: of no file.
    bool mine;                   // To be unmapped.
    std::vector<bool> reserved;  // Pages that have been.
};

tl::expected<Journal, std::error_code> Journal::open(const char* path) {
    static_assert(sizeof(Header) <= page && page % sizeof(Record) == 0);
    static_assert(size == page + ids * sizeof(Record));
    const auto failed = [] { return tl::unexpected(std::error_code(errno, std::generic_category())); };
    const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return failed();
    void* at = MAP_FAILED;
    if (::ftruncate(fd, size) == 0 && ::fallocate(fd, 0, 0, page) == 0)
        at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (at == MAP_FAILED) {
        auto error = failed();
        ::close(fd);
        return error;
    }
    keep_in_memory(static_cast<std::byte*>(at));
    return Journal(std::make_shared<Memory>(static_cast<std::byte*>(at), fd, true));
}

Journal Journal::in_memory() {
    void* at =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    return Journal(std::make_shared<Memory>(static_cast<std::byte*>(at), -1, true));
}

Journal Journal::at(std::byte* memory) {
    return Journal(std::make_shared<Memory>(memory, -1, false));
}

Journal::Header& Journal::header() const {
    return *reinterpret_cast<Header*>(memory_->at);
}

Journal::Record& Journal::record(CommandId id) const {
    return reinterpret_cast<Record*>(memory_->at + page)[static_cast<std::size_t>(id)];
}

bool Journal::belongs_to(std::uint64_t generation) const {
    return generation != 0 && header().magic == magic && header().generation == generation;
}

void Journal::begin(std::uint64_t generation) {
    auto& now = header();
    std::atomic_ref(now.generation).store(0, std::memory_order_release);
    now.move.valid = now.sense.valid = 0;
    now.states[0].length = now.current_state = 0;
    now.magic = magic;
    std::atomic_ref(now.generation).store(generation, std::memory_order_release);
}

bool Journal::save(CommandId id, std::span<const std::byte> entry, std::uint64_t entry_offset) {
    const auto offset = page + static_cast<std::size_t>(id) * sizeof(Record);
    if (entry.size() > longest_entry || !memory_->reserve(offset)) return false;
    auto& kept = record(id);
    kept.length = static_cast<std::uint32_t>(entry.size());
    kept.entry_offset = static_cast<std::uint32_t>(entry_offset);
    std::memcpy(kept.entry, entry.data(), entry.size());
    return true;
}

std::optional<Journal::Saved> Journal::saved(CommandId id) const {
    const auto& kept = record(id);
    if (kept.length < abi::smallest_command || kept.length > longest_entry) return std::nullopt;
    return Saved{{kept.entry, kept.length}, kept.entry_offset};
}

void Journal::begin_move(const Move& move) {
    auto& noted = header().move;
    noted.from = move.from;
    noted.to = move.to;
    noted.mark = move.mark;
    std::atomic_ref(noted.valid).store(1, std::memory_order_release);
}

void Journal::end_move() {
    std::atomic_ref(header().move.valid).store(0, std::memory_order_release);
}

std::optional<Journal::Move> Journal::move() const {
    const auto& noted = header().move;
    if (noted.valid == 0) return std::nullopt;
    return Move{noted.from, noted.to, noted.mark};
}

void Journal::note_sense(const SenseAnswer& answer) {
    auto& noted = header().sense;
    noted.position = answer.position;
    noted.behind = answer.behind;
    noted.mark = answer.mark;
    std::memcpy(noted.sense, answer.sense, sizeof noted.sense);
    std::atomic_ref(noted.valid).store(1, std::memory_order_release);
}

void Journal::forget_sense() {
    std::atomic_ref(header().sense.valid).store(0, std::memory_order_release);
}

std::optional<Journal::SenseAnswer> Journal::sense() const {
    const auto& noted = header().sense;
    if (noted.valid == 0) return std::nullopt;
    return SenseAnswer{noted.position, noted.behind, noted.mark, noted.sense};
}

bool Journal::keep_state(std::span<const std::byte> state) {
    if (state.size() > longest_state) return false;
    auto& now = header();
    const auto other = now.current_state == 0 ? 1u : 0u;
    now.states[other].length = static_cast<std::uint32_t>(state.size());
    std::ranges::copy(state, now.states[other].bytes);
    std::atomic_ref(now.current_state).store(other, std::memory_order_release);
    return true;
}

std::span<const std::byte> Journal::state() const {
    const auto& now = header();
    const auto& state = now.states[now.current_state == 0 ? 0 : 1];
    if (state.length > longest_state) return {};
    return {state.bytes, state.length};
}

}  // namespace tcmud::uio
