// SPDX-License-Identifier: Apache-2.0
// The backend that stores nothing: writes are forgotten, reads give zeros. For benchmarks of all the rest.
#include "tcmud/module.hpp"

namespace {

using namespace tcmud;

class Null final : public BlockBackend {
public:
    explicit Null(ByteCount size) : size_(size) {}

    ByteCount size() const override { return size_; }
    BlockTraits traits() const override {
        BlockTraits traits;
        traits.unmap = traits.unmap_reads_zero = traits.write_zeroes = true;
        traits.volatile_cache = false;
        return traits;
    }
    void start(IoQueue& queue) override { queue_ = &queue; }

    void read(ByteOffset, Buffers into, Completion done) override {
        const auto length = total(into);
        fill_zero(into, ByteCount{0}, length);
        answer_in_turn(*queue_, std::move(done), {IoStatus::ok, raw(length), 0});
    }
    void write(ByteOffset, Buffers from, Stable, Completion done) override {
        answer_in_turn(*queue_, std::move(done), {IoStatus::ok, raw(total(from)), 0});
    }
    void flush(Completion done) override { std::move(done)({}); }
    void unmap(ByteOffset, ByteCount, Completion done) override { std::move(done)({}); }
    void write_zeroes(ByteOffset, ByteCount, bool, Completion done) override { std::move(done)({}); }

    Result<void> resize(ByteCount new_size) override {
        size_ = new_size;
        return {};
    }

private:
    ByteCount size_;
    IoQueue* queue_ = nullptr;
};

class NullModule final : public BackendModule {
public:
    std::string_view subtype() const override { return "null"; }
    std::string_view description() const override {
        return "Stores nothing: writes are forgotten, reads give zeros. For benchmarks. The path is ignored.";
    }
    std::span<const OptionInfo> options() const override { return {}; }
    Result<void> check(const OpenRequest&) const override { return {}; }
    Result<OpenedBackend> open(const OpenRequest& request) const override {
        return std::make_unique<Null>(request.size);
    }
};

const BackendModule& module() {
    static const NullModule instance;
    return instance;
}

}  // namespace

extern "C" __attribute__((visibility("default")))
const tcmud::ModuleEntry tcmud_module{TCMUD_BUILD_ID, module};
