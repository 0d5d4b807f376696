// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "handler/backends/tape/library/tool/commands.hpp"
#include "handler/backends/tape/tool/commands.hpp"

namespace tcmud::tape::library {

namespace {

std::string words_of(const std::string& name, const LibrarySnapshot::Facts& facts) {
    auto text = fmt::format("{:<16} {}", facts.barcode.empty() ? "-" : facts.barcode, name);
    if (!facts.problem.empty()) return text + "  cannot be used";
    text += "  " + name_of_density(facts.density);
    if (facts.worm) text += " WORM";
    if (facts.cleaning) text += " cleaning";
    if (facts.write_protected) text += " write-protected";
    return text;
}

}  // namespace

Result<void> show(const Wish& wish, std::ostream& out) {
    const auto library = LibraryDirectory::open(wish.library);
    if (!library) return tl::unexpected(library.error());
    const auto there = library->look();
    if (!there) return tl::unexpected(there.error());
    const auto& file = library->file();
    out << fmt::format("{}: {} {}, serial {}\n", file.name, file.vendor, file.product, file.serial);
    unsigned empty_slots = 0;
    for (const auto& element : there->elements) {
        if (element.type == ElementType::transport) continue;
        if (element.type == ElementType::storage && !element.full) {
            ++empty_slots;
            continue;
        }
        out << fmt::format("{:<24}", name_of(file, element));
        out << (element.full ? words_of(element.cartridge, there->cartridges.at(element.cartridge))
                             : "empty");
        if (element.full && library->in_use(element.cartridge)) out << "  in use";
        out << "\n";
    }
    if (empty_slots != 0) out << fmt::format("{} slots are empty\n", empty_slots);
    for (const auto& name : there->outside())
        out << fmt::format("{:<24}{}\n", "outside", words_of(name, there->cartridges.at(name)));
    for (const auto& problem : there->problems) out << "problem: " << problem << "\n";
    if (library->removal_prevented()) out << "an initiator prevents the use of import/export elements\n";
    return {};
}

}  // namespace tcmud::tape::library
