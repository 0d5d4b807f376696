// SPDX-License-Identifier: Apache-2.0
// A secret from a file, overwritten when it is not needed any more.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "tcmud/result.hpp"

namespace tcmud::rbd {

class Passphrase {
public:
    // All of the file, a final line end too: so the rbd command takes it.
    static Result<Passphrase> read(const std::string& file);

    Passphrase(Passphrase&& other) noexcept : bytes_(std::move(other.bytes_)) { other.wipe(); }
    Passphrase& operator=(Passphrase&&) = delete;
    ~Passphrase() { wipe(); }

    std::string_view text() const { return bytes_; }

private:
    explicit Passphrase(std::string bytes) : bytes_(std::move(bytes)) {}
    void wipe();

    std::string bytes_;
};

}  // namespace tcmud::rbd
