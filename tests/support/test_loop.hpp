// SPDX-License-Identifier: Apache-2.0
// A serving loop for tests.
#pragma once

#include <string>

#include "handler/serving/loop.hpp"

namespace tcmud::test {

// A loop with everything that it shares with none.
class TestLoop : private serving::Shared, public serving::Loop {
public:
    explicit TestLoop(const std::string& name = "test",
                      serving::LoopKind kind = serving::LoopKind::inline_calls)
        : serving::Loop(name, kind, static_cast<serving::Shared&>(*this)) {
        start();
    }
    TestLoop(const TestLoop&) = delete;
    TestLoop& operator=(const TestLoop&) = delete;
    ~TestLoop() override { stop(); }
};

}  // namespace tcmud::test
