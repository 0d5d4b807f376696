// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/watch.hpp"

#include <catch2/catch.hpp>

using namespace tcmud::guard;
using namespace std::chrono_literals;

namespace {

// A clock that the test plays: looks twice a second.
class Play {
public:
    explicit Play(std::chrono::seconds patience) : watch_(patience) {}
    // Seconds until it was time to act; what was asked for if it never was.
    double look(Presence seen, std::chrono::duration<double> length) {
        for (std::chrono::duration<double> passed{}; passed < length; passed += interval) {
            now_ += interval;
            if (watch_.look(seen, now_)) return passed.count();
        }
        return length.count();
    }
    bool acts_after_a_gap_of(std::chrono::seconds gap, Presence seen) {
        now_ += gap;
        return watch_.look(seen, now_);
    }
    Watch& watch() { return watch_; }

private:
    static constexpr std::chrono::milliseconds interval{500};
    Watch watch_;
    Watch::Clock::time_point now_{1h};
};

constexpr auto absent = Presence::absent, starting = Presence::starting, serving = Presence::serving;

}  // namespace

TEST_CASE("who serves is left in peace") {
    Play play(30s);
    CHECK(play.look(serving, 3600s) == 3600);
}

TEST_CASE("who is gone for the whole time is missed, and until he is back") {
    Play play(30s);
    play.look(serving, 1s);
    CHECK(play.look(absent, 60s) == 29.5);
    CHECK(play.look(absent, 60s) == 0);
    CHECK(play.look(starting, 60s) == 0);
    CHECK(play.look(serving, 60s) == 60);
    CHECK(play.look(absent, 60s) == 29.5);
}

TEST_CASE("a restart within the time is none of the guard's affairs") {
    Play play(30s);
    for (int i = 0; i < 10; ++i) {
        CHECK(play.look(serving, 6s) == 6);
        CHECK(play.look(absent, 20s) == 20);
        CHECK(play.look(starting, 5s) == 5);
    }
}

TEST_CASE("one that starts and never serves is not back") {
    Play play(30s);
    play.look(serving, 10s);
    CHECK(play.look(starting, 60s) == 29.5);
}

TEST_CASE("a crash loop does not reset the clock") {
    Play play(30s);
    play.look(serving, 10s);
    double passed = 0;
    bool acted = false;
    while (!acted && passed < 100) {
        const auto away = play.look(absent, 1s);
        acted = away < 1;
        passed += away;
        if (!acted) passed += play.look(serving, 3s);
    }
    CHECK(acted);
    CHECK(passed >= 29);
    CHECK(passed <= 33);
    // While it serves it is not acted, and as soon as it is gone again it is.
    CHECK(play.look(serving, 4s) == 4);
    CHECK(play.look(absent, 1s) == 0);
}

TEST_CASE("who has served for five seconds is back") {
    Play play(30s);
    play.look(serving, 10s);
    play.look(absent, 29s);
    play.look(serving, 5s);
    CHECK(play.look(absent, 60s) == 29.5);
}

TEST_CASE("one that served already when the guard came needs to prove nothing") {
    Play play(6s);
    play.look(serving, 1s);
    CHECK(play.look(absent, 60s) == 5.5);
}

TEST_CASE("with a patience below the five seconds that is enough") {
    Play play(2s);
    play.look(absent, 10s);
    play.look(serving, 2s);
    CHECK(play.look(absent, 60s) == 1.5);
}

TEST_CASE("what happened while nobody looked does not count") {
    Play play(30s);
    play.look(serving, 10s);
    CHECK_FALSE(play.acts_after_a_gap_of(600s, absent));
    CHECK(play.look(absent, 60s) == 27.5);
}

TEST_CASE("a watch that begins anew forgets") {
    Play play(30s);
    play.look(absent, 20s);
    play.watch().begin_anew();
    CHECK(play.look(absent, 60s) == 30);
}
