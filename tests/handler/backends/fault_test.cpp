// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstring>

#include <catch2/catch.hpp>

#include "tests/handler/backends/opened.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::test;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;

namespace {

using Options = std::initializer_list<std::pair<std::string, std::string>>;

struct Disk {
    explicit Disk(Options options = {}) : opened("fault", with(directory, options)) {}
    static OpenRequest with(const TemporaryDirectory& directory, Options options) {
        auto asked = request(directory.path() / "disk", mib, {{"create", "on"}});
        for (const auto& [key, value] : options) asked.options.set(key, value);
        return asked;
    }
    std::string control(const std::string& command) {
        const auto answer = opened->control(command);
        INFO((answer ? "" : answer.error().text));
        REQUIRE(answer);
        return *answer;
    }
    TemporaryDirectory directory;
    Opened opened;
};

// A read that is not waited for.
struct Read {
    explicit Read(Disk& from) : disk(from) {
        from.opened->read(ByteOffset{0}, {&piece, 1}, from.opened.begin(waiting));
    }
    bool answered() {
        disk.opened.look();
        return waiting.answered;
    }
    Disk& disk;
    Opened::Waiting waiting;
    std::vector<std::byte> bytes = std::vector<std::byte>(4096);
    iovec piece{bytes.data(), bytes.size()};
};

}  // namespace

TEST_CASE("fault: without rules it is the file") {
    Disk disk;
    const auto data = pattern(4096, 1);
    CHECK(disk.opened.write(0, data).status == IoStatus::ok);
    CHECK(disk.opened.flush().status == IoStatus::ok);
    CHECK(disk.opened.read(0, 4096) == data);
    CHECK(disk.control("fault") == "no faults\n");
}

TEST_CASE("fault: it begins with the rules of its cfgstring") {
    Disk disk({{"rules", "read+error=EIO+lba=8"}});
    std::vector<std::byte> bytes(8192);
    const auto result = disk.opened.read(0, std::span(bytes));
    CHECK(result.status == IoStatus::io_error);
    CHECK(result.detail == 4096);
    CHECK(disk.opened.read(0, 4096) == std::vector<std::byte>(4096));
    CHECK(disk.control("fault") == "read:error=EIO,lba=8  hit 1 of 1\n");
}

TEST_CASE("fault: rules are replaced while it serves, and taken away") {
    Disk disk;
    CHECK(disk.control("fault write:error=ENOSPC,count=1") == "write:error=ENOSPC,count=1  hit 0 of 0\n");
    CHECK(disk.opened.write(0, pattern(512, 1)).status == IoStatus::no_space);
    CHECK(disk.opened.write(0, pattern(512, 1)).status == IoStatus::ok);
    disk.control("fault flush:error=EIO unmap:error=EIO write_zeroes:error=EIO");
    CHECK(disk.opened.write(0, pattern(512, 1)).status == IoStatus::ok);
    CHECK(disk.opened.flush().status == IoStatus::io_error);
    CHECK(disk.opened.unmap(0, 4096).status == IoStatus::io_error);
    CHECK(disk.opened.write_zeroes(0, 4096, false).status == IoStatus::io_error);
    CHECK(disk.control("fault off") == "no faults\n");
    CHECK(disk.opened.flush().status == IoStatus::ok);
}

TEST_CASE("fault: a write that fails writes nothing") {
    Disk disk;
    const auto data = pattern(4096, 1);
    disk.opened.write(0, data);
    disk.control("fault write:error=EIO");
    CHECK(disk.opened.write(0, pattern(4096, 2)).status == IoStatus::io_error);
    CHECK(disk.opened.read(0, 4096) == data);
}

TEST_CASE("fault: of a short write the first part is written") {
    Disk disk;
    const auto before = pattern(4096, 1);
    const auto after = pattern(4096, 2);
    disk.opened.write(0, before);
    disk.control("fault write:short=1000");
    const auto result = disk.opened.write(0, after);
    CHECK(result.status == IoStatus::io_error);
    CHECK(result.detail == 1000);
    auto expected = before;
    std::copy_n(after.begin(), 1000, expected.begin());
    CHECK(disk.opened.read(0, 4096) == expected);
}

TEST_CASE("fault: of a torn write some sectors are written, whole") {
    Disk disk;
    const auto before = pattern(32768, 1);
    const auto after = pattern(32768, 2);
    disk.opened.write(0, before);
    disk.control("fault write:torn,seed=3");
    CHECK(disk.opened.write(0, after).status == IoStatus::io_error);
    const auto read = disk.opened.read(0, 32768);
    std::size_t old_sectors = 0;
    std::size_t new_sectors = 0;
    for (std::size_t at = 0; at < read.size(); at += 512) {
        if (std::memcmp(&read[at], &before[at], 512) == 0) ++old_sectors;
        if (std::memcmp(&read[at], &after[at], 512) == 0) ++new_sectors;
    }
    CHECK(old_sectors + new_sectors == 64);
    CHECK(old_sectors > 0);
    CHECK(new_sectors > 0);
}

