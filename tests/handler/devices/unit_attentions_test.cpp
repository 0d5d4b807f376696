// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/unit_attentions.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using devices::UnitAttentions;

TEST_CASE("unit attentions are told once each, the oldest first") {
    UnitAttentions attentions;
    CHECK_FALSE(attentions.take());
    attentions.raise(scsi::sense::capacity_data_changed);
    attentions.raise(scsi::sense::inquiry_data_changed);
    attentions.raise(scsi::sense::capacity_data_changed);
    CHECK(attentions.take() == scsi::sense::capacity_data_changed);
    CHECK(attentions.take() == scsi::sense::inquiry_data_changed);
    CHECK(attentions.empty());
    CHECK_FALSE(attentions.take());
}

TEST_CASE("of more than there is room for the oldest is forgotten") {
    UnitAttentions attentions;
    for (unsigned i = 0; i <= UnitAttentions::limit; ++i)
        attentions.raise({scsi::SenseKey::unit_attention, 0x29, static_cast<std::uint8_t>(i)});
    CHECK(attentions.take()->ascq == 1);
}
