// SPDX-License-Identifier: Apache-2.0
// Which thread a serving loop belongs to, while one of its threads may be held in the kernel.
//
// The word is {owner, whether it is inside of a call, number of the call}. The owner enters and leaves a
// call; a watcher that has seen one and the same call for too long takes the loop away from it, and can take
// nothing else: the word that it saw must still be there.
#pragma once

#include <atomic>
#include <cstdint>

namespace tcmud::serving {

class Ownership {
public:
    using Owner = std::uint32_t;  // A thread's id; less than 2^22 in Linux.
    using Word = std::uint64_t;

    static Owner owner_of(Word word) { return static_cast<Owner>(word >> owner_shift); }
    static bool in_call(Word word) { return (word & call_bit) != 0; }

    // The first owner; and what a taker does for the next one.
    void begin(Owner owner) { word_.store(of(owner, 0), std::memory_order_release); }

    // The owner, before a call that may hold it. What is passed to leave().
    Word enter() {
        const auto before = word_.load(std::memory_order_relaxed);
        const auto inside = ((before & ~call_bit) + 1) | call_bit;
        // A full barrier on every machine: whoever sees the call also sees what it is made on, and the caller
        // sees whether anybody watches.
        word_.exchange(inside, std::memory_order_seq_cst);
        return inside;
    }
    // After it. False: the loop is another thread's now; nothing of it may be touched.
    bool leave(Word inside) {
        return word_.compare_exchange_strong(inside, inside & ~call_bit, std::memory_order_acq_rel);
    }

    // The watcher.
    Word look() const { return word_.load(std::memory_order_seq_cst); }
    // True: the call that was seen has not ended, and the loop is `next`'s from here on.
    bool take(Word seen, Owner next) {
        return word_.compare_exchange_strong(seen, of(next, seen & number_mask), std::memory_order_acq_rel);
    }

private:
    static constexpr unsigned owner_shift = 40;
    static constexpr Word call_bit = Word{1} << 39;
    static constexpr Word number_mask = call_bit - 1;
    static Word of(Owner owner, Word number) { return Word{owner} << owner_shift | number; }

    std::atomic<Word> word_{0};
};

}  // namespace tcmud::serving
