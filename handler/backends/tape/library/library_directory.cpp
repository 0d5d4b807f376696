// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "handler/backends/tape/image/file.hpp"

namespace tcmud::tape {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_library_file = 16 * 1024 * 1024;
// A change takes milliseconds; a tool that adds many cartridges, longer.
constexpr auto library_patience = std::chrono::seconds(30);
constexpr auto library_interval = std::chrono::milliseconds(10);

Result<File> locked_file(const std::string& name, const std::string& library) {
    auto file = open_file(name, O_RDWR | O_CREAT);
    if (!file) return tl::unexpected(file.error());
    const auto deadline = std::chrono::steady_clock::now() + library_patience;
    while (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return system_failure(name + ": cannot lock");
        if (std::chrono::steady_clock::now() >= deadline) {
            return failure(EBUSY, library +
                                      ": another process changes the library and does not end (lslocks shows "
                                      "which one)");
        }
        std::this_thread::sleep_for(library_interval);
    }
    return std::move(*file);
}

// Whether somebody else has a lock on the file that an exclusive one would have to wait for.
bool is_locked(const std::string& name) {
    const auto file = open_file(name, O_RDONLY);
    return file && ::flock(file->fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// Whole, or not there.
Result<void> replace_file(const std::string& directory, const std::string& name, std::string_view text) {
    const auto path = directory + "/" + name;
    const auto fresh = path + ".new";
    {
        const auto file = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file) return tl::unexpected(file.error());
        if (auto put = write_at(*file, 0, std::as_bytes(std::span(text))); !put) {
            put.error().text = fresh + ": " + put.error().text;
            return put;
        }
        if (::fsync(file->fd()) != 0) return system_failure(fresh);
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) return system_failure(path);
    return synchronize_directory(directory);
}

unsigned number_of(ElementAddress address) {
    return static_cast<unsigned>(address);
}

// Hosts print it, shells see it, and it is one word of a file.
bool is_label(std::string_view text) {
    return text.size() <= 32 &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
}

Result<LibraryFile> read_library(const std::string& directory) {
    const auto name = directory + "/library.toml";
    const auto text = text_of(name, longest_library_file);
    if (!text) return tl::unexpected(text.error());
    return parse_library(*text, name);
}

LibrarySnapshot::Facts facts_of(const std::string& directory) {
    LibrarySnapshot::Facts facts;
    const auto cart = Cartridge::look_at(directory);
    if (!cart) {
        facts.problem = cart.error().text;
    } else {
        facts.barcode = cart->barcode;
        facts.density = cart->density;
        facts.worm = cart->worm;
        facts.cleaning = cart->cleaning;
        facts.write_protected = cart->write_protected;
    }
    return facts;
}

}  // namespace

const Element* LibrarySnapshot::find(ElementAddress address) const {
    const auto found = std::ranges::find(elements, address, &Element::address);
    return found == elements.end() ? nullptr : &*found;
}

std::vector<std::string> LibrarySnapshot::outside() const {
    std::set<std::string_view> inside;
    for (const auto& [address, place] : inventory.places) inside.insert(place.cartridge);
    std::vector<std::string> names;
    for (const auto& [name, facts] : cartridges)
        if (!inside.contains(name)) names.push_back(name);
    return names;
}

std::optional<std::string> LibrarySnapshot::with_barcode(std::string_view barcode) const {
    std::optional<std::string> found;
    for (const auto& [name, facts] : cartridges) {
        if (facts.barcode != barcode) continue;
        if (found) return std::nullopt;
        found = name;
    }
    return found;
}

Result<LibraryDirectory> LibraryDirectory::open(const std::string& path) {
    if (!path.starts_with('/')) return failure(EINVAL, path + ": is no absolute path");
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (!real) return system_failure(path);
    const std::string directory = real.get();
    auto file = read_library(directory);
    if (!file && file.error().number == ENOENT)
        return failure(ENOENT, path + ": is no tape library, there is no library.toml in it");
    if (!file) return tl::unexpected(file.error());
    return LibraryDirectory(directory, std::move(*file));
}

std::string LibraryDirectory::what_was_edited() const {
    const auto file = read_library(path_);
    if (!file) return "library.toml cannot be used: " + file.error().text;
    if (*file == file_) return {};
    return fmt::format(
        "{}/library.toml was changed: that takes effect when all LUNs of the library are unexported and "
        "exported again, or tcmud is restarted",
        path_);
}

Result<void> LibraryDirectory::create(const std::string& path, const LibraryFile& file) {
    const auto text = print(file);
    if (auto same = parse_library(text, "library.toml"); !same) return tl::unexpected(same.error());
    std::error_code error;
    if (::mkdir(path.c_str(), 0700) != 0) {
        if (errno != EEXIST) return system_failure(path);
        if (!fs::is_directory(path, error)) return failure(ENOTDIR, path + ": is no directory");
        if (!fs::is_empty(path, error)) return failure(EEXIST, path + ": is not empty");
    }
    if (::mkdir((path + "/cartridges").c_str(), 0700) != 0) return system_failure(path + "/cartridges");
    if (auto stored = replace_file(path, "inventory", print(Inventory{})); !stored) return stored;
    // Last: with it, it is a library.
    return replace_file(path, "library.toml", text).and_then([&] { return synchronize_name(path); });
}

std::string LibraryDirectory::cartridge_path(std::string_view name) const {
    return fmt::format("{}/cartridges/{}", path_, name);
}

Result<void> LibraryDirectory::check_drive(std::size_t number) const {
    const auto count = file_.drives.size();
    if (number < count) return {};
    return failure(ENXIO, fmt::format("{}: there is no drive {}: the library has {}, counted from 0", path_,
                                      number, count));
}

void LibraryDirectory::find_cartridges(LibrarySnapshot& snapshot) const {
    std::error_code error;
    for (fs::directory_iterator entry(path_ + "/cartridges", error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code ignored;
        const auto name = entry->path().filename().string();
        if (name.starts_with('.') || !entry->is_directory(ignored)) continue;
        snapshot.cartridges.emplace(name, facts_of(entry->path().string()));
    }
    if (error) snapshot.problems.push_back(fmt::format("{}/cartridges: {}", path_, error.message()));
    // By element, so that the first of several is the one that keeps its barcode.
    std::map<std::string, ElementAddress> seen;
    for (const auto& [address, place] : snapshot.inventory.places) {
        const auto [found, missing] = snapshot.cartridges.try_emplace(place.cartridge);
        auto& facts = found->second;
        if (missing) {
            facts.problem = fmt::format("{}: the cartridge of element {} is missing",
                                        cartridge_path(place.cartridge), number_of(address));
        } else if (facts.problem.empty() && !facts.barcode.empty()) {
            const auto [first, alone] = seen.emplace(facts.barcode, address);
            if (!alone) {
                facts.problem =
                    fmt::format("{}: the cartridges of elements {} and {} have the same barcode {}", path_,
                                number_of(first->second), number_of(address), facts.barcode);
            }
        }
    }
}

void LibraryDirectory::fill_elements(LibrarySnapshot& snapshot) const {
    snapshot.elements = file_.elements();
    std::size_t found = 0;
    for (auto& element : snapshot.elements) {
        const auto* place = snapshot.inventory.find(element.address);
        if (!place) continue;
        ++found;
        const auto& facts = snapshot.cartridges.at(place->cartridge);
        element.full = true;
        element.cartridge = place->cartridge;
        element.barcode = facts.barcode;
        element.source = place->source;
        element.by_operator = place->by_operator;
        element.cleaning = facts.cleaning;
        element.worm = facts.worm;
        element.damaged = !facts.problem.empty();
    }
    for (const auto& [name, facts] : snapshot.cartridges)
        if (!facts.problem.empty()) snapshot.problems.push_back(facts.problem);
    if (found == snapshot.inventory.places.size()) return;
    for (const auto& [address, place] : snapshot.inventory.places) {
        if (snapshot.find(address)) continue;
        snapshot.problems.push_back(
            fmt::format("{}: cartridge {} is in element {}, which the library does not have", path_,
                        place.cartridge, number_of(address)));
    }
}

LibrarySnapshot LibraryDirectory::snapshot_of(Inventory inventory,
                                              const LibrarySnapshot* same_cartridges) const {
    LibrarySnapshot snapshot;
    snapshot.inventory = std::move(inventory);
    if (same_cartridges) {
        snapshot.cartridges = same_cartridges->cartridges;
    } else {
        find_cartridges(snapshot);
    }
    fill_elements(snapshot);
    return snapshot;
}

Result<LibrarySnapshot> LibraryDirectory::look(const LibrarySnapshot* known) const {
    const auto text = text_of(inventory_path(), longest_library_file);
    if (!text) return tl::unexpected(text.error());
    auto inventory = parse_inventory(*text);
    if (!inventory) {
        return failure(inventory.error().number,
                       fmt::format("{}: {}", inventory_path(), inventory.error().text));
    }
    if (known && known->inventory.generation == inventory->generation) return *known;
    return snapshot_of(std::move(*inventory), nullptr);
}

Result<File> LibraryDirectory::lock() const {
    return locked_file(path_ + "/lock", path_);
}

Result<void> LibraryDirectory::store(const Inventory& inventory) const {
    return replace_file(path_, "inventory", print(inventory));
}

Result<LibraryDirectory::Changed> LibraryDirectory::change(const Change& change,
                                                           const LibrarySnapshot* known) const {
    return this->change(change, known, Cartridges::as_before);
}

Result<LibraryDirectory::Changed> LibraryDirectory::change(const Change& change, const LibrarySnapshot* known,
                                                           Cartridges after) const {
    const auto held = lock();
    if (!held) return tl::unexpected(held.error());
    auto before = look(known);
    if (!before) return tl::unexpected(before.error());
    auto inventory = before->inventory;
    if (auto made = change(*before, inventory); !made) return tl::unexpected(made.error());
    ++inventory.generation;
    if (auto stored = store(inventory); !stored) return tl::unexpected(stored.error());
    auto found = snapshot_of(std::move(inventory), after == Cartridges::as_before ? &*before : nullptr);
    return Changed{std::move(*before), std::move(found)};
}

Result<LibraryDirectory::Changed> LibraryDirectory::set_barcode(std::string_view cartridge,
                                                                const std::string& barcode) const {
    const auto renamed = [&](const LibrarySnapshot& there, Inventory&) -> Result<void> {
        if (!is_label(barcode))
            return failure(
                EINVAL,
                fmt::format("'{}' is no barcode: at most 32 printable characters, no spaces", barcode));
        for (const auto& [name, facts] : there.cartridges) {
            if (!barcode.empty() && facts.barcode == barcode && name != cartridge)
                return failure(
                    EEXIST, fmt::format("{}: cartridge {} has the barcode {} already", path_, name, barcode));
        }
        const auto directory = cartridge_path(cartridge);
        if (in_use(cartridge))
            return failure(EBUSY, directory + ": is in use: a drive, or another program, has the cartridge");
        auto cart = Cartridge::look_at(directory);
        if (!cart) return tl::unexpected(cart.error());
        cart->barcode = barcode;
        return save_cart(directory, *cart);
    };
    return change(renamed, nullptr, Cartridges::look_again);
}

Result<std::vector<std::string>> LibraryDirectory::add(const std::vector<NewCartridge>& cartridges) const {
    std::vector<std::string> names;
    const auto made = [&](const LibrarySnapshot& there, Inventory&) -> Result<void> {
        std::set<std::string> barcodes;
        for (const auto& [name, facts] : there.cartridges) barcodes.insert(facts.barcode);
        for (const auto& cartridge : cartridges) {
            if (!cartridge.barcode.empty() && !barcodes.insert(cartridge.barcode).second)
                return failure(EEXIST,
                               fmt::format("{}: there is a cartridge {} already", path_, cartridge.barcode));
        }
        for (const auto& cartridge : cartridges) {
            const auto name = text_of(random_uuid());
            if (auto created = Cartridge::create(cartridge_path(name), cartridge); !created) return created;
            names.push_back(name);
        }
        return {};
    };
    const auto changed = change(made, nullptr, Cartridges::look_again);
    if (!changed) return tl::unexpected(changed.error());
    return names;
}

bool LibraryDirectory::in_use(std::string_view cartridge) const {
    return is_locked(cartridge_path(cartridge) + "/lock");
}

LibraryDirectory::Prevention::Prevention(const std::string& directory) {
    if (auto file = open_file(directory + "/prevent", O_RDWR | O_CREAT)) file_ = std::move(*file);
    // Shared: a predecessor may have it still.
    if (file_) ::flock(file_.fd(), LOCK_SH | LOCK_NB);
}

bool LibraryDirectory::removal_prevented() const {
    return is_locked(path_ + "/prevent");
}

}  // namespace tcmud::tape
