// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/library.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "handler/backends/tape/image/file.hpp"
#include "handler/backends/tape/library/library_drive.hpp"

namespace tcmud::tape {

namespace {

struct Libraries {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<Library>> by_path;
};

Libraries& libraries() {
    static Libraries all;
    return all;
}

}  // namespace

Result<std::shared_ptr<Library>> Library::find(const std::string& path) {
    auto directory = LibraryDirectory::open(path);
    if (!directory) return tl::unexpected(directory.error());
    auto& all = libraries();
    const auto known = [&] {
        const std::lock_guard guard(all.mutex);
        return all.by_path[directory->path()].lock();
    };
    if (auto library = known()) return library;
    // Not with the lock: one library on a file system that hangs is not to hold up the others.
    auto found = directory->look();
    if (!found) return tl::unexpected(found.error());
    const std::shared_ptr<Library> fresh(new Library(std::move(*directory), std::move(*found)));
    const std::lock_guard guard(all.mutex);
    auto& place = all.by_path[fresh->directory().path()];
    // Another LUN of it may have been faster.
    if (auto library = place.lock()) return library;
    place = fresh;
    return fresh;
}

Library::Library(LibraryDirectory directory, LibrarySnapshot found)
    : directory_(std::move(directory)),
      now_(std::make_shared<const LibrarySnapshot>(std::move(found))),
      drives_(directory_.file().drives.size()) {
    if (auto opened = open_file(directory_.path(), O_RDONLY | O_DIRECTORY))
        open_directory_ = std::move(*opened);
    notice_.library = this;
    notice_.deliver = [](IoOperation& operation, const IoResult&) {
        auto& library = *static_cast<Notice&>(operation).library;
        const auto kept = library.shared_from_this();
        library.do_in_turn([&library] { library.look_again(); });
        const std::lock_guard guard(library.mutex_);
        library.noticed_ = false;
        library.idle_.notify_all();
    };
    watch_ = std::make_unique<InventoryWatch>(directory_.path(), [this] { noticed(); });
}

void Library::noticed() {
    const std::lock_guard guard(mutex_);
    // Who joins looks by himself.
    if (!queue_ || noticed_) return;
    noticed_ = true;
    queue_->post(Completion(notice_), {});
}

// REQUIRES: mutex_ is held.
void Library::use(IoQueue& queue) {
    ++joined_;
    if (queue_ == &queue) return;
    queue_ = &queue;
    file_ = {};
    file_.fd = open_directory_.fd();
}

void Library::join(LibraryDrive& drive, IoQueue& queue) {
    {
        const std::lock_guard guard(mutex_);
        use(queue);
        assert(!drives_[drive.number()]);
        drives_[drive.number()] = &drive;
    }
    // Since it was opened, it may have got another cartridge.
    do_in_turn([this] { look_again(); });
}

void Library::join(ChangerBackend::Events events, IoQueue& queue) {
    {
        const std::lock_guard guard(mutex_);
        use(queue);
        changer_ = std::move(events);
    }
    do_in_turn([this] { look_again(); });
}

void Library::leave(const LibraryDrive& drive) {
    std::unique_lock lock(mutex_);
    if (drives_[drive.number()] != &drive) return;
    wait_for_jobs(lock);
    drives_[drive.number()] = nullptr;
    if (--joined_ == 0) queue_ = nullptr;
}

void Library::leave() {
    std::unique_lock lock(mutex_);
    if (!changer_) return;
    wait_for_jobs(lock);
    changer_.reset();
    if (--joined_ == 0) queue_ = nullptr;
}

void Library::wait_for_jobs(std::unique_lock<std::mutex>& lock) {
    idle_.wait(lock, [this] { return !working_ && jobs_.empty() && !noticed_; });
}

void Library::do_in_turn(std::function<void()> job) {
    {
        const std::lock_guard guard(mutex_);
        jobs_.push_back(std::move(job));
    }
    next_job();
}

void Library::next_job() {
    std::function<void()> job;
    {
        const std::lock_guard guard(mutex_);
        if (working_ || jobs_.empty()) return;
        working_ = true;
        job = std::move(jobs_.front());
        jobs_.pop_front();
    }
    job();
}

void Library::job_ended() {
    {
        const std::lock_guard guard(mutex_);
        working_ = false;
        idle_.notify_all();
    }
    next_job();
}

bool Library::is_loaded(std::size_t drive) {
    const std::lock_guard guard(mutex_);
    return drives_[drive] && drives_[drive]->medium() != nullptr;
}

std::string Library::problems() const {
    std::string text;
    if (!trouble_.empty()) text += trouble_ + "\n";
    if (!edited_.empty()) text += edited_ + "\n";
    if (!watch_->watches()) {
        text += "what others change is noticed late: inotify cannot watch " + directory_.path() +
                " (fs.inotify.max_user_watches and max_user_instances of sysctl bound it)\n";
    }
    for (const auto& problem : now_->problems) text += problem + "\n";
    return text;
}

ElementAddress Library::address_of(const LibraryDrive& drive) const {
    return ElementAddress{static_cast<std::uint16_t>(directory_.file().bases.drives + drive.number())};
}

bool Library::is_served(ElementAddress address) const {
    return std::ranges::any_of(drives_,
                               [&](const auto* drive) { return drive && address_of(*drive) == address; });
}

void Library::know(LibrarySnapshot snapshot) {
    now_ = std::make_shared<const LibrarySnapshot>(std::move(snapshot));
}

void Library::tell(Difference difference) {
    if (!changer_ || difference == Difference::none) return;
    const auto& event = difference == Difference::import_export ? changer_->import_export_accessed
                                                                : changer_->inventory_changed;
    if (event) event();
}

void Library::note_edited(std::string what) {
    const bool news = !what.empty() && what != edited_;
    edited_ = std::move(what);
    if (news && changer_ && changer_->remarked) changer_->remarked(edited_);
}

// What another process has changed: initiators are told, drives follow.
Sequence Library::look_again() {
    const auto kept = shared_from_this();
    std::optional<Result<LibrarySnapshot>> found;
    const auto before = now_;
    std::string edited;
    auto look = [&] {
        found.emplace(directory_.look(before.get()));
        edited = directory_.what_was_edited();
    };
    co_await in_background(*queue_, file_, look);
    note_edited(std::move(edited));
    // One that cannot be read is as it was, until it can.
    if (!found->has_value()) {
        trouble_ = found->error().text;
        job_ended();
        co_return;
    }
    trouble_.clear();
    const auto changes = difference(*before, **found);
    know(std::move(**found));
    auto swaps = swaps_for(now_->inventory);
    for (auto& swap : swaps) {
        bool out = false;
        co_await Wait{[&](Completion done) { take_out(swap, out, std::move(done)); }};
        if (!out) swap.drive->open_gate();
    }
    // What does not leave its drive is tried again with the next change.
    std::erase_if(swaps, [](const Swap& swap) { return swap.drive->occupied(); });
    auto open = [&] {
        for (auto& swap : swaps) swap.taken.reset();
        for (auto& swap : swaps) static_cast<void>(open_given(swap));
    };
    if (!swaps.empty()) co_await in_background(*queue_, file_, open);
    put_in(swaps);
    tell(changes);
    job_ended();
}

}  // namespace tcmud::tape
