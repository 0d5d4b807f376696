// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/changer.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;
using Log = std::vector<std::string>;

TEST_CASE("MOVE MEDIUM brings a cartridge to where it is wanted") {
    Changer changer;
    // From slot 1000h to drive 100h, by transport element 1.
    CHECK(good(changer.send({0xa5, 0, 0, 1, 0x10, 0x00, 0x01, 0x00, 0, 0, 0, 0})));
    CHECK(changer.backend.log == Log{"move 1000 100"});
    CHECK(changer.backend.at(0x100).barcode == "A00001L8");
    // By the transport element that there is.
    CHECK(good(changer.send({0xa5, 0, 0, 0, 0x01, 0x00, 0x10, 0x03, 0, 0, 0, 0})));
    CHECK(changer.backend.at(0x1003).barcode == "A00001L8");
}

TEST_CASE("MOVE MEDIUM: what is not there, and what is in the way") {
    Changer changer;
    CHECK(changer.move(0x2000, 0x100).sense == sense::invalid_element_address);
    CHECK(changer.move(0x1000, 0x2000).sense == sense::invalid_element_address);
    CHECK(changer.move(0x1000, 0x0001).sense == sense::invalid_element_address);  // Robots keep nothing.
    CHECK(changer.send({0xa5, 0, 0x10, 0, 0x10, 0, 0x01, 0, 0, 0, 0, 0}).sense ==
          sense::invalid_element_address);
    CHECK(changer.move(0x1003, 0x100).sense == sense::medium_source_empty);
    CHECK(changer.move(0x1000, 0x1001).sense == sense::medium_destination_full);
    CHECK(changer.send({0xa5, 0, 0, 1, 0x10, 0, 0x01, 0, 0, 0, 1, 0}).sense ==
          sense::invalid_field_in_cdb.in_cdb(10, 0));  // INVERT
    CHECK(changer.backend.log.empty());
}

TEST_CASE("MOVE MEDIUM to where it is: nothing moves") {
    Changer changer;
    CHECK(good(changer.move(0x1000, 0x1000)));
    CHECK(changer.backend.log.empty());
}

TEST_CASE("how a move failed is told, and never that the hardware is broken for what was refused") {
    const std::pair<MoveStatus, scsi::Sense> cases[]{
        {MoveStatus::no_source_element, sense::invalid_element_address},
        {MoveStatus::no_destination_element, sense::invalid_element_address},
        {MoveStatus::source_empty, sense::medium_source_empty},
        {MoveStatus::destination_full, sense::medium_destination_full},
        {MoveStatus::removal_prevented, sense::medium_removal_prevented},
        {MoveStatus::busy, sense::operation_in_progress},
        {MoveStatus::damaged, sense::incompatible_medium},
        {MoveStatus::io_error, sense::internal_target_failure},
    };
    for (const auto& [status, told] : cases) {
        Changer changer;
        changer.backend.fail_next = status;
        CHECK(changer.move(0x1000, 0x100).sense == told);
    }
}

TEST_CASE("EXCHANGE MEDIUM: two cartridges swap, or one makes room for another") {
    Changer changer;
    REQUIRE(good(changer.move(0x1000, 0x100)));
    CHECK(good(changer.send(Changer::exchange_cdb(0x1001, 0x100, 0x1001))));
    CHECK(changer.backend.at(0x100).barcode == "A00002L8");
    CHECK(changer.backend.at(0x1001).barcode == "A00001L8");
    CHECK(good(changer.send(Changer::exchange_cdb(0x1001, 0x100, 0x1003))));
    CHECK(changer.backend.at(0x100).barcode == "A00001L8");
    CHECK(changer.backend.at(0x1003).barcode == "A00002L8");
    CHECK(changer.backend.log == Log{"move 1000 100", "exchange 1001 100 1001", "exchange 1001 100 1003"});
}

