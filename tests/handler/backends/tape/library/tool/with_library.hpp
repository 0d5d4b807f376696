// SPDX-License-Identifier: Apache-2.0
// A library that tcmu-library's commands are tried on.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

#include "handler/backends/tape/library/tool/commands.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

class WithLibrary {
public:
    // Three slots, one import and export element, one drive.
    WithLibrary() {
        auto wish = named();
        wish.made.slots = 3;
        wish.made.import_export = 1;
        wish.made.serial = "78000";
        wish.drives = 1;
        run(tape::library::create, wish);
    }

    tape::library::Wish named(const std::string& which = {}) const {
        tape::library::Wish wish;
        wish.library = (directory_.path() / "vtl").string();
        wish.which = which;
        return wish;
    }
    // What it prints, or why it failed.
    std::string run(tape::library::Command command, const tape::library::Wish& wish) {
        std::ostringstream out;
        const auto done = command(wish, out);
        failed = !done;
        return done ? out.str() : done.error().text;
    }
    std::string add(std::size_t count, const std::string& prefix, const std::string& suffix = "L8") {
        auto wish = named();
        wish.count = count;
        wish.prefix = prefix;
        wish.suffix = suffix;
        wish.capacity = 100 << 20;
        return run(tape::library::add, wish);
    }
    tape::LibrarySnapshot look() const {
        auto library = tape::LibraryDirectory::open(named().library);
        if (!library) throw std::runtime_error(library.error().text);
        return library->look().value();
    }
    bool failed = false;

private:
    TemporaryDirectory directory_;
};

}  // namespace tcmud::test
