// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/lun_directory.hpp"

#include <catch2/catch.hpp>

#include "handler/serving/served_lun.hpp"
#include "tests/handler/serving/support.hpp"
#include "tests/support/kernel_ring.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::on;
using tcmud::test::Waiting;

namespace {

// A disk of 100 blocks on one thread, and another thread that copies from and to it.
struct DirectoryBench {
    DirectoryBench() {
        on(owner, [&] {
            auto ring = uio::Ring::attach(kernel.mapping(), uio::Journal::in_memory());
            if (!ring) throw std::logic_error("no ring");
            lun.emplace(ServedLun::Parts{"user_0/disk1",
                                         std::make_unique<test::MemoryBackend>(100 * 512),
                                         {},
                                         std::make_unique<test::LonelyHost>(),
                                         doorbell.device(),
                                         std::move(*ring)},
                        owner, directory, Session::Events{});
        });
        peer = on(requester, [&] { return directory.peer("user_0/disk1", requester); });
    }
    DirectoryBench(const DirectoryBench&) = delete;
    DirectoryBench& operator=(const DirectoryBench&) = delete;
    ~DirectoryBench() {
        if (lun) leave();
    }
    void leave() {
        on(owner, [&] { lun->pause([] {}); });
        on(owner, [&] {
            lun->leave();
            lun.reset();
        });
    }
    // The answer to what `ask` asks on the requester's thread.
    template <class Ask>
    IoResult answer(Ask ask) {
        Waiting waiting;
        on(requester, [&] { ask(Completion(waiting)); });
        for (;;) {
            on(owner, [] {});
            if (on(requester, [&] { return waiting.answers; }) != 0) break;
        }
        CHECK(on(requester, [&] { return waiting.answers; }) == 1);
        return *waiting.answer;
    }
    IoResult write(Lba first, std::vector<std::byte>& blocks) {
        const iovec piece{blocks.data(), blocks.size()};
        return answer([&](Completion done) { peer->write(first, {&piece, 1}, std::move(done)); });
    }
    IoResult read(Lba first, std::vector<std::byte>& blocks) {
        const iovec piece{blocks.data(), blocks.size()};
        return answer([&](Completion done) { peer->read(first, {&piece, 1}, std::move(done)); });
    }

    test::KernelRing kernel;
    test::Doorbell doorbell;
    LunDirectory directory;
    test::TestLoop owner{"owner"};
    test::TestLoop requester{"requester"};
    std::optional<ServedLun> lun;
    std::unique_ptr<devices::CopyPeer> peer;
};

}  // namespace

TEST_CASE("a disk is found while it is served, under its whole name") {
    DirectoryBench bench;
    const auto disk = bench.directory.find("user_0/disk1");
    REQUIRE(disk);
    CHECK(disk->loop == &bench.owner);
    CHECK_FALSE(bench.directory.find("user_0/disk"));
    CHECK_FALSE(bench.directory.find(""));
    bench.leave();
    CHECK_FALSE(bench.directory.find("user_0/disk1"));
}

TEST_CASE("a name that is added again names the later disk, and removing what is not there is no error") {
    LunDirectory directory;
    test::TestLoop loop;
    directory.add("a", {nullptr, nullptr, nullptr});
    directory.add("a", {&loop, nullptr, nullptr});
    CHECK(directory.find("a")->loop == &loop);
    directory.remove("b");
    directory.remove("a");
    directory.remove("a");
    CHECK_FALSE(directory.find("a"));
}

TEST_CASE("there is no other end of a copy where no disk is served") {
    const LunDirectory directory;
    test::TestLoop loop;
    CHECK(directory.peer("user_0/disk1", loop) == nullptr);
}

TEST_CASE("the other end of a copy is as large as its disk") {
    DirectoryBench bench;
    REQUIRE(bench.peer);
    CHECK(bench.peer->capacity() == BlockCount{100});
    CHECK(bench.peer->block_size() == BlockSize{512});
}

TEST_CASE("what is written to a disk from another thread is read from it") {
    DirectoryBench bench;
    std::vector<std::byte> blocks(1024, std::byte{7});
    const auto written = bench.write(Lba{98}, blocks);
    CHECK(written.status == IoStatus::ok);
    std::vector<std::byte> into(1536);
    const auto read = bench.read(Lba{97}, into);
    CHECK(read.status == IoStatus::ok);
    CHECK(read.bytes == 1536);
    CHECK(std::ranges::count(into, std::byte{7}) == 1024);
    CHECK(into[0] == std::byte{0});
}

TEST_CASE("a disk that is not served any more answers that it is not ready") {
    DirectoryBench bench;
    bench.leave();
    std::vector<std::byte> blocks(512);
    CHECK(bench.read(Lba{0}, blocks).status == IoStatus::not_ready);
    CHECK(bench.write(Lba{0}, blocks).status == IoStatus::not_ready);
}