TEST_CASE("EXCHANGE MEDIUM: what is not there, and what is in the way") {
    Changer changer;
    CHECK(changer.send(Changer::exchange_cdb(0x2000, 0x100, 0x1001)).sense == sense::invalid_element_address);
    CHECK(changer.send(Changer::exchange_cdb(0x1000, 0x100, 0x2000)).sense == sense::invalid_element_address);
    CHECK(changer.send(Changer::exchange_cdb(0x1003, 0x1000, 0x1003)).sense == sense::medium_source_empty);
    CHECK(changer.send(Changer::exchange_cdb(0x1000, 0x100, 0x1000)).sense == sense::medium_source_empty);
    CHECK(changer.send(Changer::exchange_cdb(0x1000, 0x1001, 0x0010)).sense ==
          sense::medium_destination_full);
    CHECK(changer.send(Changer::exchange_cdb(0x1000, 0x1001, 0x1001)).sense ==
          sense::medium_destination_full);
    CHECK(changer.backend.log.empty());
}

TEST_CASE("moves come one after the other") {
    Changer changer;
    changer.backend.hold = true;
    const auto first = changer.begin(Changer::move_cdb(0x1000, 0x100));
    const auto second = changer.begin(Changer::move_cdb(0x100, 0x1003));
    CHECK(changer.backend.log.size() == 1);
    CHECK(changer.device->whereabouts(*first).words == "in its backend");
    CHECK(changer.device->whereabouts(*second).words == "waiting for the command before it");
    changer.backend.let_go();
    CHECK(first->answered());
    CHECK_FALSE(second->answered());
    changer.backend.let_go();
    CHECK(good(second->answer()));
    CHECK(changer.backend.log == Log{"move 1000 100", "move 100 1003"});
}

TEST_CASE("a move that waits and is aborted does not begin") {
    Changer changer;
    changer.backend.hold = true;
    const auto first = changer.begin(Changer::move_cdb(0x1000, 0x100));
    const auto second = changer.begin(Changer::move_cdb(0x1001, 0x101));
    second->aborted = true;
    changer.device->abort(*second);
    REQUIRE(second->answered());
    CHECK(second->answer().status == scsi::Status::task_aborted);
    changer.backend.let_go();
    CHECK(good(first->answer()));
    CHECK(changer.backend.log == Log{"move 1000 100"});
}

TEST_CASE("a move that was made before its daemon was killed is not made again") {
    Changer changer;
    changer.kill_in(Changer::move_cdb(0x1000, 0x100), 7);
    CHECK(good(changer.begin(Changer::move_cdb(0x1000, 0x100), {}, 7)->answer()));
    CHECK(changer.backend.log == Log{"move 1000 100"});
}

TEST_CASE("an exchange that was made before its daemon was killed is not made again") {
    Changer changer;
    REQUIRE(good(changer.move(0x1000, 0x100)));
    changer.kill_in(Changer::exchange_cdb(0x1001, 0x100, 0x1001), 7);
    CHECK(good(changer.begin(Changer::exchange_cdb(0x1001, 0x100, 0x1001), {}, 7)->answer()));
    CHECK(changer.backend.at(0x100).barcode == "A00002L8");
    CHECK(changer.backend.log == Log{"move 1000 100", "exchange 1001 100 1001"});
}

TEST_CASE("a move that its daemon was killed before is made by the next one") {
    Changer changer;
    changer.backend.fail_next = MoveStatus::io_error;  // Nothing has moved.
    changer.kill_in(Changer::move_cdb(0x1000, 0x100), 7);
    CHECK(good(changer.begin(Changer::move_cdb(0x1000, 0x100), {}, 7)->answer()));
    CHECK(changer.backend.at(0x100).barcode == "A00001L8");
}

TEST_CASE("another command than the one that was under way is carried out, whatever it looks like") {
    Changer changer;
    SECTION("its number is another") {
        changer.kill_in(Changer::move_cdb(0x1000, 0x100), 7);
        CHECK(changer.begin(Changer::move_cdb(0x1000, 0x100), {}, 8)->answer().sense ==
              sense::medium_source_empty);
    }
    SECTION("nothing was under way") {
        REQUIRE(good(changer.begin(Changer::move_cdb(0x1000, 0x100), {}, 7)->answer()));
        changer.restart();
        CHECK(changer.begin(Changer::move_cdb(0x1000, 0x100), {}, 7)->answer().sense ==
              sense::medium_source_empty);
    }
}
