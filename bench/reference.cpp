// SPDX-License-Identifier: Apache-2.0
// The reference that tcmud is measured against: a bare handler, as one would write it in an afternoon. For
// each command one completion and one doorbell; when the ring is empty, poll and read. No SCSI layer worth
// the name, no checks, no journal. It is part of the measurement: it does not change when tcmud does.
//
// usage: tcmu-reference null|inline|tape-null|tape HBA/DEVICE
//
// As a tape it stores nothing but the blocks, one behind the other; whoever reads asks for what was written.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "handler/scsi/bytes.hpp"
#include "handler/scsi/opcode.hpp"
#include "uio/abi.hpp"
#include "uio/discovery.hpp"

namespace {

using namespace tcmud;
using uio::abi::Opcode;

constexpr std::uint64_t block_size = 512;

struct Disk {
    std::byte* mapping;
    uio::abi::Mailbox* mailbox;
    std::byte* ring;
    int fd;
    int file;  // -1: nothing is stored.
    std::uint64_t size;
    bool tape;
    off_t head;  // Of a tape.
};

struct Transfer {
    std::uint64_t block;
    bool writes;
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

std::uint64_t size_of(const uio::DeviceName& name) {
    std::ifstream info("/sys/kernel/config/target/core/user_" + name.hba + "/" + name.device + "/info");
    for (std::string word; info >> word;) {
        if (word == "Size:" && info >> word) return std::stoull(word);
    }
    return 0;
}

Disk open_disk(const std::string& wanted, bool stores, bool tape) {
    for (const auto& found : uio::find_devices()) {
        if (found.name.hba + "/" + found.name.device != wanted) continue;
        Disk disk{};
        disk.fd = ::open(("/dev/uio" + std::to_string(found.minor)).c_str(), O_RDWR | O_CLOEXEC);
        std::size_t length = 0;
        std::ifstream map("/sys/class/uio/uio" + std::to_string(found.minor) + "/maps/map0/size");
        map >> std::hex >> length;
        void* at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, disk.fd, 0);
        if (at == MAP_FAILED) fail("mmap");
        disk.mapping = static_cast<std::byte*>(at);
        disk.mailbox = reinterpret_cast<uio::abi::Mailbox*>(disk.mapping);
        disk.ring = disk.mapping + disk.mailbox->ring_offset;
        disk.size = size_of(found.name);
        const auto path = found.name.config.substr(found.name.config.find('/'));
        disk.tape = tape;
        disk.file = stores ? ::open(path.c_str(), O_RDWR | O_CLOEXEC) : -1;
        if (stores && disk.file < 0) fail(path.c_str());
        return disk;
    }
    std::fprintf(stderr, "no TCMU device %s\n", wanted.c_str());
    std::exit(1);
}

// Enough for the kernel's disk driver to accept it as a disk.
bool answer_itself(const Disk& disk, std::span<const std::byte> cdb, std::span<const iovec> pieces) {
    std::array<std::byte, 36> data{};
    const auto blocks = disk.size / block_size;
    switch (static_cast<scsi::Opcode>(cdb[0])) {
        case scsi::Opcode::test_unit_ready:
        case scsi::Opcode::synchronize_cache_10: return true;
        case scsi::Opcode::inquiry:
            if (cdb[1] != std::byte{0}) return false;
            data[0] = std::byte{disk.tape};
            data[1] = disk.tape ? std::byte{0x80} : std::byte{0};
            data[2] = std::byte{5};
            data[3] = std::byte{2};
            data[4] = std::byte{31};
            std::memcpy(&data[8], "LIO-ORG reference       0001", 28);
            break;
        case scsi::Opcode::read_capacity_10:
            scsi::put_big_endian<4>(data, 0, static_cast<std::uint32_t>(blocks - 1));
            scsi::put_big_endian<4>(data, 4, block_size);
            break;
        default: return false;
    }
    if (!pieces.empty())
        std::memcpy(pieces[0].iov_base, data.data(), std::min(data.size(), pieces[0].iov_len));
    return true;
}

// What st asks of a drive beside blocks.
bool answer_as_tape(Disk& tape, std::span<const std::byte> cdb, std::span<const iovec> pieces) {
    std::array<std::byte, 12> data{};
    switch (std::to_integer<unsigned>(cdb[0])) {
        case 0x01: tape.head = 0; return true;  // REWIND
        case 0x10:                              // WRITE FILEMARKS
        case 0x15:                              // MODE SELECT(6)
        case 0x1b: return true;                 // LOAD UNLOAD
        case 0x05:                              // READ BLOCK LIMITS: 1 byte to 8 MiB
            data[1] = std::byte{0x80};
            data[5] = std::byte{1};
            break;
        case 0x1a:  // MODE SENSE(6): buffered, blocks of any length
            data[0] = std::byte{11};
            data[2] = std::byte{0x10};
            data[3] = std::byte{8};
            break;
        default: return answer_itself(tape, cdb, pieces);
    }
    if (!pieces.empty())
        std::memcpy(pieces[0].iov_base, data.data(), std::min(data.size(), pieces[0].iov_len));
    return true;
}

bool transfer_block(Disk& tape, std::span<const std::byte> cdb, std::span<const iovec> pieces) {
    const auto opcode = static_cast<scsi::Opcode>(cdb[0]);
    if (opcode != scsi::Opcode::read_6 && opcode != scsi::Opcode::write_6)
        return answer_as_tape(tape, cdb, pieces);
    if (tape.file < 0) return true;
    const auto count = static_cast<int>(pieces.size());
    const auto moved = opcode == scsi::Opcode::write_6 ? ::pwritev(tape.file, pieces.data(), count, tape.head)
                                                       : ::preadv(tape.file, pieces.data(), count, tape.head);
    tape.head += static_cast<off_t>(scsi::get_24(cdb, 2));
    return moved >= 0;
}

bool transfer(const Disk& disk, std::span<const std::byte> cdb, std::span<const iovec> pieces) {
    Transfer wanted{};
    switch (static_cast<scsi::Opcode>(cdb[0])) {
        case scsi::Opcode::read_10: wanted = {scsi::get_32(cdb, 2), false}; break;
        case scsi::Opcode::write_10: wanted = {scsi::get_32(cdb, 2), true}; break;
        case scsi::Opcode::read_16: wanted = {scsi::get_64(cdb, 2), false}; break;
        case scsi::Opcode::write_16: wanted = {scsi::get_64(cdb, 2), true}; break;
        default: return answer_itself(disk, cdb, pieces);
    }
    if (disk.file < 0) return true;
    const auto at = static_cast<off_t>(wanted.block * block_size);
    const auto count = static_cast<int>(pieces.size());
    const auto moved = wanted.writes ? ::pwritev(disk.file, pieces.data(), count, at)
                                     : ::preadv(disk.file, pieces.data(), count, at);
    return moved >= 0;
}

void execute(Disk& disk, std::byte* entry) {
    uio::abi::Request request;
    std::memcpy(&request, entry, sizeof request);
    std::array<iovec, 2048> pieces;
    const auto* from = reinterpret_cast<const uio::abi::Piece*>(entry + sizeof request);
    for (std::uint32_t i = 0; i < request.piece_count; ++i)
        pieces[i] = {disk.mapping + from[i].offset, from[i].length};
    const std::span<const std::byte> cdb(disk.mapping + request.cdb_offset, 16);
    const auto data = std::span(pieces).first(request.piece_count);
    const bool good = disk.tape ? transfer_block(disk, cdb, data) : transfer(disk, cdb, data);
    uio::abi::Response response{};
    response.header = request.header;
    if (!good) {
        response.scsi_status = 2;
        response.sense[0] = std::byte{0x70};
        response.sense[2] = std::byte{5};
        response.sense[7] = std::byte{10};
        response.sense[12] = std::byte{0x20};
    }
    std::memcpy(entry, &response, good ? offsetof(uio::abi::Response, sense) : sizeof response);
}

[[noreturn]] void serve(Disk disk) {
    auto& mailbox = *disk.mailbox;
    for (;;) {
        auto tail = mailbox.tail;
        while (tail != std::atomic_ref(mailbox.head).load(std::memory_order_acquire)) {
            auto* entry = disk.ring + tail;
            std::uint32_t word = 0;
            std::memcpy(&word, entry, sizeof word);
            const bool command = static_cast<Opcode>(word & uio::abi::opcode_mask) == Opcode::command;
            if (command) execute(disk, entry);
            tail = (tail + (word & ~uio::abi::opcode_mask)) % mailbox.ring_size;
            std::atomic_ref(mailbox.tail).store(tail, std::memory_order_release);
            const std::uint32_t bell = 0;
            if (command && ::write(disk.fd, &bell, sizeof bell) < 0) fail("doorbell");
        }
        pollfd waiting{disk.fd, POLLIN, 0};
        ::poll(&waiting, 1, -1);
        std::uint32_t events = 0;
        if (::read(disk.fd, &events, sizeof events) < 0) fail("read");
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: tcmu-reference null|inline|tape-null|tape HBA/DEVICE\n");
        return 2;
    }
    const std::string how = arguments[1];
    serve(open_disk(arguments[2], how == "inline" || how == "tape", how.starts_with("tape")));
}
