// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/rbd.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <rbd/librbd.h>

#include "handler/backends/rbd/image.hpp"
#include "handler/backends/rbd/io_status.hpp"
#include "handler/backends/rbd/settings.hpp"

namespace tcmud::rbd {

namespace {

// As Linux's own rbd disks: what is smaller than an object can be given back too, for bluestore's allocation
// units are smaller; file systems would keep all smaller holes to themselves.
constexpr ByteCount unmap_granularity{65536};
constexpr ByteCount physical_block{4096};  // Bluestore's blocks.

Result<ByteCount> large_enough(const Image& image, const Settings& settings, ByteCount needed) {
    const auto size = image.size();
    if (!size || *size >= needed) return size;
    const auto name = settings.image.text();
    if (!settings.image.snapshot.empty()) {
        return failure(ENOSPC, fmt::format("{}: the snapshot has {} bytes, the LUN needs {}", name,
                                           raw(*size), raw(needed)));
    }
    // Its header is a part of an encrypted image.
    return failure(ENOSPC,
                   fmt::format("{}: the image has {} bytes{}, the LUN needs {}: `rbd resize` makes it "
                               "larger",
                               name, raw(*size), settings.encryption ? " without its encryption header" : "",
                               raw(needed)));
}

// ended: an eventfd that librbd writes whenever an operation has ended.
Result<Image> open_to_serve(const Settings& settings, ByteCount size, int ended) {
    // What serves an image waits for its cluster as long as it may; whoever opens it does not.
    if (auto found = Image::find(settings); !found) return tl::unexpected(found.error());
    auto image = Image::open(settings, Cluster::Patience::as_it_says, settings.read_only);
    if (!image) return image;
    if (auto enough = large_enough(*image, settings, size); !enough) return tl::unexpected(enough.error());
    const int code = ::rbd_set_image_notification(image->handle(), ended, EVENT_TYPE_EVENTFD);
    if (code < 0)
        return failure(-code, fmt::format("librbd cannot tell of what has ended: {}", std::strerror(-code)));
    return image;
}

class EventFd {
public:
    EventFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    EventFd(EventFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    EventFd& operator=(EventFd&&) = delete;
    ~EventFd() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

// librbd's threads end operations and write the eventfd; the serving thread takes what has ended in batches.
class Rbd final : public BlockBackend {
public:
    Rbd(Settings settings, EventFd ended, Image image, ByteCount size)
        : settings_(std::move(settings)),
          ended_(std::move(ended)),
          image_(std::move(image)),
          size_(size),
          cached_(image_.cached()),
          unmap_granularity_(std::min(unmap_granularity, image_.object_size())),
          stripe_unit_(image_.stripe_unit()) {}

    ByteCount size() const override { return size_; }
    BlockTraits traits() const override {
        BlockTraits traits;
        traits.read_only = settings_.read_only;
        traits.unmap = traits.unmap_reads_zero = traits.write_zeroes = !settings_.read_only;
        traits.volatile_cache = cached_;
        traits.unmap_granularity = unmap_granularity_;
        traits.optimal_transfer = stripe_unit_;
        traits.physical_block = physical_block;
        return traits;
    }
    void start(IoQueue&) override {}

    void read(ByteOffset at, Buffers into, Completion done) override {
        begin(std::move(done), IoOperation::Kind::read, total(into), [&](rbd_completion_t completion) {
            return ::rbd_aio_readv(image_.handle(), into.data(), static_cast<int>(into.size()), raw(at),
                                   completion);
        });
    }
    void write(ByteOffset at, Buffers from, Stable stable, Completion done) override {
        done.target().stable = stable;
        begin(std::move(done), IoOperation::Kind::write, total(from), [&](rbd_completion_t completion) {
            return ::rbd_aio_writev(image_.handle(), from.data(), static_cast<int>(from.size()), raw(at),
                                    completion);
        });
    }
    void flush(Completion done) override {
        begin(std::move(done), IoOperation::Kind::sync, ByteCount{0},
              [&](rbd_completion_t completion) { return ::rbd_aio_flush(image_.handle(), completion); });
    }
    // A discard would silently keep what is smaller than its granularity; zeros are exact, and whole objects
    // of zeros are removed.
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        zero(at, length, 0, std::move(done));
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool may_unmap, Completion done) override {
        zero(at, length, may_unmap ? 0 : RBD_WRITE_ZEROES_FLAG_THICK_PROVISION, std::move(done));
    }

    Result<void> resize(ByteCount new_size) override;

    std::optional<int> event_fd() const override { return ended_.get(); }
    void reap() override;
    std::string_view whereabouts(const IoOperation&) const override {
        return "in librbd, which waits for the cluster's OSDs";
    }

private:
    void zero(ByteOffset at, ByteCount length, int flags, Completion done) {
        begin(std::move(done), IoOperation::Kind::allocate, length, [&](rbd_completion_t completion) {
            return ::rbd_aio_write_zeroes(image_.handle(), raw(at), raw(length), completion, flags, 0);
        });
    }
    // The operation travels through librbd as the completion's argument.
    template <class Call>
    void begin(Completion done, IoOperation::Kind kind, ByteCount length, Call call) {
        done.target().kind = kind;
        done.target().length = raw(length);
        rbd_completion_t completion = nullptr;
        if (const int code = ::rbd_aio_create_completion(&done.target(), nullptr, &completion); code < 0)
            return std::move(done)({io_status(-code), 0, 0});
        auto* const operation = std::move(done).release();
        const int code = call(completion);
        if (code >= 0) return;
        // What has not begun is not told.
        ::rbd_aio_release(completion);
        Completion::adopt(operation)({io_status(-code), 0, 0});
    }
    void end(IoOperation& operation, std::int64_t result);

    Settings settings_;
    EventFd ended_;  // librbd has its number until the image is closed.
    Image image_;
    ByteCount size_;
    bool cached_;
    ByteCount unmap_granularity_;
    ByteCount stripe_unit_;
};

void Rbd::reap() {
    std::array<rbd_completion_t, 64> ended;
    for (;;) {
        const int count = ::rbd_poll_io_events(image_.handle(), ended.data(), static_cast<int>(ended.size()));
        if (count <= 0) return;
        for (auto* const completion : std::span(ended).first(static_cast<std::size_t>(count))) {
            auto& operation = *static_cast<IoOperation*>(::rbd_aio_get_arg(completion));
            const auto result = ::rbd_aio_get_return_value(completion);
            ::rbd_aio_release(completion);
            end(operation, result);
        }
    }
}

void Rbd::end(IoOperation& operation, std::int64_t result) {
    auto done = Completion::adopt(&operation);
    if (result < 0) return std::move(done)({io_status(static_cast<int>(-result)), 0, 0});
    switch (operation.kind) {
        // Fewer bytes than asked: the image was made smaller.
        case IoOperation::Kind::read:
            return std::move(done)({IoStatus::ok, static_cast<std::uint64_t>(result), 0});
        case IoOperation::Kind::write:
            // Written, as far as librbd's cache.
            if (cached_ && operation.stable == Stable::yes) {
                operation.stable = Stable::no;
                return begin(std::move(done), IoOperation::Kind::write, ByteCount{operation.length},
                             [&](rbd_completion_t completion) {
                                 return ::rbd_aio_flush(image_.handle(), completion);
                             });
            }
            return std::move(done)({IoStatus::ok, operation.length, 0});
        default: return std::move(done)({});
    }
}

// An image that was opened read-only is not told of changes: it is opened again.
Result<void> Rbd::resize(ByteCount new_size) {
    if (settings_.read_only) {
        auto again = open_to_serve(settings_, new_size, ended_.get());
        if (!again) return tl::unexpected(again.error());
        image_ = std::move(*again);
    } else {
        // The image that is served would wait for a cluster that is away; the LUN is to go on soon.
        if (auto found = Image::find(settings_); !found) return found;
        if (auto enough = large_enough(image_, settings_, new_size); !enough)
            return tl::unexpected(enough.error());
    }
    size_ = new_size;
    return {};
}

}  // namespace

Result<void> check(const OpenRequest& request) {
    const auto settings = Settings::parse(request);
    if (!settings) return tl::unexpected(settings.error());
    const auto image = Image::open(*settings, Cluster::Patience::bounded, true);
    if (!image) return tl::unexpected(image.error());
    // A check may not know the LUN's size; none is that small.
    return large_enough(*image, *settings, std::max(request.size, ByteCount{1})).map([](ByteCount) {});
}

Result<std::unique_ptr<BlockBackend>> open(const OpenRequest& request) {
    auto settings = Settings::parse(request);
    if (!settings) return tl::unexpected(settings.error());
    EventFd ended;
    if (ended.get() < 0)
        return failure(errno, fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
    auto image = open_to_serve(*settings, request.size, ended.get());
    if (!image) return tl::unexpected(image.error());
    return std::make_unique<Rbd>(std::move(*settings), std::move(ended), std::move(*image), request.size);
}

}  // namespace tcmud::rbd
