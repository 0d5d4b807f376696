// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/cpu_list.hpp"

#include <catch2/catch.hpp>

using tcmud::daemon::CpuList;

TEST_CASE("a list of CPUs is read and written as the kernel does") {
    for (const auto* text : {"0", "3", "0-1", "0-3,8", "1,3,5-6", "1023"}) {
        CAPTURE(text);
        const auto list = CpuList::parse(text);
        REQUIRE(list);
        CHECK(list->text() == text);
    }
    CHECK(CpuList::parse("2,0,1")->text() == "0-2");
    CHECK(CPU_COUNT(&CpuList::parse("0-3,8")->set()) == 5);
}

TEST_CASE("what is no list of CPUs is none") {
    for (const auto* text : {"", ",", "0,", "a", "-1", "1-", "3-1", "1024", "0-1024", "0 1", " 0", "1-2-3"}) {
        CAPTURE(text);
        CHECK_FALSE(CpuList::parse(text));
    }
}

TEST_CASE("CPUs that others have not are found") {
    const auto few = *CpuList::parse("0-1");
    CHECK(CpuList::parse("0-4")->first_not_in(few) == 2u);
    CHECK_FALSE(few.first_not_in(*CpuList::parse("0-4")));
}

TEST_CASE("a machine runs on some CPU") {
    const auto online = CpuList::online();
    CHECK(CPU_COUNT(&online.set()) >= 1);
    CHECK(online.first_not_in(online) == std::nullopt);
}
