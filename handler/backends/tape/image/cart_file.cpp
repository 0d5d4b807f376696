// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/cart_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "handler/backends/tape/image/crc32c.hpp"
#include "handler/backends/tape/image/file.hpp"

namespace tcmud::tape {

namespace {

constexpr std::string_view first_words = "tcmud-cartridge ";
constexpr std::string_view last_words = "crc32c ";
constexpr std::size_t longest_cart = 16 * 1024 * 1024;
constexpr std::uint64_t smallest_segment = 4096;
constexpr std::uint64_t largest_segment = std::uint64_t{1} << 42;

std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const auto byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

std::optional<std::vector<std::byte>> unhex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        std::uint8_t value = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
        if (error != std::errc{} || end != text.data() + i + 2) return std::nullopt;
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

// The words of a line, one after the other.
class Words {
public:
    explicit Words(std::string_view line) : left_(line) {}

    std::string_view word() {
        const auto end = std::min(left_.find(' '), left_.size());
        const auto word = left_.substr(0, end);
        left_.remove_prefix(std::min(end + 1, left_.size()));
        return word;
    }
    template <class Number>
    bool number(Number& into, int base = 10) {
        const auto text = word();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
        return error == std::errc{} && end == text.data() + text.size();
    }
    bool bytes(ByteCount& into) {
        std::uint64_t value = 0;
        if (!number(value)) return false;
        into = ByteCount{value};
        return true;
    }
    bool flag(bool& into) {
        const auto text = word();
        into = text == "yes";
        return into || text == "no";
    }
    std::string_view rest() { return std::exchange(left_, {}); }
    bool nothing_left() const { return left_.empty(); }

private:
    std::string_view left_;
};

bool parse_uuid(std::string_view text, Uuid& uuid) {
    if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        return false;
    std::string digits(text);
    std::erase(digits, '-');
    const auto bytes = unhex(digits);
    if (!bytes || bytes->size() != uuid.size()) return false;
    std::ranges::copy(*bytes, uuid.begin());
    return true;
}

// "attribute PARTITION ID FORMAT VALUE", of a partition that was there before.
bool parse_attribute(Words& words, Cart& cart) {
    std::size_t partition = 0;
    TapeAttribute attribute;
    if (!words.number(partition) || partition >= cart.partitions.size()) return false;
    if (!words.number(attribute.id, 16) || !words.number(attribute.format)) return false;
    const auto value = unhex(words.word());
    if (!value) return false;
    attribute.value = *value;
    auto& all = cart.partitions[partition].attributes;
    if (!all.empty() && all.back().id >= attribute.id) return false;
    all.push_back(std::move(attribute));
    return true;
}

bool parse_partition(Words& words, Cart& cart) {
    if (cart.partitions.size() == TapeBackend::most_partitions) return false;
    return words.bytes(cart.partitions.emplace_back().capacity);
}

bool parse_drives(Words& words, TapeStatistics& statistics) {
    for (auto& drive : statistics.drives) drive = words.word();
    return true;
}

bool parse_statistics(std::string_view key, Words& words, TapeStatistics& statistics) {
    if (key == "loads") return words.number(statistics.loads);
    if (key == "written") return words.bytes(statistics.written);
    if (key == "read") return words.bytes(statistics.read);
    if (key == "stored") return words.bytes(statistics.stored);
    if (key == "fetched") return words.bytes(statistics.fetched);
    return parse_drives(words, statistics);
}

// False: the value is not one.
bool parse_line(std::string_view line, Cart& cart) {
    Words words(line);
    const auto key = words.word();
    if (key == "uuid") return parse_uuid(words.word(), cart.uuid);
    if (key == "generation") return words.number(cart.generation);
    if (key == "barcode") return cart.barcode = words.rest(), true;
    if (key == "density") return words.number(cart.density, 16);
    if (key == "worm") return words.flag(cart.worm);
    if (key == "write-protected") return words.flag(cart.write_protected);
    if (key == "cleaning") return words.flag(cart.cleaning);
    if (key == "capacity") return words.bytes(cart.capacity);
    if (key == "segment-size") return words.number(cart.segment_size);
    if (key == "format") return words.number(cart.format);
    if (key == "pass") return words.number(cart.pass);
    if (key == "change-reference") return words.number(cart.change_reference);
    if (key == "partition") return parse_partition(words, cart);
    if (key == "attribute") return parse_attribute(words, cart);
    for (const auto* known : {"loads", "written", "read", "stored", "fetched", "drives"})
        if (key == known) return parse_statistics(key, words, cart.statistics);
    cart.unknown.emplace_back(line);
    return true;
}

Result<void> check_sense(const Cart& cart) {
    if (cart.uuid == Uuid{}) return failure(EUCLEAN, "it has no uuid");
    if (cart.partitions.empty()) return failure(EUCLEAN, "it has no partition");
    if (cart.segment_size < smallest_segment || cart.segment_size > largest_segment)
        return failure(EUCLEAN, "its segment-size is none");
    return {};
}

}  // namespace

std::string text_of(const Uuid& uuid) {
    const auto digits = hex(uuid);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
        text += digits[i];
    }
    return text;
}

