// SPDX-License-Identifier: Apache-2.0
// A library that this process serves: shared by its changer and its drives, which are LUNs of one serving
// thread. What the inventory says is so: drives follow it, whoever changed it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "handler/backends/tape/library/inventory_watch.hpp"
#include "handler/backends/tape/library/library_directory.hpp"
#include "handler/backends/tape/library/moves.hpp"
#include "handler/backends/tape/library/sequence.hpp"
#include "tcmud/changer_backend.hpp"
#include "tcmud/tape_backend.hpp"

namespace tcmud::tape {

class LibraryDrive;

class Library : public std::enable_shared_from_this<Library> {
public:
    // Of this process, the one of that directory, as long as anybody has it. May block, as all of these; on
    // any thread.
    static Result<std::shared_ptr<Library>> find(const std::string& path);
    static Result<std::unique_ptr<TapeBackend>> open_drive(const std::string& path, std::size_t number);
    static Result<std::unique_ptr<ChangerBackend>> open_changer(const std::string& path);

    const LibraryDirectory& directory() const { return directory_; }

    // A LUN of the library begins to be served. On the serving thread.
    void join(LibraryDrive& drive, IoQueue& queue);
    void join(ChangerBackend::Events events, IoQueue& queue);
    // It is gone. Waits for what the library does with it; on any thread.
    void leave(const LibraryDrive& drive);
    void leave();

    // From here on: on the serving thread.
    std::shared_ptr<const LibrarySnapshot> now() const { return now_; }
    // For administrators: what is wrong with the library, a line each.
    std::string problems() const;
    // Whether the cartridge in that drive is loaded.
    bool is_loaded(std::size_t drive);
    // See ChangerBackend.
    void move(const MoveRequest& request, MoveStatus& status, Completion done);
    void set_barcode(ElementAddress at, std::string barcode, MoveStatus& status, Completion done);

private:
    using Held = std::unique_ptr<Cartridge>;

    // A drive that gets another cartridge, or none.
    struct Swap {
        LibraryDrive* drive;
        std::string before;
        std::string after;
        Held taken;  // What was in it.
        Held given;
    };
    using Swaps = std::vector<Swap>;

    Library(LibraryDirectory directory, LibrarySnapshot found);

    void use(IoQueue& queue);
    void noticed();
    // One after the other; each ends with job_ended().
    void do_in_turn(std::function<void()> job);
    void next_job();
    void job_ended();
    void wait_for_jobs(std::unique_lock<std::mutex>& lock);

    Sequence look_again();
    Sequence carry_out(MoveRequest request, MoveStatus& status, Completion done);
    Sequence attempt(MoveRequest request, MoveStatus& status, Completion done);
    Sequence change_barcode(ElementAddress at, std::string barcode, MoveStatus& status, Completion done);

    // Which drives an inventory wants to hold something else than they do.
    Swaps swaps_for(const Inventory& inventory) const;
    ElementAddress address_of(const LibraryDrive& drive) const;
    bool is_served(ElementAddress address) const;
    // Has the drive's initiators wait, and takes the cartridge out. False: it stays in.
    static Sequence take_out(Swap& swap, bool& out, Completion done);
    // Where it may block.
    MoveStatus open_given(Swap& swap) const;
    MoveStatus open_given(Swaps& swaps) const;
    MoveStatus commit(const MoveRequest& request, std::optional<LibraryDirectory::Changed>& changed,
                      std::string& trouble) const;
    void put_in(Swaps& swaps);
    void put_back(Swaps& swaps);
    // What is there is known from now on; changer: what others did is told.
    void know(LibrarySnapshot snapshot);
    void tell(Difference difference);
    void note_edited(std::string what);

    const LibraryDirectory directory_;
    File open_directory_;
    IoFile file_;
    std::shared_ptr<const LibrarySnapshot> now_;
    std::string trouble_;  // Why its files could not be read or changed, the last time.
    std::string edited_;   // See LibraryDirectory::what_was_edited().

    // Of several threads.
    std::mutex mutex_;
    std::condition_variable idle_;
    std::vector<LibraryDrive*> drives_;  // nullptr: not served.
    std::optional<ChangerBackend::Events> changer_;
    IoQueue* queue_ = nullptr;
    std::size_t joined_ = 0;
    std::deque<std::function<void()>> jobs_;
    bool working_ = false;
    struct Notice : IoOperation {
        Library* library = nullptr;
    };
    Notice notice_;
    bool noticed_ = false;  // The notice is on its way.

    // Last: it calls noticed().
    std::unique_ptr<InventoryWatch> watch_;
};

}  // namespace tcmud::tape
