// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/tape/library/inventory_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tcmud::tape {

// Lives as long as there is something to watch.
class InventoryWatch::Watcher {
public:
    static std::shared_ptr<Watcher> get() {
        static std::mutex mutex;
        static std::weak_ptr<Watcher> current;
        const std::lock_guard guard(mutex);
        auto watcher = current.lock();
        if (!watcher) current = watcher = std::make_shared<Watcher>();
        return watcher;
    }

    Watcher() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), stop_(::eventfd(0, EFD_CLOEXEC)) {
        if (inotify_ >= 0 && stop_ >= 0) thread_ = std::thread([this] { watch(); });
    }
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    ~Watcher() {
        if (thread_.joinable()) {
            ::eventfd_write(stop_, 1);
            thread_.join();
        }
        if (inotify_ >= 0) ::close(inotify_);
        if (stop_ >= 0) ::close(stop_);
    }

    // Those of one directory share a watch of the kernel's.
    int add(const std::string& directory, const InventoryWatch* owner, std::function<void()> replaced) {
        const std::lock_guard guard(mutex_);
        const int watch =
            ::inotify_add_watch(inotify_, directory.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
        if (watch >= 0) replaced_[watch][owner] = std::move(replaced);
        return watch;
    }
    void remove(int watch, const InventoryWatch* owner) {
        const std::lock_guard guard(mutex_);
        auto& owners = replaced_[watch];
        owners.erase(owner);
        if (!owners.empty()) return;
        replaced_.erase(watch);
        ::inotify_rm_watch(inotify_, watch);
    }

private:
    void watch() {
        std::array<pollfd, 2> descriptors{pollfd{inotify_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
        while (::poll(descriptors.data(), descriptors.size(), -1) >= 0 || errno == EINTR) {
            if (descriptors[1].revents != 0) return;
            if (descriptors[0].revents != 0) read_events();
            descriptors[0].revents = descriptors[1].revents = 0;
        }
    }

    void read_events() {
        alignas(inotify_event) std::array<char, 16 * 1024> buffer;
        // Inventories are always replaced; editors write library.toml in either way.
        const auto length = ::read(inotify_, buffer.data(), buffer.size());
        for (ssize_t at = 0; at < length;) {
            inotify_event event;
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const std::string_view name = event.len == 0 ? "" : buffer.data() + at + sizeof event;
            // With too many at once, some are lost: any file may be another.
            if ((event.mask & IN_Q_OVERFLOW) != 0) {
                tell_all();
            } else if (name == "inventory" || name == "library.toml") {
                tell(event.wd);
            }
            at += static_cast<ssize_t>(sizeof event + event.len);
        }
    }

    void tell(int watch) {
        const std::lock_guard guard(mutex_);
        const auto found = replaced_.find(watch);
        if (found == replaced_.end()) return;
        for (const auto& [owner, replaced] : found->second) replaced();
    }
    void tell_all() {
        const std::lock_guard guard(mutex_);
        for (const auto& [watch, owners] : replaced_)
            for (const auto& [owner, replaced] : owners) replaced();
    }

    int inotify_;
    int stop_;
    std::mutex mutex_;
    std::map<int, std::map<const InventoryWatch*, std::function<void()>>> replaced_;
    std::thread thread_;
};

InventoryWatch::InventoryWatch(const std::string& directory, std::function<void()> replaced)
    : watcher_(Watcher::get()), watch_(watcher_->add(directory, this, std::move(replaced))) {}

InventoryWatch::~InventoryWatch() {
    if (watch_ >= 0) watcher_->remove(watch_, this);
}

}  // namespace tcmud::tape
