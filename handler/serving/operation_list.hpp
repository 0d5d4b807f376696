// SPDX-License-Identifier: Apache-2.0
// Lists of operations, linked through the operations themselves.
#pragma once

#include <atomic>
#include <utility>

#include "tcmud/io.hpp"

namespace tcmud::serving {

// First in, first out; of one thread.
class OperationList {
public:
    bool empty() const { return !first_; }
    bool has_at_least(unsigned count) const {
        const auto* operation = first_;
        while (count > 1 && operation) {
            operation = operation->next;
            --count;
        }
        return operation != nullptr || count == 0;
    }

    void push(IoOperation& operation) {
        operation.next = nullptr;
        (first_ ? last_->next : first_) = &operation;
        last_ = &operation;
    }
    IoOperation* pop() {
        auto* operation = first_;
        if (operation) first_ = operation->next;
        return operation;
    }
    IoOperation* front() const { return first_; }
    // True: it was in the list.
    bool remove(const IoOperation& operation) {
        IoOperation* before = nullptr;
        for (auto* each = first_; each; before = std::exchange(each, each->next)) {
            if (each != &operation) continue;
            (before ? before->next : first_) = each->next;
            if (last_ == each) last_ = before;
            return true;
        }
        return false;
    }

private:
    IoOperation* first_ = nullptr;
    IoOperation* last_ = nullptr;
};

// Pushed by any thread, taken by one.
class PostedOperations {
public:
    // True: the list was empty, the taking thread may have to be woken.
    bool push(IoOperation& operation) {
        auto* head = head_.load(std::memory_order_relaxed);
        do {
            operation.next = head;
        } while (!head_.compare_exchange_weak(head, &operation, std::memory_order_release,
                                              std::memory_order_relaxed));
        return head == nullptr;
    }
    // All, oldest first.
    IoOperation* take() {
        if (!head_.load(std::memory_order_relaxed)) return nullptr;
        IoOperation* oldest_first = nullptr;
        for (auto* next = head_.exchange(nullptr, std::memory_order_acquire); next;) {
            auto* operation = std::exchange(next, next->next);
            operation->next = oldest_first;
            oldest_first = operation;
        }
        return oldest_first;
    }

private:
    std::atomic<IoOperation*> head_{nullptr};
};

}  // namespace tcmud::serving
