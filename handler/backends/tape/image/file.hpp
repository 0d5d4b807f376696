// SPDX-License-Identifier: Apache-2.0
// Files of a cartridge, with calls that block: descriptors that close themselves, whole reads and writes,
// errors with the file's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tcmud/buffers.hpp"
#include "tcmud/result.hpp"

namespace tcmud::tape {

class File {
public:
    File() = default;
    explicit File(int fd) : fd_(fd) {}
    File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~File();

    int fd() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

// "what: why", of errno.
tl::unexpected<Error> system_failure(const std::string& what);

// flags of open(2); files are made readable and writable for their owner alone.
Result<File> open_file(const std::string& path, int flags);
// As much as there is: less than asked for means that the file ended.
Result<std::size_t> read_at(const File& file, std::uint64_t at, std::span<std::byte> into);
Result<void> write_at(const File& file, std::uint64_t at, std::span<const std::byte> from);
Result<void> write_at(const File& file, std::uint64_t at, Buffers from);
Result<std::uint64_t> size_of(const File& file);
Result<void> set_size(const File& file, std::uint64_t size);
// Its file system is memory: nothing is to be pushed to a store, and space costs when it is reserved, not
// later.
bool lies_in_memory(const std::string& path);
// fdatasync, and fsync for what is told of a file elsewhere.
Result<void> synchronize(const File& file);
Result<void> synchronize_directory(const std::string& path);
// The same of what it lies in: its name survives power loss then.
Result<void> synchronize_name(const std::string& path);
// At most so many bytes of a file. ENOENT if there is none.
Result<std::string> text_of(const std::string& path, std::size_t limit);

}  // namespace tcmud::tape
