// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/lun_directory.hpp"

#include <utility>

namespace tcmud::serving {

namespace {

// One read or write that another LUN's copy asks of a disk. It lives on the disk's thread; the answer is
// posted back.
class PeerOperation : public IoOperation {
public:
    PeerOperation(Session& session, IoQueue& requester, Completion answer)
        : session_(session), requester_(requester), answer_(std::move(answer)) {
        session_.hold();
        deliver = [](IoOperation& operation, const IoResult& ended_with) {
            static_cast<PeerOperation&>(operation).ended(ended_with);
        };
    }
    devices::RangeClaim claim;

private:
    void ended(IoResult ended_with) {
        const std::unique_ptr<PeerOperation> end_of_life(this);
        requester_.post(std::move(answer_), ended_with);
        session_.release();
    }

    Session& session_;
    IoQueue& requester_;
    Completion answer_;
};

class RemotePeer final : public devices::CopyPeer {
public:
    RemotePeer(const LunDirectory& directory, std::string name, const LunDirectory::Disk& disk,
               Loop& requester)
        : directory_(directory),
          name_(std::move(name)),
          owner_(*disk.loop),
          requester_(requester.io()),
          capacity_(disk.device->capacity()),
          block_size_(disk.device->block_size()) {}

    BlockCount capacity() const override { return capacity_; }
    BlockSize block_size() const override { return block_size_; }

    void read(Lba first, Buffers into, Completion done) override {
        ask(std::move(done), [first, into](devices::BlockDevice& device, PeerOperation& operation) {
            device.peer_read(first, into, Completion(operation));
        });
    }
    void write(Lba first, Buffers from, Completion done) override {
        ask(std::move(done), [first, from](devices::BlockDevice& device, PeerOperation& operation) {
            device.peer_write(first, from, operation.claim, Completion(operation));
        });
    }

private:
    // The disk is looked up again on its own thread: only there it cannot vanish meanwhile.
    template <class Start>
    void ask(Completion done, Start start) {
        auto* waiting = std::move(done).release();
        owner_.post([&directory = directory_, name = name_, &requester = requester_, waiting, start] {
            Completion answer(*waiting);
            const auto disk = directory.find(name);
            if (!disk) return requester.post(std::move(answer), {IoStatus::not_ready, 0, 0});
            auto operation = std::make_unique<PeerOperation>(*disk->session, requester, std::move(answer));
            start(*disk->device, *operation.release());
        });
    }

    const LunDirectory& directory_;
    std::string name_;
    Loop& owner_;
    IoQueue& requester_;
    BlockCount capacity_;
    BlockSize block_size_;
};

}  // namespace

void LunDirectory::add(const std::string& name, const Disk& disk) {
    const std::lock_guard lock(mutex_);
    disks_[name] = disk;
}

void LunDirectory::remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    disks_.erase(name);
}

std::optional<LunDirectory::Disk> LunDirectory::find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = disks_.find(name);
    if (found == disks_.end()) return std::nullopt;
    return found->second;
}

std::unique_ptr<devices::CopyPeer> LunDirectory::peer(const std::string& name, Loop& requester) const {
    const auto disk = find(name);
    if (!disk) return nullptr;
    return std::make_unique<RemotePeer>(*this, name, *disk, requester);
}

}  // namespace tcmud::serving
