// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/settings.hpp"

#include <catch2/catch.hpp>

using tcmud::daemon::Settings;

TEST_CASE("a daemon without settings serves everything, and the kernel waits for it") {
    const Settings settings;
    CHECK_FALSE(settings.confined());
    CHECK(settings.reply_mode);
    CHECK(settings.dbus);
    CHECK(settings.run_directory == "/run/tcmud");
    CHECK(settings.command_timeout_s == 0);
    CHECK(settings.command_report_after == std::chrono::seconds(15));
}

TEST_CASE("a daemon that sees only some subtypes or HBAs is confined") {
    Settings subtypes;
    subtypes.subtypes = {"file"};
    CHECK(subtypes.confined());
    Settings hbas;
    hbas.hbas = {"user_7"};
    CHECK(hbas.confined());
    // It is still responsible for the machine.
    Settings others;
    others.not_hbas = {"user_7"};
    CHECK_FALSE(others.confined());
}
