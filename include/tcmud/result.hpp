// SPDX-License-Identifier: Apache-2.0
// How the control side reports failure: to people, in one line that says what is wrong and how to mend it.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace tcmud {

struct Error {
    int number = 0;    // A positive errno: what the kernel is told, where it is told anything.
    std::string text;  // For the administrator, without a final full stop or newline.
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(int number, std::string text) {
    return tl::unexpected<Error>(Error{number, std::move(text)});
}

}  // namespace tcmud
