// SPDX-License-Identifier: Apache-2.0
// Commands as initiators may send them to a changer: any CDB with any data, moves among them; some are
// aborted, and daemons end in between. However they end, no cartridge is lost or made.
#include <algorithm>
#include <memory>
#include <set>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/changer.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;

namespace {

constexpr std::size_t longest_data = 1024;
constexpr unsigned most_commands = 16;
constexpr std::size_t longest_state = 1000;  // Of the journal.

test::Bytes next_cdb(fuzz::Reader& input) {
    // Mostly commands that there are.
    const auto known = devices::ChangerDevice::commands();
    const auto choice = input.u8();
    const auto opcode =
        choice < 0xf0 ? static_cast<std::uint8_t>(known[choice % known.size()].opcode) : input.u8();
    const auto fixed = scsi::fixed_cdb_length(opcode);
    test::Bytes cdb(fixed == 0 ? 10 : fixed);
    cdb[0] = static_cast<std::byte>(opcode);
    std::ranges::transform(input.bytes(cdb.size() - 1), cdb.begin() + 1,
                           [](auto byte) { return std::byte{byte}; });
    return cdb;
}

// Of elements that there are.
test::Bytes next_move(fuzz::Reader& input) {
    constexpr unsigned addresses[]{0x1000, 0x1001, 0x1002, 0x1003, 0x10, 0x11, 0x100, 0x101};
    const auto any = [&] { return addresses[input.u8() % 8]; };
    const auto source = any(), destination = any();
    return (input.u8() & 1) != 0 ? test::Changer::move_cdb(source, destination)
                                 : test::Changer::exchange_cdb(source, destination, any());
}

void check(const test::Answer& answer) {
    const auto taken = scsi::Outcome::data_out_taken().data_length;
    promise(answer.data_length == taken || answer.data_length <= answer.data.size(),
            "no more is delivered than there is room for");
    const bool known = answer.status == scsi::Status::good ||
                       answer.status == scsi::Status::check_condition ||
                       answer.status == scsi::Status::task_aborted;
    promise(known, "the status is GOOD, CHECK CONDITION or TASK ABORTED");
}

std::multiset<std::string> cartridges_of(const test::Changer& changer) {
    std::multiset<std::string> names;
    for (const auto& element : changer.backend.elements())
        if (element.full) names.insert(element.cartridge);
    return names;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Reader input(data, size);
    test::Changer changer;
    const auto all = cartridges_of(changer);
    std::vector<std::unique_ptr<test::Sent>> sent;
    const auto let_all_go = [&] {
        changer.backend.hold = false;
        // Each may let the next one begin.
        changer.backend.let_go();
    };
    for (unsigned i = 0; i < most_commands && !input.empty(); ++i) {
        const auto what = input.u8();
        if (what < 8) {
            const auto state = changer.device->state();
            let_all_go();
            changer.restart(what % 2 == 0 ? state : changer.device->state(), what % 2 == 0);
            continue;
        }
        changer.backend.hold = what % 8 == 0;
        if (what % 32 == 9) changer.backend.fail_next = MoveStatus::io_error;
        auto cdb = what % 4 == 1 ? next_move(input) : next_cdb(input);
        test::Bytes lent(input.u16() % longest_data);
        std::ranges::transform(input.bytes(std::min<std::size_t>(input.u8(), lent.size())), lent.begin(),
                               [](auto byte) { return std::byte{byte}; });
        sent.push_back(changer.begin(cdb, std::move(lent)));
        if (what % 16 == 0) {
            sent.back()->aborted = true;
            changer.device->abort(*sent.back());
        }
        if (what == 0xfe) changer.device->inventory_changed();
        if (what == 0xff) changer.device->reset();
        promise(changer.device->state().size() <= longest_state, "the state fits in the journal");
    }
    let_all_go();
    for (const auto& command : sent) {
        promise(command->answered(), "every command is answered");
        check(command->answer());
    }
    promise(cartridges_of(changer) == all, "no cartridge is lost or made");
    return 0;
}
