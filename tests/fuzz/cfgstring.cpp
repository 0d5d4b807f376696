// SPDX-License-Identifier: Apache-2.0
// cfgstrings: SUBTYPE/PATH;key=value…, as administrators write them.
#include "handler/daemon/cfgstring.hpp"

#include <string>

#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string config(reinterpret_cast<const char*>(data), size);
    static constexpr OptionInfo known[] = {
        {"direct", OptionInfo::Kind::flag, "bypass the page cache"},
        {"limit", OptionInfo::Kind::number, "a number"},
    };
    const auto subtype = daemon::subtype_of(config);
    promise(config.starts_with(subtype), "the subtype begins the cfgstring");
    for (const bool exists : {false, true}) {
        const auto parsed = daemon::parse_config(config, known, [=](const std::string&) { return exists; });
        if (parsed) {
            promise(parsed->path.size() <= config.size(), "a path is no longer than its cfgstring");
        } else {
            promise(!parsed.error().text.empty(), "an error says why");
        }
    }
    return 0;
}
