// SPDX-License-Identifier: Apache-2.0
// What a command costs without a kernel: READ(10) or WRITE(10) of 4 KiB through ring, serving loop, SCSI and
// the null backend.
//
// The serving thread is ours, the main thread is not: an instruction counter that tells threads apart
// (bench/ring) needs no subtraction. Time is the serving thread's on the CPU, with the system calls of its
// turns.
//
// usage: tcmu-ring-bench read|write BATCH COMMANDS
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "bench/plain_ring.hpp"
#include "handler/devices/block/block_device.hpp"
#include "tcmud/module.hpp"
#include "tests/support/memory_disk.hpp"

extern "C" const tcmud::ModuleEntry tcmud_module;  // The null backend, linked in.

namespace {

using namespace tcmud;
using Cdb = std::array<std::uint8_t, 10>;

constexpr std::uint64_t disk_size = 1 << 30;
constexpr std::size_t transfer_length = 4096;
constexpr Cdb read_10{0x28, 0, 0, 0, 0x10, 0, 0, 0, transfer_length / 512, 0};
constexpr Cdb write_10{0x2a, 0, 0, 0, 0x10, 0, 0, 0, transfer_length / 512, 0};

class Lun {
public:
    Lun() : ring_({.ring_size = 64 * 1024, .data_blocks = 256}) {
        auto opened = tcmud_module.module().open(
            {.subtype = "null", .path = {}, .options = {}, .size = ByteCount{disk_size}});
        if (!opened) throw std::runtime_error("the null backend cannot be opened");
        backend_ = std::get<std::unique_ptr<BlockBackend>>(std::move(*opened));
        ring_.on_loop([this] {
            backend_->start(ring_.loop().io());
            ring_.begin(device_.emplace(*backend_, devices::BlockSettings{}, host_));
        });
    }
    ~Lun() {
        ring_.end();
        ring_.on_loop([this] { device_.reset(); });
    }
    Lun(const Lun&) = delete;
    Lun& operator=(const Lun&) = delete;

    // The first command after a start is told of it.
    void settle() {
        ring_.submit(test::test_unit_ready);
        ring_.finish();
    }
    void serve(const Cdb& cdb, unsigned batch) {
        for (unsigned i = 0; i < batch; ++i) ring_.submit(cdb, buffer_);
        for (const auto& answer : ring_.finish()) {
            if (answer.status != 0) throw std::runtime_error("a command failed");
        }
    }
    std::uint64_t nanoseconds() { return ring_.nanoseconds(); }

private:
    bench::PlainRing ring_;
    test::Host host_;
    std::unique_ptr<BlockBackend> backend_;
    std::optional<devices::BlockDevice> device_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(transfer_length);
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: tcmu-ring-bench read|write BATCH COMMANDS\n");
        return 2;
    }
    const auto& cdb = std::strcmp(arguments[1], "write") == 0 ? write_10 : read_10;
    const auto batch = static_cast<unsigned>(std::atoi(arguments[2]));
    const auto commands = static_cast<unsigned>(std::atoi(arguments[3]));
    Lun lun;
    lun.settle();
    const auto before = lun.nanoseconds();
    for (unsigned done = 0; done < commands; done += batch) lun.serve(cdb, batch);
    std::printf("%.0f\n", static_cast<double>(lun.nanoseconds() - before) / commands);
}
