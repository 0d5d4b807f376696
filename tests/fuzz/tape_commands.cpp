// SPDX-License-Identifier: Apache-2.0
// Commands as initiators may send them to a tape drive: any CDB with any data, MODE SELECT, WRITE ATTRIBUTE
// and SECURITY PROTOCOL OUT among them; some are aborted, and daemons are killed in between.
#include <algorithm>
#include <memory>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/tape.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;

namespace {

constexpr std::size_t longest_data = 4096;
constexpr unsigned most_tape_commands = 16;
constexpr std::size_t longest_state = 1000;  // Of the journal.

test::MemoryCartridge small_cartridge() {
    test::MemoryCartridge cartridge;
    cartridge.capacity = 64 * 1024;
    cartridge.format({0});
    return cartridge;
}

std::size_t cdb_length(std::uint8_t opcode) {
    const auto fixed = scsi::fixed_cdb_length(opcode);
    return fixed == 0 ? 10 : fixed;
}

test::Bytes next_cdb(fuzz::Reader& input) {
    // Mostly commands that there are.
    const auto known = devices::TapeDevice::commands();
    const auto choice = input.u8();
    const auto opcode =
        choice < 0xf0 ? static_cast<std::uint8_t>(known[choice % known.size()].opcode) : input.u8();
    test::Bytes cdb(cdb_length(opcode));
    cdb[0] = static_cast<std::byte>(opcode);
    std::ranges::transform(input.bytes(cdb.size() - 1), cdb.begin() + 1,
                           [](auto byte) { return std::byte{byte}; });
    // Sixteen million filemarks take the memory of a machine here.
    if (opcode == 0x10) cdb[2] = cdb[3] = std::byte{0};
    if (opcode == 0x80) cdb[12] = cdb[13] = std::byte{0};
    return cdb;
}

test::Bytes next_data(fuzz::Reader& input) {
    test::Bytes data(input.u16() % longest_data);
    std::ranges::transform(input.bytes(std::min<std::size_t>(input.u8(), data.size())), data.begin(),
                           [](auto byte) { return std::byte{byte}; });
    return data;
}

void check(const test::Answer& answer) {
    const auto taken = scsi::Outcome::data_out_taken().data_length;
    promise(answer.data_length == taken || answer.data_length <= answer.data.size(),
            "no more is delivered than there is room for");
    const bool known = answer.status == scsi::Status::good ||
                       answer.status == scsi::Status::check_condition ||
                       answer.status == scsi::Status::task_aborted;
    promise(known, "the status is GOOD, CHECK CONDITION or TASK ABORTED");
    if (answer.status == scsi::Status::good) promise(answer.sense == scsi::Sense{}, "GOOD has no sense data");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Reader input(data, size);
    test::Tape tape(small_cartridge());
    std::vector<std::unique_ptr<test::Sent>> sent;
    for (unsigned i = 0; i < most_tape_commands && !input.empty(); ++i) {
        const auto what = input.u8();
        if (what < 8) {
            // Nothing may be under way when a device goes.
            tape.backend.hold = false;
            tape.backend.let_go();
            tape.restart(what % 2 == 0);
            continue;
        }
        // This one, and what waits behind it, ends later.
        tape.backend.hold = what % 8 == 0;
        const auto cdb = next_cdb(input);
        auto lent = next_data(input);
        // The data must lie behind what the CDB says of its length, or nothing is looked at.
        if (what % 2 == 1) lent.resize(longest_data);
        sent.push_back(tape.begin(cdb, std::move(lent)));
        if (what % 16 == 0) {
            sent.back()->aborted = true;
            tape.device->abort(*sent.back());
        }
        if (what == 0xff) tape.device->reset();
        promise(tape.device->state().size() <= longest_state, "the state fits in the journal");
    }
    tape.backend.hold = false;
    tape.backend.let_go();
    for (const auto& command : sent) {
        promise(command->answered(), "every command is answered");
        check(command->answer());
    }
    return 0;
}
