// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/cipher.hpp"

#include <sys/random.h>

#include <algorithm>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "handler/backends/tape/image/bytes.hpp"

namespace tcmud::tape {

namespace {

constexpr std::string_view key_words = "tcmud tape block key";
constexpr std::string_view check_words = "tcmud tape key check";

const unsigned char* raw_bytes(std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// HMAC-SHA-256 of some words and a salt.
Key mac(const Key& key, std::string_view words, std::span<const std::byte> salt) {
    std::array<std::byte, 64> message{};
    std::ranges::copy(std::as_bytes(std::span(words)), message.begin());
    std::ranges::copy(salt, message.begin() + static_cast<std::ptrdiff_t>(words.size()));
    Key result{};
    unsigned length = 0;
    ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), raw_bytes(message),
           words.size() + salt.size(), reinterpret_cast<unsigned char*>(result.data()), &length);
    return result;
}

std::array<std::byte, 12> nonce_of(const Envelope& envelope) {
    std::array<std::byte, 12> nonce{};
    put(std::span<std::byte>(nonce), 0, envelope.counter);
    return nonce;
}

}  // namespace

void Cipher::Free::operator()(evp_cipher_ctx_st* context) const {
    ::EVP_CIPHER_CTX_free(context);
}

Cipher::Cipher() : context_(::EVP_CIPHER_CTX_new()) {}

// Nothing of a key stays in memory that others get.
Cipher::~Cipher() {
    ::OPENSSL_cleanse(key_.data(), key_.size());
    ::OPENSSL_cleanse(derived_.data(), derived_.size());
}

void Cipher::set_key(const Key& key) {
    key_ = key;
    counter_ = 0;
    // So few bytes are always given, and whole.
    [[maybe_unused]] const auto got = ::getrandom(own_salt_.data(), own_salt_.size(), 0);
    derive(own_salt_);
}

void Cipher::derive(const std::array<std::byte, 16>& salt) {
    salt_ = salt;
    derived_ = mac(key_, key_words, salt);
    const auto check = mac(derived_, check_words, salt);
    std::copy_n(check.begin(), check_.size(), check_.begin());
}

Envelope Cipher::next_envelope() {
    if (salt_ != own_salt_) derive(own_salt_);
    Envelope envelope;
    envelope.salt = own_salt_;
    envelope.counter = counter_++;
    envelope.check = check_;
    return envelope;
}

bool Cipher::fits(const Envelope& envelope) {
    if (salt_ != envelope.salt) derive(envelope.salt);
    return ::CRYPTO_memcmp(check_.data(), envelope.check.data(), check_.size()) == 0;
}

bool Cipher::encrypt(const Envelope& envelope, std::span<const std::byte> beside, std::span<std::byte> data,
                     std::span<std::byte, Envelope::tag_size> tag) {
    if (!fits(envelope)) return false;
    auto* context = context_.get();
    const auto nonce = nonce_of(envelope);
    auto* bytes = reinterpret_cast<unsigned char*>(data.data());
    int length = 0;
    return ::EVP_EncryptInit_ex(context, ::EVP_aes_256_gcm(), nullptr, raw_bytes(derived_),
                                raw_bytes(nonce)) == 1 &&
           ::EVP_EncryptUpdate(context, nullptr, &length, raw_bytes(beside),
                               static_cast<int>(beside.size())) == 1 &&
           ::EVP_EncryptUpdate(context, bytes, &length, bytes, static_cast<int>(data.size())) == 1 &&
           ::EVP_EncryptFinal_ex(context, bytes, &length) == 1 &&
           ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag.size()), tag.data()) ==
               1;
}

bool Cipher::decrypt(const Envelope& envelope, std::span<const std::byte> beside, std::span<std::byte> data,
                     std::span<const std::byte, Envelope::tag_size> tag) {
    if (!fits(envelope)) return false;
    auto* context = context_.get();
    const auto nonce = nonce_of(envelope);
    auto* bytes = reinterpret_cast<unsigned char*>(data.data());
    int length = 0;
    return ::EVP_DecryptInit_ex(context, ::EVP_aes_256_gcm(), nullptr, raw_bytes(derived_),
                                raw_bytes(nonce)) == 1 &&
           ::EVP_DecryptUpdate(context, nullptr, &length, raw_bytes(beside),
                               static_cast<int>(beside.size())) == 1 &&
           ::EVP_DecryptUpdate(context, bytes, &length, bytes, static_cast<int>(data.size())) == 1 &&
           ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag.size()),
                                 const_cast<std::byte*>(tag.data())) == 1 &&
           ::EVP_DecryptFinal_ex(context, bytes, &length) == 1;
}

}  // namespace tcmud::tape
