// SPDX-License-Identifier: Apache-2.0
#include "handler/ctl/finding.hpp"

#include <catch2/catch.hpp>

using tcmud::ctl::shell_word;

TEST_CASE("a word for a shell is quoted where it needs it") {
    CHECK(shell_word("/sys/kernel/config/target/core/user_0/disk1") ==
          "/sys/kernel/config/target/core/user_0/disk1");
    CHECK(shell_word("iqn.2026-11.org:disk") == "iqn.2026-11.org:disk");
    CHECK(shell_word("") == "''");
    CHECK(shell_word("a b") == "'a b'");
    CHECK(shell_word("it's; rm -rf $HOME") == "'it'\\''s; rm -rf $HOME'");
}
