// SPDX-License-Identifier: Apache-2.0
// The run directory: one tcmud each.
//
// Its file `lock` says who is there, by locks of open file descriptions, which go along with the descriptor
// to a successor: byte 0 is locked by the tcmud that has the directory, byte 1 while it serves.
#pragma once

#include <filesystem>
#include <utility>

#include "handler/daemon/file_descriptor.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

class RunDirectory {
public:
    // Makes it, if need be, and takes its lock. EEXIST: another tcmud has it.
    static Result<RunDirectory> take(const std::filesystem::path& path);
    // Takes over from a predecessor, which has given the descriptor of its lock.
    static RunDirectory inherit(const std::filesystem::path& path, FileDescriptor lock) {
        return {path, std::move(lock)};
    }

    // From here on it serves: tcmud-guard looks for that.
    Result<void> serving() const;

    std::filesystem::path control_socket() const { return path_ / "control.sock"; }
    int lock() const { return lock_.get(); }

private:
    RunDirectory(std::filesystem::path path, FileDescriptor lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}
    std::filesystem::path path_;
    FileDescriptor lock_;
};

}  // namespace tcmud::daemon
