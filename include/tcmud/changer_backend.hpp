// SPDX-License-Identifier: Apache-2.0
// What a medium changer is made of: the interface of every backend that keeps a library of cartridges.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tcmud/io.hpp"
#include "tcmud/result.hpp"

namespace tcmud {

// SMC-3 table 8: ELEMENT TYPE CODE.
enum class ElementType : std::uint8_t { transport = 1, storage = 2, import_export = 3, drive = 4 };

enum class ElementAddress : std::uint16_t {};

struct Element {
    ElementType type = ElementType::storage;
    ElementAddress address{};
    bool full = false;
    std::string cartridge;                 // The one in it, by a name that it keeps and no other has.
    std::string barcode;                   // Its; without trailing spaces, empty if it has none.
    std::optional<ElementAddress> source;  // The storage element that the cartridge was moved from last.
    bool by_operator = false;              // Of import and export: put there by an operator (IMPEXP).
    bool loaded = false;                   // Of a drive: the medium is loaded, the robot cannot take it yet.
    // Of a drive: as its TapeBackend says.
    std::string personality;
    std::string maker;
    std::string serial;
    bool cleaning = false;  // The cartridge is one for cleaning.
    bool worm = false;
    bool damaged = false;  // The cartridge cannot be used.
};

enum class MoveStatus : std::uint8_t {
    ok,
    no_source_element,  // There is no such address.
    no_destination_element,
    source_empty,
    destination_full,
    removal_prevented,  // By the drive's initiators, or by the changer's for import and export elements.
    busy,               // Another process works with the cartridge.
    damaged,            // The drive cannot use the cartridge; it is back where it was.
    barcode_taken,      // Another cartridge of the library has it.
    io_error,           // Nothing was moved.
};

// Called on one thread only, its LUN's serving thread, from start() on, which is that of all drives of the
// library; made and destroyed on threads that may block. One move at a time. Each writes its MoveStatus
// before done is called, which may be inside of the call or later; what the IoResult says is nothing more.
// On ok of a move the change survives power loss, and a drive that it concerns has its medium, or has none.
class ChangerBackend {
public:
    ChangerBackend() = default;
    ChangerBackend(const ChangerBackend&) = delete;
    ChangerBackend& operator=(const ChangerBackend&) = delete;
    // REQUIRES: nothing is in flight. May block.
    virtual ~ChangerBackend() = default;

    // See TapeBackend.
    virtual std::string_view placement_key() const { return {}; }
    virtual std::string_view vendor() const = 0;
    virtual std::string_view product() const = 0;
    virtual std::string_view serial() const = 0;

    // Called on the serving thread, not inside of a call to the backend.
    struct Events {
        // Something was put into, or taken out of, an import or export element by an operator.
        std::function<void()> import_export_accessed;
        // The library was changed from outside in any other way: initiators look at everything again.
        std::function<void()> inventory_changed;
        // What the administrator is to know of the library, in a line.
        std::function<void(std::string_view remark)> remarked{};
    };
    virtual void start(IoQueue& queue, Events events) = 0;

    // Of all types, sorted by type, then address; the addresses of a type follow each other without a gap.
    // Valid until the next operation or event.
    virtual std::span<const Element> elements() const = 0;

    // A cartridge in a drive is unloaded first.
    virtual void move(ElementAddress source, ElementAddress destination, MoveStatus& status,
                      Completion done) = 0;
    // The cartridge of first_destination goes to second_destination, that of source takes its place. As one
    // change: both moves happen, or none.
    virtual void exchange(ElementAddress source, ElementAddress first_destination,
                          ElementAddress second_destination, MoveStatus& status, Completion done) = 0;
    // SEND VOLUME TAG: the barcode of the cartridge there; empty removes it.
    virtual void set_barcode(ElementAddress at, std::string barcode, MoveStatus& status, Completion done) = 0;
    // No operator is to open import and export elements.
    virtual void prevent_removal(bool prevented) = 0;

    virtual Result<std::string> control(std::string_view /*command*/) {
        return failure(EOPNOTSUPP, "its backend takes no commands");
    }
};

}  // namespace tcmud
