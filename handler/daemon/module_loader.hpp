// SPDX-License-Identifier: Apache-2.0
// Loads the backends: every shared object of the module directory, checked to be of this build.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tcmud/module.hpp"
#include "tcmud/result.hpp"

namespace tcmud::daemon {

class Modules {
public:
    // What cannot be loaded is logged and left out. Modules stay loaded until the process ends.
    static Modules load(const std::filesystem::path& directory);

    // By subtype or alias; nullptr: not ours.
    const BackendModule* find(std::string_view subtype) const;
    const std::vector<const BackendModule*>& all() const { return modules_; }
    // "file, null, ram"; for messages.
    std::string names() const;

private:
    std::vector<const BackendModule*> modules_;
};

// Where modules are: lib/tcmud beside the executable's directory in a build tree, else where they are
// installed.
std::filesystem::path default_module_directory();

}  // namespace tcmud::daemon
