// SPDX-License-Identifier: Apache-2.0
// The serving threads: made when LUNs need them, never more than the limit. Control thread.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "handler/serving/loop.hpp"

namespace tcmud::daemon {

class ServingThreads {
public:
    // limit: of threads of each kind; 0 is one per CPU.
    explicit ServingThreads(std::size_t limit);

    const serving::Shared& shared() const { return shared_; }
    serving::Activity& activity() { return shared_.activity; }

    // The thread that a further LUN goes to, of the kind that its files need; counts it there until it is
    // given back.
    serving::Loop& place(serving::LoopKind kind);
    void give_back(const serving::Loop& loop);

    std::size_t count() const { return threads_.size(); }
    std::size_t index_of(const serving::Loop& loop) const;

private:
    struct Thread {
        explicit Thread(std::unique_ptr<serving::Loop> its_loop) : loop(std::move(its_loop)) {}
        std::unique_ptr<serving::Loop> loop;
        std::size_t luns = 0;
    };
    serving::Shared shared_;
    std::size_t limit_;
    std::vector<Thread> threads_;
};

}  // namespace tcmud::daemon
