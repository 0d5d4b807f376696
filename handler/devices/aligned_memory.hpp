// SPDX-License-Identifier: Apache-2.0
// Memory for compound commands' own data, aligned as direct I/O wants it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "tcmud/buffers.hpp"

namespace tcmud::devices {

class AlignedMemory {
public:
    static constexpr std::size_t alignment = 4096;

    explicit AlignedMemory(ByteCount size)
        : memory_(static_cast<std::byte*>(::operator new (raw(size), std::align_val_t{alignment}))),
          piece_{memory_.get(), raw(size)} {}

    std::span<std::byte> bytes() const { return {memory_.get(), piece_.iov_len}; }
    // Valid as long as the object neither moves nor dies.
    Buffers buffers() const { return {&piece_, 1}; }
    // The first bytes only.
    Buffers buffers(ByteCount length) {
        part_ = {piece_.iov_base, raw(length)};
        return {&part_, 1};
    }

private:
    struct Free {
        void operator()(std::byte* memory) const { ::operator delete (memory, std::align_val_t{alignment}); }
    };
    std::unique_ptr<std::byte, Free> memory_;
    iovec piece_;
    iovec part_{};
};

}  // namespace tcmud::devices
