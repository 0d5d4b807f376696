// SPDX-License-Identifier: Apache-2.0
// An answer that is given exactly once.
#pragma once

#include <cassert>
#include <utility>

namespace tcmud {

// The right, and the duty, to answer one Target. Dropped uncalled, it answers `if_dropped`: faulty code can
// fail a command but never lose one.
//
// Target has a member `void (*deliver)(Target&, const Result&)`, whose Result is read before the Target is
// given away. It lives in whoever waits for the answer and
// outlives the Once; a Once itself is one pointer, so it can travel through C libraries as a void*.
template <class Target, class Result, Result if_dropped>
class Once {
public:
    explicit Once(Target& target) : target_(&target) {}
    Once(Once&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
    Once& operator=(Once&& other) noexcept {
        Once dropped(std::move(*this));
        target_ = std::exchange(other.target_, nullptr);
        return *this;
    }
    ~Once() {
        if (target_) target_->deliver(*target_, if_dropped);
    }

    // Answers, on the thread of the caller. The Target may be gone when this returns.
    void operator()(const Result& result) && {
        assert(target_);
        auto* target = std::exchange(target_, nullptr);
        target->deliver(*target, result);
    }

    // Whom it answers. REQUIRES: not yet.
    Target& target() const { return *target_; }
    bool answers(const Target& target) const { return target_ == &target; }

    // Lets the answer travel outside of C++'s types. What is released must be adopted, or the Target waits
    // for ever.
    [[nodiscard]] Target* release() && { return std::exchange(target_, nullptr); }
    static Once adopt(void* released) { return Once(*static_cast<Target*>(released)); }

private:
    Target* target_;
};

}  // namespace tcmud
