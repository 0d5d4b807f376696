// SPDX-License-Identifier: Apache-2.0
// A tape drive on cartridges that are files: for a LUN that is one, and for libraries.
#pragma once

#include <memory>
#include <string>

#include "handler/backends/tape/image/cartridge.hpp"
#include "handler/backends/tape/image/transformer.hpp"
#include "tcmud/tape_backend.hpp"

namespace tcmud::tape {

class Drive : public TapeBackend {
public:
    // The cartridge is in the drive, and loaded. Does not block; may be called before start().
    // REQUIRES: !occupied(), no operation is under way.
    virtual void insert(std::unique_ptr<Cartridge> cartridge) = 0;
    // REQUIRES: occupied(), !medium(), no operation is under way. Does not block.
    virtual std::unique_ptr<Cartridge> remove() = 0;
    // The initiator does not want it to be taken out.
    virtual bool removal_prevented() const = 0;
    // A cartridge came, or went, that its initiators did not ask for by TapeBackend: tells them. Not inside
    // of a call to the drive.
    virtual void medium_changed() = 0;
};

struct DriveOptions {
    std::string serial;         // Empty: the LUN's.
    std::string placement_key;  // See TapeBackend; so are these.
    std::string personality{tape_personalities.front()};
    std::string maker{tape_makers.front()};
    CompressionLevel compression = CompressionLevel::off;  // Where the host has it on.
};

// Empty.
std::unique_ptr<Drive> make_drive(DriveOptions options);

}  // namespace tcmud::tape
