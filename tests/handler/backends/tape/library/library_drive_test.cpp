// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library_drive.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/backends/tape/library/served_library.hpp"

using namespace tcmud;
using namespace tcmud::test;

namespace {

struct Pending : IoOperation {
    Pending() {
        deliver = [](IoOperation& operation, const IoResult&) {
            static_cast<Pending&>(operation).answered = true;
        };
    }
    bool answered = false;
    TapeResult result;
};

// A library with a loaded drive, whose gate the test closes itself.
struct Gated {
    Gated() {
        library.put("A00001L8", slot);
        library.move_outside(slot, first_drive);
        library.serve_all();
    }
    tape::LibraryDrive& drive() { return static_cast<tape::LibraryDrive&>(*library.drives[0]); }
    ServedLibrary library;
};

}  // namespace

TEST_CASE("what initiators want of a drive while the robot is at it waits") {
    Gated gated;
    gated.library.wait([&](Completion closed) { gated.drive().close_gate(std::move(closed)); });
    Pending load;
    gated.drive().load(load.result, Completion(load));
    CHECK_FALSE(load.answered);
    CHECK(gated.drive().whereabouts(load) == "waiting for the robot");
    gated.drive().open_gate();
    gated.library.until([&] { return load.answered; });
    CHECK(load.result.status == TapeStatus::ok);
}

TEST_CASE("an operation that waited finds no medium if the robot has taken it") {
    Gated gated;
    auto& drive = gated.drive();
    gated.library.wait([&](Completion closed) { drive.close_gate(std::move(closed)); });
    Pending end;
    drive.space_to_end(end.result, Completion(end));
    TapeResult result;
    gated.library.wait([&](Completion done) { drive.drive().unload(result, std::move(done)); });
    auto cartridge = drive.drive().remove();
    drive.open_gate();
    CHECK(end.answered);
    CHECK(end.result.status == TapeStatus::no_medium);
    drive.drive().insert(std::move(cartridge));
}

TEST_CASE("the robot waits for what is under way") {
    Gated gated;
    auto& drive = gated.drive();
    Pending synchronized, closed;
    gated.library.write(drive, 1);
    drive.synchronize(synchronized.result, Completion(synchronized));
    REQUIRE_FALSE(synchronized.answered);
    drive.close_gate(Completion(closed));
    CHECK_FALSE(closed.answered);
    gated.library.until([&] { return closed.answered; });
    CHECK(synchronized.answered);
    drive.open_gate();
}

TEST_CASE("an operation that waits and is aborted is not begun") {
    Gated gated;
    auto& drive = gated.drive();
    gated.library.wait([&](Completion closed) { drive.close_gate(std::move(closed)); });
    Pending erase;
    drive.erase(erase.result, Completion(erase));
    drive.abort(erase);
    CHECK(erase.answered);
    CHECK(erase.result.status == TapeStatus::aborted);
    drive.open_gate();
}

TEST_CASE("all of a drive's operations pass the gate") {
    Gated gated;
    auto& drive = gated.drive();
    auto& library = gated.library;
    const auto done = [&](auto begin) {
        TapeResult result;
        library.wait([&](Completion ended) { begin(result, std::move(ended)); });
        return result.status;
    };
    using Result = TapeResult&;
    CHECK(library.write(drive, 1).status == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.write_filemarks(1, r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.synchronize(r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.space(TapeSpacing::filemarks, -1, r, std::move(c)); }) ==
          TapeStatus::ok);
    CHECK(drive.position().object == 1);
    CHECK(done([&](Result r, Completion c) { drive.locate(0, 0, r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.verify(1, r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.locate_file(0, 1, r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.space_to_end(r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) {
              drive.resume({0, 0, 0}, false, r, std::move(c));
          }) == TapeStatus::ok);
    CHECK(library.read(drive) == 1);
    CHECK(done([&](Result r, Completion c) { drive.erase(r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) {
              drive.set_attributes(0, {{0x0800, 1, {std::byte{'x'}}}}, r, std::move(c));
          }) == TapeStatus::ok);
    CHECK(drive.attributes(0).size() == 1);
    TapeNext next;
    CHECK(done([&](Result r, Completion c) { drive.look_at_next(next, r, std::move(c)); }) == TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.format({ByteCount{0}}, r, std::move(c)); }) ==
          TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.set_capacity(65535, r, std::move(c)); }) ==
          TapeStatus::ok);
    CHECK(done([&](Result r, Completion c) { drive.unload(r, std::move(c)); }) == TapeStatus::ok);
    CHECK_FALSE(drive.medium());
    CHECK(drive.control("cartridge"));
}
