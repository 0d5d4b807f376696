// SPDX-License-Identifier: Apache-2.0
// A backend as a loadable module: what it is called, which options it knows, how it is opened.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tcmud/block_backend.hpp"
#include "tcmud/changer_backend.hpp"
#include "tcmud/result.hpp"
#include "tcmud/tape_backend.hpp"
#include "tcmud/units.hpp"

namespace tcmud {

// One `;key=value` of a cfgstring, as a backend declares it.
struct OptionInfo {
    enum class Kind { flag, number, text };  // flag: on, off, 1, 0, yes, no, true, false
    std::string_view key;
    Kind kind;
    std::string_view help;  // One line.
};

// The options of one LUN. Keys and the form of values were checked against the module's OptionInfo before.
class Options {
public:
    void set(std::string key, std::string value) { entries_.push_back({std::move(key), std::move(value)}); }

    std::optional<std::string_view> text(std::string_view key) const {
        const auto found = std::ranges::find(entries_, key, &Entry::key);
        if (found == entries_.end()) return std::nullopt;
        return found->value;
    }
    bool flag(std::string_view key, bool otherwise) const {
        const auto value = text(key);
        if (!value) return otherwise;
        return *value == "on" || *value == "1" || *value == "yes" || *value == "true";
    }

    friend bool operator==(const Options&, const Options&) = default;

private:
    struct Entry {
        std::string key;
        std::string value;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> entries_;
};

// What a LUN is to be opened with.
struct OpenRequest {
    std::string subtype;  // As the administrator wrote it: the module's subtype or one of its aliases.
    std::string
        path;  // All between the subtype's '/' and the first option, e.g. "/srv/disk.img" or "pool/image".
    Options options;
    ByteCount size{0};  // Of the LUN, from configfs. 0 in check(): not known yet.
    BlockSize block_size{};
};

// What a LUN is to its initiators.
enum class LunKind : std::uint8_t { disk, tape, changer };

// By LunKind.
using OpenedBackend = std::variant<std::unique_ptr<BlockBackend>, std::unique_ptr<TapeBackend>,
                                   std::unique_ptr<ChangerBackend>>;

inline LunKind kind_of(const OpenedBackend& backend) {
    return static_cast<LunKind>(backend.index());
}

class BackendModule {
public:
    virtual ~BackendModule() = default;

    // [A-Za-z0-9_]+: it is also a D-Bus path element.
    virtual std::string_view subtype() const = 0;
    virtual std::span<const std::string_view> aliases() const { return {}; }
    // What open() makes of that subtype, the module's own or an alias.
    virtual LunKind kind(std::string_view /*subtype*/) const { return LunKind::disk; }
    // What targetcli shows: what the path names, in one line.
    virtual std::string_view description() const = 0;
    virtual std::span<const OptionInfo> options() const = 0;

    // Whether open() would work, changing nothing. May block, on any thread.
    virtual Result<void> check(const OpenRequest& request) const = 0;
    // May block, on any thread, for several LUNs at once.
    virtual Result<OpenedBackend> open(const OpenRequest& request) const = 0;
};

// What a module's shared object exports under the name `tcmud_module`.
struct ModuleEntry {
    const char* build_id;  // TCMUD_BUILD_ID; another one is refused.
    const BackendModule& (*module)();
};

}  // namespace tcmud
