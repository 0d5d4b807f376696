// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/file/file.hpp"

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "handler/backends/file/open_file.hpp"

namespace tcmud::file {
namespace {

class File final : public BlockBackend {
public:
    File(OpenFile file, ByteCount size) : open_(std::move(file)), size_(size) { file_.fd = open_.fd(); }

    ByteCount size() const override { return size_; }
    BlockTraits traits() const override { return open_.traits(); }
    int file() const override { return open_.fd(); }
    void start(IoQueue& queue) override { queue_ = &queue; }

    void read(ByteOffset at, Buffers into, Completion done) override {
        queue_->read(file_, at, into, std::move(done));
    }
    void write(ByteOffset at, Buffers from, Stable stable, Completion done) override {
        queue_->write(file_, at, from, stable, std::move(done));
    }
    void flush(Completion done) override { queue_->sync(file_, std::move(done)); }
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        queue_->allocate(file_, open_.unmap_mode(), at, length, std::move(done));
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool may_unmap, Completion done) override {
        const bool unmaps = may_unmap && open_.traits().unmap_reads_zero;
        queue_->allocate(file_, unmaps ? open_.unmap_mode() : open_.zero_mode(), at, length, std::move(done));
    }

    void abort(IoOperation& operation) override { queue_->abort(operation); }

    Result<void> resize(ByteCount new_size) override {
        const auto there = open_.current_size();
        if (!there) return tl::unexpected(there.error());
        if (*there < new_size) {
            return failure(EINVAL,
                           fmt::format("the file has {} bytes, the new size is {}: enlarge the file first",
                                       raw(*there), raw(new_size)));
        }
        size_ = new_size;
        return {};
    }

private:
    OpenFile open_;
    ByteCount size_;
    IoFile file_;
    IoQueue* queue_ = nullptr;
};

constexpr std::array option_infos{
    OptionInfo{"direct", OptionInfo::Kind::flag, "bypass the page cache (O_DIRECT); default off"},
    OptionInfo{"readonly", OptionInfo::Kind::flag, "open read-only, as a write-protected disk; default off"},
    OptionInfo{"create", OptionInfo::Kind::flag,
               "make a missing file, sparse, of the LUN's size; default off"},
    OptionInfo{"prealloc", OptionInfo::Kind::flag,
               "allocate the whole file at open, never give space back; default off"},
};

}  // namespace

std::span<const OptionInfo> options() {
    return option_infos;
}

Result<void> check(const OpenRequest& request) {
    return OpenFile::open(request, true).map([](const OpenFile&) {});
}

Result<std::unique_ptr<BlockBackend>> open(const OpenRequest& request) {
    return OpenFile::open(request, false).map([&](OpenFile file) -> std::unique_ptr<BlockBackend> {
        return std::make_unique<File>(std::move(file), request.size);
    });
}

}  // namespace tcmud::file
