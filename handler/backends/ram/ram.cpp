// SPDX-License-Identifier: Apache-2.0
// A disk in the daemon's own memory: gone when the daemon ends. For benchmarks and tests.
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "tcmud/module.hpp"

namespace {

using namespace tcmud;

// Memory that takes space only where it was written.
class SparseMemory {
public:
    static Result<SparseMemory> reserve(ByteCount size) {
        void* memory = ::mmap(nullptr, raw(size), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            return failure(
                errno, fmt::format("cannot reserve {} bytes of memory: {}", raw(size), std::strerror(errno)));
        }
        return SparseMemory(static_cast<std::byte*>(memory), raw(size));
    }
    SparseMemory(SparseMemory&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    SparseMemory& operator=(SparseMemory&& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~SparseMemory() {
        if (memory_) ::munmap(memory_, size_);
    }
    std::span<std::byte> bytes() const { return {memory_, size_}; }

private:
    SparseMemory(std::byte* memory, std::size_t size) : memory_(memory), size_(size) {}
    std::byte* memory_;
    std::size_t size_;
};

class Ram final : public BlockBackend {
public:
    explicit Ram(SparseMemory memory) : memory_(std::move(memory)) {}

    ByteCount size() const override { return ByteCount{memory_.bytes().size()}; }
    BlockTraits traits() const override {
        BlockTraits traits;
        traits.unmap = traits.unmap_reads_zero = traits.write_zeroes = true;
        traits.volatile_cache = false;
        traits.unmap_granularity = page;
        return traits;
    }
    void start(IoQueue& queue) override { queue_ = &queue; }

    void read(ByteOffset at, Buffers into, Completion done) override {
        const auto length = copy_to(into, ByteCount{0}, range(at, total(into)));
        answer_in_turn(*queue_, std::move(done), {IoStatus::ok, raw(length), 0});
    }
    void write(ByteOffset at, Buffers from, Stable, Completion done) override {
        const auto length = copy_from(from, ByteCount{0}, range(at, total(from)));
        answer_in_turn(*queue_, std::move(done), {IoStatus::ok, raw(length), 0});
    }
    void flush(Completion done) override { std::move(done)({}); }
    void unmap(ByteOffset at, ByteCount length, Completion done) override {
        give_back(range(at, length));
        std::move(done)({});
    }
    void write_zeroes(ByteOffset at, ByteCount length, bool, Completion done) override {
        give_back(range(at, length));
        std::move(done)({});
    }

    Result<void> resize(ByteCount new_size) override {
        auto larger = SparseMemory::reserve(new_size);
        if (!larger) return tl::unexpected(larger.error());
        const auto kept = std::min(memory_.bytes().size(), larger->bytes().size());
        std::memcpy(larger->bytes().data(), memory_.bytes().data(), kept);
        memory_ = std::move(*larger);
        return {};
    }

private:
    static constexpr ByteCount page{4096};

    std::span<std::byte> range(ByteOffset at, ByteCount length) const {
        return memory_.bytes().subspan(raw(at), raw(length));
    }
    // Whole pages go back to the system, the ends are cleared.
    static void give_back(std::span<std::byte> bytes) {
        const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
        const auto first = (address + raw(page) - 1) / raw(page) * raw(page) - address;
        const auto last = (address + bytes.size()) / raw(page) * raw(page) - address;
        if (first >= bytes.size() || first >= last)
            return static_cast<void>(std::memset(bytes.data(), 0, bytes.size()));
        std::memset(bytes.data(), 0, first);
        ::madvise(bytes.data() + first, last - first, MADV_DONTNEED);
        std::memset(bytes.data() + last, 0, bytes.size() - last);
    }

    SparseMemory memory_;
    IoQueue* queue_ = nullptr;
};

class RamModule final : public BackendModule {
public:
    std::string_view subtype() const override { return "ram"; }
    std::string_view description() const override {
        return "A disk in the daemon's memory, lost when it ends. For benchmarks and tests. The path is "
               "ignored.";
    }
    std::span<const OptionInfo> options() const override { return {}; }
    Result<void> check(const OpenRequest&) const override { return {}; }
    Result<OpenedBackend> open(const OpenRequest& request) const override {
        return SparseMemory::reserve(request.size).map([](SparseMemory memory) {
            return OpenedBackend(std::make_unique<Ram>(std::move(memory)));
        });
    }
};

const BackendModule& module() {
    static const RamModule instance;
    return instance;
}

}  // namespace

extern "C" __attribute__((visibility("default")))
const tcmud::ModuleEntry tcmud_module{TCMUD_BUILD_ID, module};
