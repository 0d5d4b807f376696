// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/image/cartridge.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <numeric>
#include <thread>

#include <fmt/format.h>

namespace tcmud::tape {

namespace {

namespace fs = std::filesystem;

// A predecessor's last I/O may hold the lock for a moment after its process is gone.
constexpr auto lock_patience = std::chrono::milliseconds(1000);
constexpr auto lock_interval = std::chrono::milliseconds(20);

constexpr std::uint64_t gigabyte = 1000 * 1000 * 1000;
constexpr std::uint64_t least_partition = std::uint64_t{1} << 20;

// Hosts print it, shells see it, and it is one line of a file.
bool is_barcode(std::string_view text) {
    return text.size() <= 32 &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
}

Result<void> check_new(const NewCartridge& what) {
    if (auto good = Cartridge::check_barcode(what.barcode); !good) return good;
    if (raw(what.capacity) != 0 && raw(what.capacity) < least_partition)
        return failure(EINVAL, fmt::format("{} bytes are no capacity: at least {}", raw(what.capacity),
                                           least_partition));
    return {};
}

Result<void> make_empty_directory(const std::string& directory) {
    if (::mkdir(directory.c_str(), 0700) == 0) return {};
    if (errno != EEXIST) return system_failure(directory);
    std::error_code error;
    if (!fs::is_directory(directory, error)) return failure(ENOTDIR, directory + ": is no directory");
    if (!fs::is_empty(directory, error)) return failure(EEXIST, directory + ": is not empty");
    return {};
}

tl::unexpected<Error> in_use(const std::string& directory) {
    return failure(EBUSY, directory +
                              ": is in use: another drive, or tcmu-tape, has the cartridge (lslocks "
                              "shows which process)");
}

// What is left is shared among those that name no size.
Result<std::vector<CartPartition>> share(const std::vector<ByteCount>& sizes, ByteCount capacity) {
    const auto named = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0},
                                       [](std::uint64_t sum, ByteCount size) { return sum + raw(size); });
    const auto shares = static_cast<std::uint64_t>(std::ranges::count(sizes, ByteCount{0}));
    if (named > raw(capacity) || (shares != 0 && (raw(capacity) - named) / shares < least_partition)) {
        return failure(EINVAL, fmt::format("partitions of {} bytes, and {} others, do not fit into {} bytes",
                                           named, shares, raw(capacity)));
    }
    std::vector<CartPartition> partitions;
    for (const auto size : sizes) {
        auto& partition = partitions.emplace_back();
        partition.capacity = raw(size) != 0 ? size : ByteCount{(raw(capacity) - named) / shares};
    }
    return partitions;
}

}  // namespace

ByteCount native_capacity(std::uint8_t density) {
    switch (density) {
        case 0x44: return ByteCount{400 * gigabyte};    // LTO-3
        case 0x46: return ByteCount{800 * gigabyte};    // LTO-4
        case 0x58: return ByteCount{1500 * gigabyte};   // LTO-5
        case 0x5a: return ByteCount{2500 * gigabyte};   // LTO-6
        case 0x5c: return ByteCount{6000 * gigabyte};   // LTO-7
        case 0x5d: return ByteCount{9000 * gigabyte};   // LTO-7 formatted as M8
        case 0x60: return ByteCount{18000 * gigabyte};  // LTO-9
        case 0x62: return ByteCount{30000 * gigabyte};  // LTO-10
        default: return ByteCount{12000 * gigabyte};    // LTO-8
    }
}

Result<void> Cartridge::check_barcode(std::string_view text) {
    if (is_barcode(text)) return {};
    return failure(EINVAL,
                   fmt::format("'{}' is no barcode: at most 32 printable characters, no spaces", text));
}

Result<void> Cartridge::create(const std::string& directory, const NewCartridge& what) {
    if (auto good = check_new(what); !good) return good;
    if (auto made = make_empty_directory(directory); !made) return made;
    Cart cart;
    cart.uuid = random_uuid();
    cart.barcode = what.barcode;
    cart.density = what.density;
    cart.worm = what.worm;
    cart.write_protected = what.write_protected;
    cart.cleaning = what.cleaning;
    cart.capacity = raw(what.capacity) != 0 ? what.capacity : native_capacity(what.density);
    cart.segment_size = what.segment_size;
    cart.partitions.resize(1);
    cart.partitions[0].capacity = cart.capacity;
    return save_cart(directory, cart).and_then([&] { return synchronize_name(directory); });
}

