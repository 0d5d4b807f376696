// SPDX-License-Identifier: Apache-2.0
// The run directory: one tcmud each.
#pragma once

#include <filesystem>

#include "tcmud/result.hpp"

namespace tcmud::daemon {

class RunDirectory {
public:
    // Makes it, if need be, and takes its lock. EEXIST: another tcmud has it.
    static Result<RunDirectory> take(const std::filesystem::path& path);

    // Shows those who watch, tcmud-guard above all, that its tcmud serves, for as long as this lives.
    Result<void> serving();

    RunDirectory(RunDirectory&& other) noexcept;
    RunDirectory& operator=(RunDirectory&&) = delete;
    ~RunDirectory();

    std::filesystem::path control_socket() const { return path_ / "control.sock"; }

private:
    RunDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
    std::filesystem::path path_;
    int lock_;
};

}  // namespace tcmud::daemon
