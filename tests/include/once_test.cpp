// SPDX-License-Identifier: Apache-2.0
#include "tcmud/once.hpp"

#include <optional>
#include <type_traits>
#include <vector>

#include <catch2/catch.hpp>

using namespace tcmud;

namespace {

struct Waiting {
    void (*deliver)(Waiting&, int) = [](Waiting& self, int answer) { self.answers.push_back(answer); };
    std::vector<int> answers;
};

using Answer = Once<Waiting, int, -1>;
using Answers = std::vector<int>;

}  // namespace

TEST_CASE("an answer that is given is the only one") {
    Waiting waiting;
    {
        Answer answer(waiting);
        CHECK(waiting.answers.empty());
        std::move(answer)(7);
        CHECK(waiting.answers == Answers{7});
    }
    CHECK(waiting.answers == Answers{7});
}

TEST_CASE("a completion that is dropped fails the command instead of losing it") {
    Waiting waiting;
    { const Answer dropped(waiting); }
    CHECK(waiting.answers == Answers{-1});
}

TEST_CASE("the duty to answer moves and does not multiply") {
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Answer>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<Answer>);
    Waiting waiting;
    {
        Answer first(waiting);
        Answer second(std::move(first));
        std::move(second)(7);
    }
    CHECK(waiting.answers == Answers{7});
}

TEST_CASE("a completion that another one replaces is answered as dropped") {
    Waiting old;
    Waiting fresh;
    Answer answer(old);
    answer = Answer(fresh);
    CHECK(old.answers == Answers{-1});
    CHECK(fresh.answers.empty());
    std::move(answer)(7);
    CHECK(old.answers == Answers{-1});
    CHECK(fresh.answers == Answers{7});
}

TEST_CASE("a completion travels as a bare pointer and is answered once") {
    Waiting waiting;
    void* travelling = nullptr;
    {
        Answer answer(waiting);
        travelling = std::move(answer).release();
    }
    CHECK(travelling == &waiting);
    CHECK(waiting.answers.empty());
    Answer::adopt(travelling)(7);
    CHECK(waiting.answers == Answers{7});
    STATIC_REQUIRE(sizeof(Answer) == sizeof(void*));
}

TEST_CASE("an adopted completion that is dropped is answered as well") {
    Waiting waiting;
    void* travelling = Answer(waiting).release();
    { const auto dropped = Answer::adopt(travelling); }
    CHECK(waiting.answers == Answers{-1});
}

TEST_CASE("who waits may be gone when the answer was given") {
    struct Mortal {
        void (*deliver)(Mortal&, int) = [](Mortal& self, int) { delete &self; };
    };
    Once<Mortal, int, -1> answered(*new Mortal);
    std::move(answered)(1);  // The address sanitizer would see a use afterwards.
    { const Once<Mortal, int, -1> dropped(*new Mortal); }
}