Uuid random_uuid() {
    Uuid uuid{};
    // So few bytes are always given, and whole.
    [[maybe_unused]] const auto got = ::getrandom(uuid.data(), uuid.size(), 0);
    uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x40};
    uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};
    return uuid;
}

std::string print(const Cart& cart) {
    const auto yes_no = [](bool value) { return value ? "yes" : "no"; };
    const auto& counted = cart.statistics;
    auto text =
        fmt::format("{}{}\nuuid {}\ngeneration {}\nbarcode {}\ndensity {:02x}\n", first_words,
                    Cart::newest_version, text_of(cart.uuid), cart.generation, cart.barcode, cart.density);
    text += fmt::format("worm {}\nwrite-protected {}\ncleaning {}\n", yes_no(cart.worm),
                        yes_no(cart.write_protected), yes_no(cart.cleaning));
    text += fmt::format("capacity {}\nsegment-size {}\nformat {}\npass {}\nchange-reference {}\n",
                        raw(cart.capacity), cart.segment_size, cart.format, cart.pass, cart.change_reference);
    text += fmt::format("loads {}\nwritten {}\nread {}\nstored {}\nfetched {}\n", counted.loads,
                        raw(counted.written), raw(counted.read), raw(counted.stored), raw(counted.fetched));
    text += fmt::format("drives {}\n", fmt::join(counted.drives, " "));
    for (const auto& partition : cart.partitions)
        text += fmt::format("partition {}\n", raw(partition.capacity));
    for (std::size_t i = 0; i < cart.partitions.size(); ++i)
        for (const auto& attribute : cart.partitions[i].attributes)
            text += fmt::format("attribute {} {:04x} {} {}\n", i, attribute.id, attribute.format,
                                hex(attribute.value));
    for (const auto& line : cart.unknown) text += line + "\n";
    return text + fmt::format("{}{:08x}\n", last_words, crc32c(std::as_bytes(std::span(text))));
}

Result<Cart> parse(std::string_view text) {
    if (!text.starts_with(first_words)) return failure(EUCLEAN, "it does not begin like a cartridge's");
    Words version_words(text.substr(first_words.size(), text.find('\n') - first_words.size()));
    std::uint32_t version = 0;
    if (!version_words.number(version)) return failure(EUCLEAN, "it names no version");
    if (version > Cart::newest_version) {
        return failure(EPROTO, fmt::format("it has format version {}, this tcmud knows {} and before",
                                           version, Cart::newest_version));
    }
    const auto end = text.rfind(last_words);
    if (end == std::string_view::npos ||
        text.substr(end) !=
            fmt::format("{}{:08x}\n", last_words, crc32c(std::as_bytes(std::span(text.substr(0, end))))))
        return failure(EUCLEAN, "its checksum does not fit");
    Cart cart;
    auto lines = text.substr(0, end);
    lines.remove_prefix(lines.find('\n') + 1);
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find('\n'));
        if (!parse_line(line, cart)) return failure(EUCLEAN, fmt::format("'{}' makes no sense", line));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    }
    if (auto sense = check_sense(cart); !sense) return tl::unexpected(sense.error());
    return cart;
}

Result<Cart> load_cart(const std::string& directory) {
    const auto load = [&](const char* name) {
        return text_of(directory + "/" + name, longest_cart).and_then([](const std::string& text) {
            return parse(text);
        });
    };
    auto newer = load("cart");
    if (newer || newer.error().number == EPROTO) {
        if (!newer) newer.error().text = fmt::format("{}/cart: {}", directory, newer.error().text);
        return newer;
    }
    auto older = load("cart.old");
    if (older) return older;
    if (newer.error().number == EUCLEAN)
        newer.error().text = fmt::format("{}/cart is damaged: {}", directory, newer.error().text);
    return newer;
}

Result<void> save_cart(const std::string& directory, Cart& cart) {
    const auto name = directory + "/cart";
    const auto fresh = name + ".new";
    const auto old = name + ".old";
    ++cart.generation;
    const auto text = print(cart);
    auto written = [&]() -> Result<void> {
        const auto file = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file) return tl::unexpected(file.error());
        if (auto put = write_at(*file, 0, std::as_bytes(std::span(text))); !put) return put;
        if (::fsync(file->fd()) != 0) return system_failure(fresh);
        return {};
    }();
    if (!written) return written;
    // There is a whole one at every moment. Where links are unknown, there is no older generation.
    if (text_of(name, longest_cart).and_then([](const std::string& there) { return parse(there); })) {
        ::unlink(old.c_str());
        [[maybe_unused]] const int linked = ::link(name.c_str(), old.c_str());
    }
    if (::rename(fresh.c_str(), name.c_str()) != 0) return system_failure(name);
    return synchronize_directory(directory);
}

}  // namespace tcmud::tape