TEST_CASE("fault: an operation is delayed, and others are not kept waiting by it") {
    Disk disk;
    disk.opened.write(0, pattern(4096, 1));
    disk.control("fault read:delay=100,count=1");
    const auto began = std::chrono::steady_clock::now();
    Read slow(disk);
    CHECK(disk.control("fault") == "read:delay=100,count=1  hit 1 of 1\ndelayed: 1\n");
    CHECK(disk.opened.read(0, 4096) == pattern(4096, 1));
    while (!slow.answered() && std::chrono::steady_clock::now() - began < 20s) {
    }
    CHECK(slow.answered());
    CHECK(std::chrono::steady_clock::now() - began >= 100ms);
    CHECK(slow.waiting.answer.status == IoStatus::ok);
    CHECK(slow.bytes == pattern(4096, 1));
}

TEST_CASE("fault: what hangs waits until it is released, and then is done") {
    Disk disk;
    disk.control("fault read:hang,count=2");
    Read first(disk);
    Read second(disk);
    CHECK_FALSE(first.answered());
    CHECK(disk.control("fault") == "read:hang,count=2  hit 2 of 2\nhanging: 2\n");
    disk.opened.write(0, pattern(4096, 7));
    disk.control("fault release");
    while (!first.answered() || !second.answered()) {
    }
    CHECK(first.waiting.answer.status == IoStatus::ok);
    CHECK(first.bytes == pattern(4096, 7));
    CHECK(disk.control("fault") == "read:hang,count=2  hit 2 of 2\n");
}

TEST_CASE("fault: what hangs ends with an error where one is ruled") {
    Disk disk;
    disk.control("fault read:hang,error=ENODEV");
    Read read(disk);
    CHECK_FALSE(read.answered());
    disk.control("fault off");
    CHECK(read.answered());
    CHECK(read.waiting.answer.status == IoStatus::not_ready);
}

TEST_CASE("fault: other rules leave alone what hangs already") {
    Disk disk;
    disk.control("fault read:hang");
    Read read(disk);
    CHECK_THAT(disk.control("fault write:error=EIO"), Contains("hanging: 1"));
    CHECK_FALSE(read.answered());
    disk.control("fault off");
    while (!read.answered()) {
    }
}

TEST_CASE("fault: a LUN that is to be closed keeps nothing waiting any more") {
    Disk disk;
    disk.control("fault read:hang,count=1/read:delay=3600000");
    Read hanging(disk);
    Read delayed(disk);
    CHECK_FALSE(hanging.answered());
    CHECK_FALSE(delayed.answered());
    disk.opened->closing();
    while (!hanging.answered() || !delayed.answered()) {
    }
    CHECK(disk.opened.read(0, 4096).size() == 4096);
}

TEST_CASE("fault: what it does not understand changes nothing") {
    Disk disk({{"rules", "flush+error=EIO"}});
    for (const auto* command : {"fault flush", "fault flush:", "fault on", "error", ""}) {
        CAPTURE(command);
        CHECK_FALSE(disk.opened->control(command));
    }
    CHECK_THAT(disk.opened->control("explode").error().text, Contains("known: fault"));
    CHECK(disk.opened.flush().status == IoStatus::io_error);
}

TEST_CASE("fault: rules that cannot be are refused when the LUN is opened, and when it is checked") {
    const TemporaryDirectory directory;
    const auto wrong =
        request(directory.path() / "disk", mib, {{"create", "on"}, {"rules", "write+eror=EIO"}});
    for (const auto& text :
         {module("fault").check(wrong).error().text, module("fault").open(wrong).error().text})
        CHECK_THAT(text, Contains("'eror' is no setting"));
    CHECK_FALSE(std::filesystem::exists(directory.path() / "disk"));
}

TEST_CASE("fault: it has the file backend's options and its own") {
    CHECK(module("fault").options().size() == module("file").options().size() + 1);
    CHECK(module("fault").options().back().key == "rules");
}

TEST_CASE("backends that have no commands say so") {
    Opened ram("ram", request("", mib));
    const auto answer = ram->control("fault");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().text == "its backend takes no commands");
}

TEST_CASE("fault: what hangs or is delayed says so, and ends when it is aborted, as if it had not begun") {
    Disk disk;
    disk.control("fault read:hang,count=2/read:delay=3600000");
    Read first(disk);
    Read second(disk);
    Read delayed(disk);
    CHECK(disk.opened->whereabouts(second.waiting) == "held by a rule of the fault backend");
    CHECK(disk.opened->whereabouts(delayed.waiting) == "delayed by a rule of the fault backend");
    disk.opened->abort(second.waiting);
    disk.opened->abort(delayed.waiting);
    CHECK(second.waiting.answer.status == IoStatus::aborted);
    CHECK(delayed.waiting.answer.status == IoStatus::aborted);
    CHECK_FALSE(first.answered());
    CHECK_THAT(disk.control("fault"), Contains("hanging: 1\n") && !Contains("delayed"));
    disk.opened->abort(first.waiting);
    CHECK(first.answered());
    CHECK_THAT(disk.control("fault"), !Contains("hanging"));
}
