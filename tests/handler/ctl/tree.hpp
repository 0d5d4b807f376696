// SPDX-License-Identifier: Apache-2.0
// A part of a file system for tests: files by name and text.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

class Tree {
public:
    void file(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((root() / name).parent_path());
        std::ofstream(root() / name) << text;
    }
    void directory(const std::string& name) const { std::filesystem::create_directories(root() / name); }
    void link(const std::string& name, const std::string& to) const {
        std::filesystem::create_directories((root() / name).parent_path());
        std::filesystem::create_symlink(root() / to, root() / name);
    }
    void remove(const std::string& name) const { std::filesystem::remove_all(root() / name); }
    const std::filesystem::path& root() const { return directory_.path(); }

private:
    TemporaryDirectory directory_;
};

}  // namespace tcmud::test
