// SPDX-License-Identifier: Apache-2.0
// Commands as initiators may send them, through ring, session and disk: any CDB with any buffer, several at
// once, some aborted.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <optional>

#include "handler/devices/block/block_device.hpp"
#include "handler/scsi/opcode.hpp"
#include "handler/serving/session.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/kernel_ring.hpp"
#include "tests/support/memory_disk.hpp"
#include "tests/support/test_loop.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;
using tcmud::test::KernelRing;

namespace {

constexpr std::size_t disk_size = 128 * 1024;
constexpr std::size_t longest_buffer = 5 * KernelRing::block_size;
constexpr unsigned most_commands = 8;

// Neither the disk nor what initiators send holds the byte that stands for other commands' data.
std::byte harmless(std::uint8_t value) {
    return std::byte{value} == KernelRing::stale ? std::byte{0} : std::byte{value};
}

bool sends_data(std::uint8_t opcode) {
    using enum scsi::Opcode;
    switch (static_cast<scsi::Opcode>(opcode)) {
        case write_6:
        case write_10:
        case write_12:
        case write_16:
        case write_and_verify_10:
        case write_and_verify_12:
        case write_and_verify_16:
        case verify_10:
        case verify_12:
        case verify_16:
        case write_same_10:
        case write_same_16:
        case compare_and_write:
        case unmap:
        case mode_select_6:
        case mode_select_10:
        case third_party_copy_out:
        case maintenance_out: return true;
        default: return false;
    }
}

// The serving thread is one for all inputs; everything else is new for each.
serving::Loop& loop() {
    static auto& instance = *new test::TestLoop("fuzz");
    return instance;
}

template <class Work>
auto on_loop(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    loop().post([&task] { task(); });
    return result.get();
}

class Lun {
public:
    Lun() : backend_(content()), device_(backend_, devices::BlockSettings{}, host_) {
        promise(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_) == 0,
                "socketpair");
        on_loop([this] {
            session_.emplace(uio::Device::adopt(ends_[0], {}),
                             *uio::Ring::attach(kernel_.mapping(), uio::Journal::in_memory()), device_,
                             loop(), serving::Session::Events{});
            session_->start();
        });
    }
    ~Lun() {
        std::promise<void> idle;
        on_loop([&] { session_->pause([&] { idle.set_value(); }); });
        idle.get_future().get();
        on_loop([this] {
            session_->leave();
            session_.reset();
        });
        ::close(ends_[1]);
    }
    Lun(const Lun&) = delete;
    Lun& operator=(const Lun&) = delete;

    // Calls submit(kernel), then waits for all answers.
    template <class Submit>
    std::vector<KernelRing::Completed> serve(Submit submit) {
        std::vector<KernelRing::Completed> answers;
        on_loop([&] {
            submit(kernel_);
            loop().serve_again(*session_);
        });
        for (int round = 0;; ++round) {
            promise(round < 10'000, "every command is answered");
            const bool all = on_loop([&] {
                for (auto& answer : kernel_.collect()) answers.push_back(std::move(answer));
                char doorbells[64];
                while (::read(ends_[1], doorbells, sizeof doorbells) > 0) {
                }
                return kernel_.outstanding() == 0;
            });
            if (all) return answers;
        }
    }

private:
    static std::vector<std::byte> content() {
        std::vector<std::byte> bytes(disk_size);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = harmless(static_cast<std::uint8_t>(i / 512 + i));
        return bytes;
    }

    test::Host host_;
    test::MemoryBackend backend_;
    devices::BlockDevice device_;
    KernelRing kernel_;
    int ends_[2]{};
    std::optional<serving::Session> session_;
};

void submit(KernelRing& kernel, fuzz::Reader& input) {
    const auto flags = input.u8();
    if (flags == 0xff) {
        const std::uint16_t ids[]{input.u8(), input.u8()};
        kernel.submit_task_management(input.u8(), ids);
        return;
    }
    const auto opcode = input.u8();
    const auto additional_length = static_cast<std::uint8_t>(input.u8() & 0xfc);
    std::vector<std::uint8_t> cdb(uio::cdb_length(opcode, additional_length));
    cdb[0] = opcode;
    std::ranges::copy(input.bytes(cdb.size() - 1), cdb.begin() + 1);
    if (opcode == 0x7f) cdb[7] = additional_length;
    std::vector<std::byte> buffer(input.u16() % longest_buffer, KernelRing::stale);
    if (sends_data(opcode)) {
        std::ranges::fill(buffer, std::byte{0});
        std::ranges::transform(input.bytes(buffer.size()), buffer.begin(), harmless);
    }
    kernel.submit(cdb, buffer);
}

void check_sense(const KernelRing::Completed& answer) {
    const auto& sense = answer.sense;
    const auto response_code = std::to_integer<unsigned>(sense[0]) & 0x7f;
    promise(response_code == 0x70 || response_code == 0x72, "sense data has a format");
    const auto end = 8 + std::to_integer<std::size_t>(sense[7]);
    promise(end <= sense.size(), "sense data fits in 96 bytes");
    promise(std::all_of(sense.begin() + static_cast<std::ptrdiff_t>(end), sense.end(),
                        [](std::byte byte) { return byte == std::byte{0}; }),
            "all 96 bytes of sense data are written");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Reader input(data, size);
    Lun lun;
    std::size_t submitted = 0;
    const auto answers = lun.serve([&](KernelRing& kernel) {
        for (unsigned i = 0; i < most_commands && !input.empty(); ++i) submit(kernel, input);
        submitted = kernel.outstanding();
    });
    promise(answers.size() == submitted, "each command has one answer");
    for (const auto& answer : answers) {
        const bool known = answer.status == 0x00 || answer.status == 0x02 || answer.status == 0x40;
        promise(known, "the status is GOOD, CHECK CONDITION or TASK ABORTED");
        if (answer.status == 0x02) check_sense(answer);
        promise(std::ranges::find(answer.data, KernelRing::stale) == answer.data.end(),
                "no byte of another command reaches the initiator");
    }
    return 0;
}
