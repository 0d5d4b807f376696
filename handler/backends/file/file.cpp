// SPDX-License-Identifier: Apache-2.0
// The backend that keeps a disk in a regular file or on a block device.
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "handler/backends/file/open_file.hpp"
#include "tcmud/module.hpp"

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

class FileModule final : public BackendModule {
public:
    std::string_view subtype() const override { return "file"; }
    std::span<const std::string_view> aliases() const override {
        static constexpr std::array<std::string_view, 1> names{"qcow"};
        return names;
    }
    std::string_view description() const override {
        return "A regular file or a block device: file//path/of/file. (qcow//path is the same for raw "
               "images.)";
    }
    std::span<const OptionInfo> options() const override { return option_infos; }

    Result<void> check(const OpenRequest& request) const override {
        return OpenFile::open(request, true).map([](const OpenFile&) {});
    }
    Result<OpenedBackend> open(const OpenRequest& request) const override {
        return OpenFile::open(request, false).map([&](OpenFile file) {
            return OpenedBackend(std::make_unique<File>(std::move(file), request.size));
        });
    }
};

const BackendModule& module() {
    static const FileModule instance;
    return instance;
}

}  // namespace
}  // namespace tcmud::file

extern "C" __attribute__((visibility("default")))
const tcmud::ModuleEntry tcmud_module{TCMUD_BUILD_ID, tcmud::file::module};
