// SPDX-License-Identifier: Apache-2.0
#include "handler/scsi/outcome.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::scsi;

TEST_CASE("a good outcome owns exactly the data-in that it names") {
    CHECK(Outcome::good() == Outcome{});
    CHECK(Outcome::good().status == Status::good);
    CHECK(Outcome::good().data_length == 0);
    CHECK(Outcome::good(ByteCount{512}).data_length == 512);
}

TEST_CASE("what the initiator sent is nothing to hide from it, however long it is") {
    const auto taken = Outcome::data_out_taken();
    CHECK(taken.status == Status::good);
    CHECK(taken.data_length == ~std::uint64_t{0});
}

TEST_CASE("a check condition carries its sense and no data") {
    const auto outcome = Outcome::check(sense::lba_out_of_range.with_information(7));
    CHECK(outcome.status == Status::check_condition);
    CHECK(outcome.sense == sense::lba_out_of_range.with_information(7));
    CHECK(outcome.data_length == 0);
}

TEST_CASE("an aborted command ends with TASK ABORTED and no data") {
    CHECK(Outcome::aborted().status == Status::task_aborted);
    CHECK(Outcome::aborted().data_length == 0);
}

TEST_CASE("status codes are those of SAM-5") {
    CHECK(static_cast<int>(Status::good) == 0x00);
    CHECK(static_cast<int>(Status::check_condition) == 0x02);
    CHECK(static_cast<int>(Status::busy) == 0x08);
    CHECK(static_cast<int>(Status::task_set_full) == 0x28);
    CHECK(static_cast<int>(Status::task_aborted) == 0x40);
}
