// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/served_lun.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/serving/support.hpp"
#include "tests/support/kernel_ring.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::KernelRing;
using tcmud::test::on;

namespace {

constexpr std::initializer_list<std::uint8_t> read_of_block_7{0x28, 0, 0, 0, 0, 7, 0, 0, 1, 0};
constexpr std::initializer_list<std::uint8_t> write_of_block_7{0x2a, 0, 0, 0, 0, 7, 0, 0, 1, 0};
constexpr std::initializer_list<std::uint8_t> read_of_block_100{0x28, 0, 0, 0, 0, 100, 0, 0, 1, 0};
constexpr std::initializer_list<std::uint8_t> read_capacity_10{0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0};

// A disk of 100 blocks in memory, from the kernel's ring to its backend.
struct LunBench {
    LunBench() { serve(std::make_unique<test::MemoryBackend>(100 * 512), doorbell); }
    LunBench(const LunBench&) = delete;
    LunBench& operator=(const LunBench&) = delete;
    ~LunBench() {
        if (lun) leave();
    }
    void serve(OpenedBackend backend, test::Doorbell& bell) {
        on(loop, [&] {
            auto ring = uio::Ring::attach(kernel.mapping(), uio::Journal::in_memory());
            if (!ring) throw std::logic_error("no ring");
            lun.emplace(ServedLun::Parts{"user_0/disk1",
                                         std::move(backend),
                                         {},
                                         std::make_unique<test::LonelyHost>(),
                                         bell.device(),
                                         std::move(*ring)},
                        loop, directory, Session::Events{});
        });
    }
    OpenedBackend leave() {
        on(loop, [&] { lun->pause([] {}); });
        return on(loop, [&] {
            auto backend = lun->leave();
            lun.reset();
            return backend;
        });
    }
    // The kernel submits, rings, and waits for what is completed.
    template <class Submit>
    KernelRing::Completed completed(Submit submit, const test::Doorbell& bell) {
        on(loop, submit);
        bell.ring();
        for (;;) {
            const auto all = on(loop, [&] { return kernel.collect(); });
            if (!all.empty()) return all.at(0);
        }
    }
    KernelRing::Completed write_block_7(std::byte with) {
        const std::vector<std::byte> data(512, with);
        return completed([&] { kernel.submit(write_of_block_7, data); }, doorbell);
    }
    KernelRing::Completed in(std::initializer_list<std::uint8_t> cdb, std::size_t room) {
        return completed([&] { kernel.submit_in(cdb, room); }, doorbell);
    }

    KernelRing kernel;
    test::Doorbell doorbell;
    LunDirectory directory;
    test::TestLoop loop;
    std::optional<ServedLun> lun;
};

}  // namespace

TEST_CASE("what an initiator writes to a LUN is what it reads") {
    LunBench bench;
    CHECK(bench.write_block_7(std::byte{9}).status == 0);
    const auto read = bench.in(read_of_block_7, 512);
    CHECK(read.status == 0);
    CHECK(read.data == std::vector<std::byte>(512, std::byte{9}));
    CHECK(bench.lun->counters().reads == 1);
    CHECK(bench.lun->counters().writes == 1);
    CHECK(bench.lun->backend_latency(Direction::read)->snapshot().count() == 1);
    CHECK(bench.lun->backend_latency(Direction::write)->snapshot().count() == 1);
}

TEST_CASE("a LUN has its backend's capacity") {
    LunBench bench;
    const auto capacity = bench.in(read_capacity_10, 8);
    REQUIRE(capacity.data.size() == 8);
    CHECK(scsi::get_32(capacity.data, 0) == 99);
    CHECK(scsi::get_32(capacity.data, 4) == 512);
    const auto beyond = bench.in(read_of_block_100, 512);
    CHECK(beyond.status == 2);
    CHECK(beyond.sense[12] == std::byte{0x21});
}

TEST_CASE("a LUN that left gives back its backend, which another can serve on the same ring") {
    LunBench bench;
    bench.write_block_7(std::byte{9});
    auto backend = bench.leave();
    CHECK_FALSE(bench.directory.find("user_0/disk1"));
    test::Doorbell bell;
    bench.serve(std::move(backend), bell);
    const auto read = bench.completed([&] { bench.kernel.submit_in(read_of_block_7, 512); }, bell);
    CHECK(read.data == std::vector<std::byte>(512, std::byte{9}));
}

TEST_CASE("commands that come while a LUN is paused are served when it resumes") {
    LunBench bench;
    bool idle = false;
    on(bench.loop, [&] { bench.lun->pause([&] { idle = true; }); });
    CHECK(on(bench.loop, [&] { return idle; }));
    on(bench.loop, [&] { bench.kernel.submit_in(read_of_block_7, 512); });
    bench.doorbell.ring();
    for (int turn = 0; turn < 5; ++turn) on(bench.loop, [] {});
    CHECK(on(bench.loop, [&] { return bench.kernel.collect().empty(); }));
    on(bench.loop, [&] { bench.lun->resume(); });
    CHECK(on(bench.loop, [&] { return bench.kernel.collect().size(); }) == 1);
}

TEST_CASE("a LUN whose backend grew while it was paused has the new capacity") {
    LunBench bench;
    on(bench.loop, [&] { bench.lun->pause([] {}); });
    on(bench.loop, [&] {
        if (!bench.lun->resize(ByteCount{200 * 512})) throw std::logic_error("not resized");
        bench.lun->resume();
        bench.lun->capacity_changed();
    });
    // The first command may be used to tell that the capacity changed.
    bench.in(read_of_block_7, 512);
    const auto capacity = bench.in(read_capacity_10, 8);
    REQUIRE(capacity.data.size() == 8);
    CHECK(scsi::get_32(capacity.data, 0) == 199);
}

TEST_CASE("the write cache is switched by the administrator") {
    LunBench bench;
    CHECK(on(bench.loop, [&] { return bench.lun->unit().disk()->write_cache(); }));
    on(bench.loop, [&] { bench.lun->set_write_cache(false); });
    CHECK_FALSE(on(bench.loop, [&] { return bench.lun->unit().disk()->write_cache(); }));
}
