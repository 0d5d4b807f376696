// SPDX-License-Identifier: Apache-2.0
// What moves do to an inventory. Pure.
#pragma once

#include <optional>
#include <string>

#include "handler/backends/tape/library/library_directory.hpp"
#include "tcmud/changer_backend.hpp"

namespace tcmud::tape {

struct MoveRequest {
    ElementAddress source{};
    ElementAddress destination{};
    std::optional<ElementAddress> second_destination;  // Of an exchange.
};

// As ChangerBackend::move() and exchange() say; what is not ok changes nothing.
MoveStatus move(const LibrarySnapshot& there, const MoveRequest& request, Inventory& inventory);

// An operator's: a cartridge from outside into a slot or an import and export element, and out of it again.
Result<void> insert(const LibrarySnapshot& there, const std::string& cartridge, ElementAddress at,
                    Inventory& inventory);
Result<void> remove(const LibrarySnapshot& there, ElementAddress from, Inventory& inventory);

// What another process has changed, from one look to the next.
enum class Difference { none, import_export, other };
Difference difference(const LibrarySnapshot& before, const LibrarySnapshot& after);

}  // namespace tcmud::tape
