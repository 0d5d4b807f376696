// SPDX-License-Identifier: Apache-2.0
// What a device server needs of the machine around it and cannot know by itself.
#pragma once

#include <memory>
#include <string_view>

#include "handler/scsi/identity.hpp"
#include "tcmud/buffers.hpp"
#include "tcmud/io.hpp"
#include "tcmud/units.hpp"

namespace tcmud::devices {

// The other end of an extended copy: a disk that this daemon serves, perhaps on another thread. What is asked
// of it passes its range claims and its write protection, as a command would. Calls after its LUN is gone end
// not_ready.
class CopyPeer {
public:
    virtual ~CopyPeer() = default;
    virtual BlockCount capacity() const = 0;
    virtual BlockSize block_size() const = 0;
    virtual void read(Lba first, Buffers into, Completion done) = 0;
    virtual void write(Lba first, Buffers from, Completion done) = 0;
};

// Called on the device's thread; answers come on that thread too, within a bound.
class Host {
public:
    virtual ~Host() = default;

    // As it was when fresh_identity() last ended.
    virtual const scsi::Identity& identity() const = 0;
    // Reads the unit serial, the INQUIRY strings and the target port groups again, if that was not done
    // lately: they are set after a device is enabled. Always ends ok: what cannot be read stays as it was.
    virtual void fresh_identity(Completion done) = 0;

    // SET TARGET PORT GROUPS.
    virtual void set_access_state(std::uint16_t group, scsi::AccessState state, Completion done) = 0;

    // The disk with this designator, in `found`; not_ready if there is none that this LUN's initiators may
    // use.
    virtual void find_copy_peer(const scsi::Naa& naa, std::unique_ptr<CopyPeer>& found, Completion done) = 0;

    // A line for the administrator, who is told of which LUN it is.
    virtual void remark(std::string_view what) = 0;
};

}  // namespace tcmud::devices