Result<Cart> Cartridge::look_at(const std::string& directory) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) {
        if (errno != ENOENT) return system_failure(directory);
        return failure(ENOENT,
                       directory + ": there is no such directory (tcmu-tape create makes a cartridge)");
    }
    if (!S_ISDIR(status.st_mode)) return failure(ENOTDIR, directory + ": is no directory, as a cartridge is");
    auto cart = load_cart(directory);
    if (!cart && cart.error().number == ENOENT)
        cart.error().text = directory + ": is no cartridge, there is no file 'cart' in it";
    return cart;
}

Result<void> Cartridge::check_unused() const {
    const auto file = open_file(directory_ + "/lock", O_RDONLY);
    if (file && ::flock(file->fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return in_use(directory_);
    return {};
}

Result<void> Cartridge::lock() {
    const auto name = directory_ + "/lock";
    auto file = open_file(name, O_RDWR | O_CREAT);
    writable_ = file.has_value() && ::access(directory_.c_str(), W_OK) == 0;
    // On a file system that is read-only, nobody else can write either.
    if (!file) file = open_file(name, O_RDONLY);
    if (!file) return {};
    const auto deadline = std::chrono::steady_clock::now() + lock_patience;
    while (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_failure(name + ": cannot lock");
        if (std::chrono::steady_clock::now() >= deadline) return in_use(directory_);
        std::this_thread::sleep_for(lock_interval);
    }
    lock_ = std::move(*file);
    return {};
}

Result<Cartridge> Cartridge::open(const std::string& directory, Use use) {
    auto cart = look_at(directory);
    if (!cart) return tl::unexpected(cart.error());
    Cartridge cartridge(directory, std::move(*cart));
    if (use == Use::drive) {
        if (auto locked = cartridge.lock(); !locked) return tl::unexpected(locked.error());
        // Who had it may just have changed it.
        cart = look_at(directory);
        if (!cart) return tl::unexpected(cart.error());
        cartridge.cart_ = std::move(*cart);
    }
    auto place = open_file(directory, O_RDONLY | O_DIRECTORY);
    if (!place) return tl::unexpected(place.error());
    cartridge.place_->directory = std::move(*place);
    cartridge.place_->io.fd = cartridge.place_->directory.fd();
    if (auto opened = cartridge.open_partitions(); !opened) return tl::unexpected(opened.error());
    return cartridge;
}

Result<void> Cartridge::open_partitions() {
    partitions_.clear();
    for (std::uint32_t number = 0; number < cart_.partitions.size(); ++number) {
        auto partition =
            Partition::open(fmt::format("{}/p{}", directory_, number), {cart_.uuid, cart_.format, number},
                            cart_.segment_size, cart_.pass, writable_);
        if (!partition) return tl::unexpected(partition.error());
        partitions_.push_back(std::move(*partition));
    }
    return {};
}

Result<void> Cartridge::save() {
    for (const auto& partition : partitions_) cart_.pass = std::max(cart_.pass, partition.tail().pass);
    return save_cart(directory_, cart_);
}

Result<void> Cartridge::format(const std::vector<ByteCount>& sizes) {
    auto fresh = share(sizes, cart_.capacity);
    if (!fresh) return tl::unexpected(fresh.error());
    // With this number changed, nothing that is there counts any more.
    auto formatted = cart_;
    formatted.format += 1;
    formatted.partitions = std::move(*fresh);
    for (const auto& partition : partitions_)
        formatted.pass = std::max(formatted.pass, partition.tail().pass);
    if (auto saved = save_cart(directory_, formatted); !saved) return saved;
    cart_ = std::move(formatted);
    partitions_.clear();
    std::error_code error;
    for (std::uint32_t number = 0; number < TapeBackend::most_partitions; ++number)
        fs::remove_all(fmt::format("{}/p{}", directory_, number), error);
    return open_partitions();
}

Result<void> Cartridge::settle() {
    if (!writable_) return {};
    for (auto& partition : partitions_)
        if (auto settled = partition.settle(); !settled) return settled;
    return save();
}

}  // namespace tcmud::tape
