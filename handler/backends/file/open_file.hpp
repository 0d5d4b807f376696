// SPDX-License-Identifier: Apache-2.0
// Opens a regular file or a block device for the file backend: checks it, locks it, finds out what it can do.
#pragma once

#include <string>

#include "tcmud/block_backend.hpp"
#include "tcmud/module.hpp"
#include "tcmud/result.hpp"

namespace tcmud::file {

// A file descriptor with an exclusive lock (shared, if read-only), closed with the object.
class OpenFile {
public:
    // dry_run: changes nothing, creates nothing.
    static Result<OpenFile> open(const OpenRequest& request, bool dry_run);

    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&&) = delete;
    ~OpenFile();

    int fd() const { return fd_; }
    const BlockTraits& traits() const { return traits_; }
    // fallocate(2) modes for what traits() says can be done.
    int unmap_mode() const { return unmap_mode_; }
    int zero_mode() const { return zero_mode_; }
    // Of the file or device as it is now, in bytes.
    Result<ByteCount> current_size() const;

private:
    explicit OpenFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

    Result<void> lock(bool read_only) const;
    Result<void> prepare(const OpenRequest& request, bool created, bool dry_run);
    Result<void> check_direct(const OpenRequest& request) const;
    void find_traits(const OpenRequest& request);
    void find_file_traits(bool preallocated);
    void find_device_traits();

    int fd_;
    std::string path_;
    bool block_device_ = false;
    BlockTraits traits_;
    int unmap_mode_ = 0;
    int zero_mode_ = 0;
};

}  // namespace tcmud::file
