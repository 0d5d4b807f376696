// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/moves.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace tcmud::tape {

namespace {

const Element* resting_place(const LibrarySnapshot& there, ElementAddress address) {
    const auto* element = there.find(address);
    return element && element->type != ElementType::transport ? element : nullptr;
}

// From one element to another, which is empty.
void carry(const Element& from, Inventory::Place place, ElementAddress to, Inventory& inventory) {
    if (from.type == ElementType::storage) place.source = from.address;
    place.by_operator = false;
    inventory.places[to] = std::move(place);
}

Inventory::Place taken(Inventory& inventory, ElementAddress from) {
    auto place = inventory.places.at(from);
    inventory.places.erase(from);
    return place;
}

Result<const Element*> operators_element(const LibrarySnapshot& there, ElementAddress address) {
    const auto* element = there.find(address);
    if (!element)
        return failure(ENXIO, fmt::format("there is no element {}", static_cast<unsigned>(address)));
    if (element->type != ElementType::storage && element->type != ElementType::import_export) {
        return failure(EINVAL, fmt::format("element {} is neither a slot nor an import and export element",
                                           static_cast<unsigned>(address)));
    }
    return element;
}

}  // namespace

MoveStatus move(const LibrarySnapshot& there, const MoveRequest& request, Inventory& inventory) {
    const auto* source = resting_place(there, request.source);
    const auto* destination = resting_place(there, request.destination);
    const auto* second =
        request.second_destination ? resting_place(there, *request.second_destination) : destination;
    if (!source) return MoveStatus::no_source_element;
    if (!destination || !second) return MoveStatus::no_destination_element;
    if (!source->full) return MoveStatus::source_empty;
    if (!request.second_destination) {
        if (destination == source) return MoveStatus::ok;
        if (destination->full) return MoveStatus::destination_full;
        carry(*source, taken(inventory, request.source), request.destination, inventory);
        return MoveStatus::ok;
    }
    if (!destination->full) return MoveStatus::source_empty;
    if (destination == source || destination == second) return MoveStatus::destination_full;
    if (second->full && second != source) return MoveStatus::destination_full;
    auto displaced = taken(inventory, request.destination);
    carry(*source, taken(inventory, request.source), request.destination, inventory);
    carry(*destination, std::move(displaced), *request.second_destination, inventory);
    return MoveStatus::ok;
}

Result<void> insert(const LibrarySnapshot& there, const std::string& cartridge, ElementAddress at,
                    Inventory& inventory) {
    const auto element = operators_element(there, at);
    if (!element) return tl::unexpected(element.error());
    if ((*element)->full) return failure(EBUSY, fmt::format("element {} is full", static_cast<unsigned>(at)));
    if (const auto where = inventory.whereabouts(cartridge)) {
        return failure(EEXIST,
                       fmt::format("the cartridge is in element {} already", static_cast<unsigned>(*where)));
    }
    const auto facts = there.cartridges.find(cartridge);
    if (facts == there.cartridges.end()) return failure(ENOENT, "there is no cartridge " + cartridge);
    for (const auto& other : there.elements) {
        if (other.full && !facts->second.barcode.empty() && other.barcode == facts->second.barcode) {
            return failure(EEXIST, fmt::format("element {} has a cartridge with the barcode {} already",
                                               static_cast<unsigned>(other.address), other.barcode));
        }
    }
    inventory.places[at] = {cartridge, std::nullopt, (*element)->type == ElementType::import_export};
    return {};
}

Result<void> remove(const LibrarySnapshot& there, ElementAddress from, Inventory& inventory) {
    const auto element = operators_element(there, from);
    if (!element) return tl::unexpected(element.error());
    if (!(*element)->full)
        return failure(ENOENT, fmt::format("element {} is empty", static_cast<unsigned>(from)));
    inventory.places.erase(from);
    return {};
}

Difference difference(const LibrarySnapshot& before, const LibrarySnapshot& after) {
    auto found = Difference::none;
    for (const auto& element : after.elements) {
        const auto* was = before.find(element.address);
        if (was && was->full == element.full && was->cartridge == element.cartridge &&
            was->barcode == element.barcode)
            continue;
        if (element.type != ElementType::import_export) return Difference::other;
        found = Difference::import_export;
    }
    return found;
}

}  // namespace tcmud::tape
