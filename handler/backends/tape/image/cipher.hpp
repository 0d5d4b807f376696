// SPDX-License-Identifier: Apache-2.0
// AES-256-GCM of blocks, with keys that are made of the host's: one for each time that a drive begins to
// encrypt, so that a nonce that only counts never comes twice with one key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "handler/backends/tape/image/envelope.hpp"

struct evp_cipher_ctx_st;

namespace tcmud::tape {

using Key = std::array<std::byte, 32>;

class Cipher {
public:
    Cipher();
    ~Cipher();

    // Of the host; what is encrypted from here on has a salt of its own.
    void set_key(const Key& key);
    // The envelope of the next block.
    Envelope next_envelope();
    // Whether the key is the one that the block was encrypted with.
    bool fits(const Envelope& envelope);

    // beside: what the tag covers beside the data. data is changed in place; the tag is behind it.
    // REQUIRES: fits(envelope).
    bool encrypt(const Envelope& envelope, std::span<const std::byte> beside, std::span<std::byte> data,
                 std::span<std::byte, Envelope::tag_size> tag);
    // False: it is not what was encrypted.
    bool decrypt(const Envelope& envelope, std::span<const std::byte> beside, std::span<std::byte> data,
                 std::span<const std::byte, Envelope::tag_size> tag);

private:
    struct Free {
        void operator()(evp_cipher_ctx_st* context) const;
    };

    void derive(const std::array<std::byte, 16>& salt);

    std::unique_ptr<evp_cipher_ctx_st, Free> context_;
    Key key_{};
    std::array<std::byte, 16> own_salt_{};
    std::uint64_t counter_ = 0;
    // Made of key_ and a salt.
    std::array<std::byte, 16> salt_{};
    Key derived_{};
    std::array<std::byte, 8> check_{};
};

}  // namespace tcmud::tape
