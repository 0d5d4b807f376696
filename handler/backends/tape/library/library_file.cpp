// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <span>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace tcmud::tape {

namespace {

struct LibraryPersonality {
    std::string_view name;
    std::string_view vendor;
    std::string_view product;
};

// Changers that backup software and mtx know.
constexpr std::array library_personalities{
    LibraryPersonality{"ibm-3584", "IBM", "03584L32"},
    LibraryPersonality{"hpe-msl", "HP", "MSL G3 Series"},
    LibraryPersonality{"quantum-i500", "QUANTUM", "Scalar i500"},
    LibraryPersonality{"stk-l700", "STK", "L700"},
    LibraryPersonality{"overland-neo", "OVERLAND", "NEO Series"},
    LibraryPersonality{"tcmud", "TCMUD", "LIBRARY"},
};

const LibraryPersonality* find_library_personality(std::string_view name) {
    const auto found = std::ranges::find(library_personalities, name, &LibraryPersonality::name);
    return found == library_personalities.end() ? nullptr : &*found;
}

// The value of a key, or what it should have been.
using Expected = std::optional<std::string>;

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

Expected read_text(const toml::node& node, std::string& into, std::size_t longest) {
    const auto text = node.value<std::string>();
    if (!text || text->empty() || text->size() > longest || !is_printable(*text))
        return fmt::format("a string of 1 to {} printable characters", longest);
    into = *text;
    return std::nullopt;
}

Expected read_number(const toml::node& node, std::uint16_t& into, std::int64_t least, std::int64_t most) {
    const auto number = node.is_integer() ? node.value<std::int64_t>() : std::nullopt;
    if (!number || *number < least || *number > most)
        return fmt::format("a number from {} to {}", least, most);
    into = static_cast<std::uint16_t>(*number);
    return std::nullopt;
}

// A word that has no spaces, so that it is one in tables and messages.
Expected read_word(const toml::node& node, std::string& into, std::size_t longest) {
    std::string text;
    if (read_text(node, text, longest) || text.find(' ') != std::string::npos)
        return fmt::format("a string of 1 to {} printable characters without spaces", longest);
    into = text;
    return std::nullopt;
}

Expected read_one_of(const toml::node& node, std::string& into, std::span<const std::string_view> words) {
    const auto text = node.value<std::string>();
    if (!text || std::ranges::find(words, *text) == words.end())
        return fmt::format("one of {}", fmt::join(words, ", "));
    into = *text;
    return std::nullopt;
}

class LibraryReader {
public:
    explicit LibraryReader(const std::string& name) : name_(name) {}

    Result<LibraryFile> read(const toml::table& table) {
        if (auto all = read_keys(table, {}); !all) return tl::unexpected(all.error());
        const auto* personality = find_library_personality(library_.personality);
        if (library_.vendor.empty()) library_.vendor = personality->vendor;
        if (library_.product.empty()) library_.product = personality->product;
        if (auto whole = check(); !whole) return tl::unexpected(whole.error());
        return library_;
    }

private:
    Result<void> read_keys(const toml::table& table, const std::string& inside) {
        for (const auto& [key, node] : table) {
            const auto line = key.source().begin.line;
            const auto path = inside + std::string(key.str());
            if (path == "elements" && node.is_table()) {
                if (auto bases = read_keys(*node.as_table(), "elements."); !bases) return bases;
            } else if (path == "drives" && node.is_array()) {
                if (auto drives = read_drives(*node.as_array(), line); !drives) return drives;
            } else if (const auto expected = read_key(path, node)) {
                return wrong(line, *expected == unknown
                                       ? fmt::format("unknown key '{}'; known: {}", path, known_keys)
                                       : fmt::format("{} must be {}", path, *expected));
            }
        }
        return {};
    }

    static constexpr std::string_view unknown = "unknown";
    static constexpr std::string_view list_of_drives =
        "a list of tables with serial, personality, maker and compression";
    static constexpr std::string_view known_keys =
        "name, personality, vendor, product, serial, slots, import_export, drives, elements.transport, "
        "elements.import_export, elements.drives, elements.storage";

    Expected read_key(const std::string& key, const toml::node& node) {
        constexpr std::int64_t last_address = 0xffff;
        auto& bases = library_.bases;
        if (key == "name") return read_word(node, library_.name, 64);
        if (key == "personality") return read_personality(node);
        if (key == "vendor") return read_text(node, library_.vendor, 8);
        if (key == "product") return read_text(node, library_.product, 16);
        if (key == "serial") return read_word(node, library_.serial, 32);
        if (key == "slots") return read_number(node, library_.slots, 1, LibraryFile::most_slots);
        if (key == "import_export")
            return read_number(node, library_.import_export, 0, LibraryFile::most_import_export);
        if (key == "elements.transport") return read_number(node, bases.transport, 0, last_address);
        if (key == "elements.import_export") return read_number(node, bases.import_export, 1, last_address);
        if (key == "elements.drives") return read_number(node, bases.drives, 1, last_address);
        if (key == "elements.storage") return read_number(node, bases.storage, 1, last_address);
        if (key == "drives") return std::string(list_of_drives);
        return std::string(unknown);
    }

    Expected read_personality(const toml::node& node) {
        const auto text = node.value<std::string>();
        if (!text || !find_library_personality(*text))
            return fmt::format("one of {}", known_library_personalities());
        library_.personality = *text;
        return std::nullopt;
    }

