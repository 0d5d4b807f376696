// SPDX-License-Identifier: Apache-2.0
// tcmu-tape without its command line.
#pragma once

#include <sstream>
#include <string>

#include "handler/backends/tape/tool/commands.hpp"
#include "tests/handler/backends/tape/image/blocks.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

struct Tool {
    TemporaryDirectory directory;

    std::string at(const std::string& name) const { return (directory.path() / name).string(); }
    tape::Wish wish(const std::string& cartridge) const {
        tape::Wish wish;
        wish.cartridge = at(cartridge);
        return wish;
    }
    // What the command prints, or "error: " and why it failed.
    static std::string run(tape::Command command, const tape::Wish& wish) {
        std::ostringstream out;
        const auto done = command(wish, out);
        return done ? out.str() : out.str() + "error: " + done.error().text;
    }
    std::string run(tape::Command command, const std::string& cartridge) const {
        return run(command, wish(cartridge));
    }
    std::string import(const std::string& cartridge, std::vector<std::string> names,
                       std::uint32_t block_size = 65536) const {
        auto wanted = wish(cartridge);
        for (auto& name : names) wanted.files.push_back(at(name));
        wanted.block_size = block_size;
        return run(tape::import_files, wanted);
    }
    std::string export_to(const std::string& cartridge, const std::string& name) const {
        auto wanted = wish(cartridge);
        wanted.files = {at(name)};
        return run(tape::export_files, wanted);
    }
};

}  // namespace tcmud::test
