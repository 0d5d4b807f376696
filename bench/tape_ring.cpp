// SPDX-License-Identifier: Apache-2.0
// What a tape drive does without a kernel: ring, serving loop, SCSI and cartridges as they are, the ring in
// plain memory.
//
// usage: tcmu-tape-bench write CARTRIDGE KIB COUNT   erases; so many blocks and a filemark, which is
//                                                    synchronised: MB/s
//        tcmu-tape-bench read CARTRIDGE KIB COUNT    from the beginning: MB/s
//        tcmu-tape-bench locate CARTRIDGE BLOCKS     a thousand LOCATE(16)s to any of so many: the longest
//        and
//                                                    the median, in microseconds
//        tcmu-tape-bench open CARTRIDGE              how long the opening takes, in milliseconds, and by how
//                                                    much it has grown then, in KiB
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plain_ring.hpp"
#include "handler/serving/served_unit.hpp"
#include "tcmud/module.hpp"
#include "tests/support/memory_disk.hpp"

extern "C" const tcmud::ModuleEntry tcmud_module;  // The tape module, linked in.

namespace {

using namespace tcmud;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

OpenedBackend open(const std::string& cartridge) {
    auto opened = tcmud_module.module().open({.subtype = "tape", .path = cartridge, .options = {}});
    if (!opened) throw std::runtime_error(opened.error().text);
    return std::move(*opened);
}

class Drive {
public:
    explicit Drive(const std::string& cartridge)
        : ring_({.ring_size = 64 * 1024, .data_blocks = 4096, .copies = false}) {
        auto backend = open(cartridge);
        ring_.on_loop([&] {
            unit_ = serving::ServedUnit::make(std::move(backend), {}, host_, ring_.loop());
            ring_.begin(unit_->device());
        });
        // The first command is told that the drive is new.
        ring_.submit(test::test_unit_ready);
        ring_.finish();
    }
    ~Drive() {
        ring_.end();
        OpenedBackend backend;
        ring_.on_loop([&] {
            backend = unit_->leave();
            unit_.reset();
        });
    }
    Drive(const Drive&) = delete;
    Drive& operator=(const Drive&) = delete;

    // So many of them at a time in the ring.
    void send(std::span<const std::uint8_t> cdb, std::span<const std::byte> data = {}, unsigned count = 1) {
        for (unsigned i = 0; i < count; ++i) ring_.submit(cdb, data);
        for (const auto& answer : ring_.finish()) {
            if (answer.status != 0) throw std::runtime_error("a command failed");
        }
    }
    void send(std::initializer_list<std::uint8_t> cdb, std::span<const std::byte> data = {}) {
        send(std::span(cdb.begin(), cdb.size()), data);
    }

private:
    bench::PlainRing ring_;
    test::Host host_;
    std::unique_ptr<serving::ServedUnit> unit_;
};

// READ(6) or WRITE(6) of blocks of any length.
std::array<std::uint8_t, 6> transfer(std::uint8_t opcode, std::size_t length) {
    const auto byte = [&](unsigned shift) { return static_cast<std::uint8_t>(length >> shift); };
    return {opcode, 0, byte(16), byte(8), byte(0), 0};
}

void stream(Drive& drive, bool write, std::size_t length, unsigned count) {
    const std::vector<std::byte> block(length);
    drive.send({0x01, 0, 0, 0, 0, 0});             // REWIND
    if (write) drive.send({0x19, 0, 0, 0, 0, 0});  // ERASE
    const auto cdb = transfer(write ? 0x0a : 0x08, length);
    const auto began = Clock::now();
    // The two threads' waiting for each other is no part of it.
    constexpr unsigned at_a_time = 4;
    for (unsigned left = count; left > 0; left -= std::min(left, at_a_time))
        drive.send(cdb, block, std::min(left, at_a_time));
    if (write) drive.send({0x10, 0, 0, 0, 1, 0});  // WRITE FILEMARKS
    const Microseconds took = Clock::now() - began;
    std::printf("%.0f\n", static_cast<double>(length) * count / took.count());
}

void locate(Drive& drive, unsigned blocks) {
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same places in each run.
    std::uniform_int_distribution<std::uint32_t> any(0, blocks - 1);
    std::vector<double> times;
    for (int i = 0; i < 1000; ++i) {
        const auto place = any(random);
        std::array<std::uint8_t, 16> cdb{0x92};
        for (unsigned byte = 0; byte < 4; ++byte)
            cdb[8 + byte] = static_cast<std::uint8_t>(place >> (8 * (3 - byte)));
        const auto began = Clock::now();
        drive.send(cdb);
        times.push_back(Microseconds(Clock::now() - began).count());
    }
    std::ranges::sort(times);
    std::printf("%.0f %.0f\n", times.back(), times[times.size() / 2]);
}

long resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        long kib = 0;
        if (word == "VmRSS:" && status >> kib) return kib;
    }
    throw std::runtime_error("/proc/self/status has no VmRSS");
}

void measure_open(const std::string& cartridge) {
    const auto before = resident_kib();
    const auto began = Clock::now();
    const auto backend = open(cartridge);
    const Microseconds took = Clock::now() - began;
    std::printf("%.1f %ld\n", took.count() / 1000, resident_kib() - before);
}

void measure(std::string_view what, const std::string& cartridge, const std::vector<unsigned>& numbers) {
    if (what == "open" && numbers.empty()) return measure_open(cartridge);
    const bool write = what == "write";
    if ((write || what == "read") && numbers.size() == 2) {
        Drive drive(cartridge);
        return stream(drive, write, std::size_t{numbers[0]} * 1024, numbers[1]);
    }
    if (what != "locate" || numbers.size() != 1)
        throw std::runtime_error(
            "usage: tcmu-tape-bench write|read CARTRIDGE KIB COUNT | locate CARTRIDGE BLOCKS"
            " | open CARTRIDGE");
    Drive drive(cartridge);
    locate(drive, numbers[0]);
}

}  // namespace

int main(int count, char** arguments) try {
    std::vector<unsigned> numbers;
    for (int i = 3; i < count; ++i) numbers.push_back(static_cast<unsigned>(std::atoi(arguments[i])));
    measure(count > 1 ? arguments[1] : "", count > 2 ? arguments[2] : "", numbers);
} catch (const std::exception& error) {
    std::fprintf(stderr, "tcmu-tape-bench: %s\n", error.what());
    return 1;
}
