// SPDX-License-Identifier: Apache-2.0
// What tcmuctl doctor has found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tcmud::ctl {

struct Finding {
    bool wrong = true;  // False: harmless, and told so that nobody else has to find it out.
    std::string what;
    std::string mend = {};  // A command line for a shell; empty: what is said is all that we know.
};

// A word for a shell, in quotes where it needs them.
inline std::string shell_word(std::string_view word) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
    std::string quoted = "'";
    for (const char each : word) quoted += each == '\'' ? std::string("'\\''") : std::string(1, each);
    return quoted + "'";
}

}  // namespace tcmud::ctl
