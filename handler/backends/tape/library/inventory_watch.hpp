// SPDX-License-Identifier: Apache-2.0
// Notices when an inventory is replaced, or a library.toml written, by whomever: one thread for all libraries
// of the process, which sleeps until the kernel has something to say.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace tcmud::tape {

class InventoryWatch {
public:
    // replaced: called on the watching thread, soon after; must not block. Where the kernel cannot watch,
    // never.
    InventoryWatch(const std::string& directory, std::function<void()> replaced);
    InventoryWatch(const InventoryWatch&) = delete;
    InventoryWatch& operator=(const InventoryWatch&) = delete;
    // replaced is not being called when this returns.
    ~InventoryWatch();

    bool watches() const { return watch_ >= 0; }

private:
    class Watcher;
    std::shared_ptr<Watcher> watcher_;
    int watch_ = -1;
};

}  // namespace tcmud::tape
