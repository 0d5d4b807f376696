// SPDX-License-Identifier: Apache-2.0
// A device server over a drive on files: what initiators see of both, compared with a list, with daemons that
// go and come.
#include <cstdlib>

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/loaded.hpp"
#include "tests/support/tape_player.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

constexpr std::uint64_t played_capacity = 400 << 20;  // Its end is out of reach.

class DriveRig {
public:
    DriveRig() : cartridge_(large()) {
        begin();
        send(bytes({0x00, 0, 0, 0, 0, 0}), {}, 0);
    }
    ~DriveRig() { device_.reset(); }

    Answer send(const Bytes& cdb, const Bytes& data, std::uint32_t as) {
        Sent sent(cdb, data);
        sent.number = as;
        drive_->pump([&] { device_->execute(sent, devices::Reply(sent)); }, [&] { return sent.answered(); });
        return sent.answer();
    }
    void restart(bool replaying, bool loaded) {
        const auto kept = state;
        device_.reset();
        drive_.reset();
        begin();
        if (!loaded) drive_->unload();
        device_->restore(kept, replaying);
    }
    // What was written stays whole here: the device cuts it.
    void cut_write(std::uint32_t, unsigned) {}

    Bytes state;

private:
    static tape::NewCartridge large() {
        tape::NewCartridge what;
        what.capacity = ByteCount{played_capacity};
        return what;
    }
    void begin() {
        drive_ = std::make_unique<Loaded>(cartridge_.path());
        device_ = std::make_unique<devices::TapeDevice>(**drive_, host_);
        device_->state_changed = [this] { state = device_->state(); };
    }

    TestCartridge cartridge_;
    Host host_;
    std::unique_ptr<Loaded> drive_;
    std::unique_ptr<devices::TapeDevice> device_;
};

}  // namespace

TEST_CASE("a drive on files is a list of blocks and filemarks, whatever becomes of its daemons") {
    // Each of them waits for a disk now and then.
    const auto* wanted = std::getenv("TCMUD_TAPE_STEPS");
    const unsigned long steps = wanted ? std::strtoul(wanted, nullptr, 10) : 300;
    for (unsigned seed = 0; seed < 3; ++seed) {
        INFO("seed " << seed);
        DriveRig rig;
        TapePlayer player(seed, rig, played_capacity);
        for (unsigned long i = 0; i < steps / 3; ++i) player.step();
    }
}