    Result<void> read_drives(const toml::array& drives, std::uint32_t line) {
        if (drives.size() > LibraryFile::most_drives)
            return wrong(line, fmt::format("drives: there can be {} of them", LibraryFile::most_drives));
        for (const auto& node : drives) {
            const auto at = node.source().begin.line != 0 ? node.source().begin.line : line;
            if (!node.is_table()) return wrong(at, fmt::format("drives must be {}", list_of_drives));
            LibraryFile::Drive drive;
            for (const auto& [key, value] : *node.as_table()) {
                const auto expected = read_drive_key(std::string(key.str()), value, drive);
                if (!expected) continue;
                return wrong(
                    key.source().begin.line,
                    *expected == unknown
                        ? fmt::format("unknown key '{}' of a drive; known: serial, personality, maker, "
                                      "compression",
                                      key.str())
                        : fmt::format("{} of a drive must be {}", key.str(), *expected));
            }
            if (drive.serial.empty()) return wrong(at, "a drive has no serial");
            library_.drives.push_back(std::move(drive));
        }
        return {};
    }

    static Expected read_drive_key(const std::string& key, const toml::node& node,
                                   LibraryFile::Drive& drive) {
        if (key == "serial") return read_word(node, drive.serial, 32);
        if (key == "personality") return read_one_of(node, drive.personality, tape_personalities);
        if (key == "maker") return read_one_of(node, drive.maker, tape_makers);
        if (key == "compression") return read_one_of(node, drive.compression, compression_levels);
        return std::string(unknown);
    }

    // What is wrong with all of it together.
    Result<void> check() const {
        if (library_.name.empty()) return failure(EINVAL, name_ + ": there is no name");
        if (library_.serial.empty()) return failure(EINVAL, name_ + ": there is no serial");
        if (library_.slots == 0) return failure(EINVAL, name_ + ": there is no number of slots");
        std::set<std::string> serials{library_.serial};
        for (const auto& drive : library_.drives) {
            if (!serials.insert(drive.serial).second)
                return failure(EINVAL, fmt::format("{}: two have the serial {}", name_, drive.serial));
        }
        return check_addresses();
    }

    Result<void> check_addresses() const {
        struct Range {
            std::string_view what;
            std::uint32_t first;
            std::uint32_t count;
        };
        const auto& bases = library_.bases;
        std::array ranges{
            Range{"the transport element", bases.transport, 1},
            Range{"import and export elements", bases.import_export, library_.import_export},
            Range{"drives", bases.drives, static_cast<std::uint32_t>(library_.drives.size())},
            Range{"slots", bases.storage, library_.slots},
        };
        std::ranges::sort(ranges, {}, &Range::first);
        const Range* before = nullptr;
        for (const auto& range : ranges) {
            if (range.count == 0) continue;
            if (range.first + range.count > 0x10000)
                return failure(EINVAL,
                               fmt::format("{}: the addresses of {} go beyond 65535", name_, range.what));
            if (before && before->first + before->count > range.first) {
                return failure(EINVAL,
                               fmt::format("{}: {}, from {} on, and {}, from {} on, have the same addresses",
                                           name_, before->what, before->first, range.what, range.first));
            }
            before = &range;
        }
        return {};
    }

    tl::unexpected<Error> wrong(std::uint32_t line, const std::string& what) const {
        return failure(EINVAL, fmt::format("{}:{}: {}", name_, line, what));
    }

    const std::string& name_;
    LibraryFile library_;
};

// A string as TOML has it.
std::string toml_string(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

}  // namespace

std::string known_library_personalities() {
    std::string list;
    for (const auto& personality : library_personalities)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", personality.name);
    return list;
}

Result<LibraryFile> parse_library(std::string_view text, const std::string& name) {
    try {
        return LibraryReader(name).read(toml::parse(text, name));
    } catch (const toml::parse_error& error) {
        return failure(EINVAL,
                       fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
    }
}

std::string print(const LibraryFile& library) {
    auto text = fmt::format("name = {}\npersonality = {}\n", toml_string(library.name),
                            toml_string(library.personality));
    // Without them they are the personality's.
    if (!library.vendor.empty()) text += fmt::format("vendor = {}\n", toml_string(library.vendor));
    if (!library.product.empty()) text += fmt::format("product = {}\n", toml_string(library.product));
    text += fmt::format("serial = {}\n", toml_string(library.serial));
    text += fmt::format("slots = {}\nimport_export = {}\n", library.slots, library.import_export);
    const auto& bases = library.bases;
    text += fmt::format("\n[elements]\ntransport = {}\nimport_export = {}\ndrives = {}\nstorage = {}\n",
                        bases.transport, bases.import_export, bases.drives, bases.storage);
    for (const auto& drive : library.drives)
        text += fmt::format("\n[[drives]]\nserial = {}\npersonality = {}\nmaker = {}\ncompression = {}\n",
                            toml_string(drive.serial), toml_string(drive.personality),
                            toml_string(drive.maker), toml_string(drive.compression));
    return text;
}

std::vector<Element> LibraryFile::elements() const {
    std::vector<Element> all;
    const auto add = [&](ElementType type, std::uint32_t first, std::size_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            Element element;
            element.type = type;
            element.address = ElementAddress{static_cast<std::uint16_t>(first + i)};
            all.push_back(std::move(element));
        }
    };
    add(ElementType::transport, bases.transport, 1);
    add(ElementType::storage, bases.storage, slots);
    add(ElementType::import_export, bases.import_export, import_export);
    add(ElementType::drive, bases.drives, drives.size());
    for (std::size_t i = 0; i < drives.size(); ++i) {
        auto& element = all[all.size() - drives.size() + i];
        element.personality = drives[i].personality;
        element.maker = drives[i].maker;
        element.serial = drives[i].serial;
    }
    return all;
}

}  // namespace tcmud::tape
