// SPDX-License-Identifier: Apache-2.0
// A tape in memory, as little as a TapeDevice needs to answer every command.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tcmud/tape_backend.hpp"

namespace tcmud::test {

// What lies on a tape.
struct TapeObject {
    bool filemark = false;
    std::vector<std::byte> data{};
    std::optional<TapeEncryption> encryption{};  // How it was written, if it was encrypted.
    bool bad = false;                            // Cannot be read back.
};

struct MemoryCartridge {
    std::string id = "6b7c5a9e-0000-4000-8000-000000000001";
    std::string barcode = "TST001L8";
    std::uint8_t density = 0x5e;
    bool worm = false;
    bool write_protected = false;
    bool cleaning = false;
    std::uint64_t capacity = 1'000'000;
    struct Partition {
        std::uint64_t capacity = 0;
        std::vector<TapeObject> objects;
        std::vector<TapeAttribute> attributes;

        std::uint64_t bytes(std::size_t first_objects) const {
            std::uint64_t sum = 0;
            for (std::size_t i = 0; i < first_objects; ++i) sum += objects[i].data.size();
            return sum;
        }
        std::uint64_t marks(std::size_t first_objects) const {
            return static_cast<std::uint64_t>(
                std::count_if(objects.begin(), objects.begin() + static_cast<std::ptrdiff_t>(first_objects),
                              [](const auto& object) { return object.filemark; }));
        }
    };
    std::vector<Partition> partitions;
    std::uint32_t change_reference = 7;
    TapeStatistics statistics;

    MemoryCartridge() { format({0}); }
    void format(std::vector<std::uint64_t> sizes) {
        partitions.assign(sizes.size(), {});
        std::uint64_t left = capacity;
        std::uint64_t shares = 0;
        for (const auto size : sizes) {
            left -= std::min(left, size);
            shares += size == 0;
        }
        for (std::size_t i = 0; i < sizes.size(); ++i)
            partitions[i].capacity = sizes[i] == 0 ? left / shares : sizes[i];
    }
};

// Writes down what is asked of it, fails or holds back what it is told to.
class MemoryTape final : public TapeBackend {
public:
    explicit MemoryTape(MemoryCartridge* cartridge, bool loaded = true) { insert(cartridge, loaded); }

    // The next operation ends so, and does nothing.
    std::optional<TapeStatus> fail_next;
    // Operations end only when let_go() is called; they have been carried out by then.
    bool hold = false;
    std::vector<std::string> log;
    bool removal_prevented = false;
    Events events;
    std::optional<bool> compression;
    TapeEncryption encryption;
    std::string drive_serial = "0123456789";
    std::string_view drive_personality = tape_personalities.front();
    std::string_view drive_maker = tape_makers.front();
    std::optional<TapeAutomation> in_library;

    // nullptr: takes the cartridge out.
    void insert(MemoryCartridge* cartridge, bool loaded = true) {
        cartridge_ = cartridge;
        loaded_ = false;
        if (cartridge && loaded) thread();
    }
    void let_go() {
        for (auto& done : std::exchange(held_, {})) std::move(done)({});
    }
    MemoryCartridge& cartridge() { return *cartridge_; }

    std::string_view serial() const override { return drive_serial; }
    std::string_view personality() const override { return drive_personality; }
    std::string_view maker() const override { return drive_maker; }
    std::optional<TapeAutomation> automation() const override { return in_library; }
    void start(IoQueue&, Events happened) override { events = std::move(happened); }
    const TapeMedium* medium() const override {
        if (!loaded_) return nullptr;
        describe();
        return &medium_;
    }
    bool occupied() const override { return cartridge_ != nullptr; }
    void load(TapeResult& result, Completion done) override {
        operate("load", result, std::move(done), [&](TapeResult& r) {
            if (!cartridge_) return fail(r, TapeStatus::no_medium);
            thread();
        });
    }
    void unload(TapeResult& result, Completion done) override {
        operate("unload", result, std::move(done), [&](TapeResult&) { loaded_ = false; });
    }
    void prevent_removal(bool prevented) override { removal_prevented = prevented; }

    TapePosition position() const override { return {partition_, object_, at().marks(object_)}; }
    bool in_last(ByteCount zone) const override { return at().bytes(object_) + raw(zone) >= at().capacity; }

    void read(Buffers into, TapeResult& result, Completion done) override {
        operate("read", result, std::move(done), [&](TapeResult& r) {
            if (object_ == at().objects.size()) return fail(r, TapeStatus::end_of_data);
            const auto& object = at().objects[object_];
            if (object.filemark) {
                ++object_;
                return fail(r, TapeStatus::filemark);
            }
            if (const auto refused = refuse_decryption(object)) return fail(r, *refused);
            ++object_;
            if (object.bad) return fail(r, TapeStatus::corrupt);
            r.bytes = raw(copy_to(into, ByteCount{0}, object.data));
            r.block_length = object.data.size();
            cartridge_->statistics.read = cartridge_->statistics.read + ByteCount{r.block_length};
        });
    }
    void write(Buffers from, std::uint32_t block_length, TapeResult& result, Completion done) override {
        operate("write", result, std::move(done), [&](TapeResult& r) {
            if (const auto refused = refuse_change()) return fail(r, *refused);
            const auto blocks = raw(total(from)) / block_length;
            assert(blocks > 0 && blocks * block_length == raw(total(from)));
            // What lies behind is lost even if nothing fits.
            at().objects.resize(object_);
            for (; r.done < blocks; ++r.done) {
                if (at().bytes(object_) + block_length > at().capacity)
                    return fail(r, TapeStatus::end_of_partition);
                TapeObject block;
                block.data.resize(block_length);
                copy_from(from, ByteCount{r.done * block_length}, block.data);
                if (encryption.encrypt == TapeEncryption::Encrypt::on) block.encryption = encryption;
                put(std::move(block));
                cartridge_->statistics.written = cartridge_->statistics.written + ByteCount{block_length};
            }
        });
    }
    void write_filemarks(std::uint64_t count, TapeResult& result, Completion done) override {
        operate("write_filemarks", result, std::move(done), [&](TapeResult& r) {
            if (const auto refused = refuse_change()) return fail(r, *refused);
            for (; r.done < count; ++r.done) put({.filemark = true});
        });
    }
    void synchronize(TapeResult& result, Completion done) override {
        operate("synchronize", result, std::move(done), [](TapeResult&) {});
    }
    void space(TapeSpacing over, std::int64_t count, TapeResult& result, Completion done) override {
        operate("space", result, std::move(done), [&](TapeResult& r) {
            const auto bits = static_cast<std::uint64_t>(count);
            const auto wanted = count < 0 ? 0 - bits : bits;
            while (r.done < wanted) {
                if (count > 0 && object_ == at().objects.size()) return fail(r, TapeStatus::end_of_data);
                if (count < 0 && object_ == 0) return fail(r, TapeStatus::beginning_of_partition);
                const bool filemark = at().objects[count > 0 ? object_++ : --object_].filemark;
                if (filemark && over == TapeSpacing::blocks) return fail(r, TapeStatus::filemark);
                r.done += filemark || over == TapeSpacing::blocks;
            }
        });
    }
    void space_to_end(TapeResult& result, Completion done) override {
        operate("space_to_end", result, std::move(done), [&](TapeResult&) { object_ = at().objects.size(); });
    }
    void locate(std::uint32_t partition, std::uint64_t object, TapeResult& result, Completion done) override {
        operate("locate", result, std::move(done), [&](TapeResult& r) {
            if (partition >= cartridge_->partitions.size()) return fail(r, TapeStatus::unsupported);
            partition_ = partition;
            object_ = std::min<std::uint64_t>(object, at().objects.size());
            if (object_ != object) fail(r, TapeStatus::end_of_data);
        });
    }
    void locate_file(std::uint32_t partition, std::uint64_t file, TapeResult& result,
                     Completion done) override {
        operate("locate_file", result, std::move(done), [&](TapeResult& r) {
            if (partition >= cartridge_->partitions.size()) return fail(r, TapeStatus::unsupported);
            partition_ = partition;
            for (object_ = 0; file > 0; ++object_) {
                if (object_ == at().objects.size()) return fail(r, TapeStatus::end_of_data);
                file -= at().objects[object_].filemark;
            }
        });
    }
    void verify(std::uint64_t blocks, TapeResult& result, Completion done) override {
        operate("verify", result, std::move(done), [&](TapeResult& r) {
            for (; r.done < blocks; ++r.done) {
                if (object_ == at().objects.size()) return fail(r, TapeStatus::end_of_data);
                const auto& object = at().objects[object_++];
                if (object.filemark) return fail(r, TapeStatus::filemark);
                if (object.bad) return fail(r, TapeStatus::corrupt);
            }
        });
    }
    void erase(TapeResult& result, Completion done) override {
        operate("erase", result, std::move(done), [&](TapeResult& r) {
            if (const auto refused = refuse_change()) return fail(r, *refused);
            at().objects.resize(object_);
            changed();
        });
    }
    void format(std::vector<ByteCount> sizes, TapeResult& result, Completion done) override {
        operate("format", result, std::move(done), [&](TapeResult& r) {
            if (const auto refused = refuse_change()) return fail(r, *refused);
            std::vector<std::uint64_t> bytes;
            for (const auto size : sizes) bytes.push_back(raw(size));
            cartridge_->format(bytes);
            partition_ = 0;
            object_ = 0;
            changed();
        });
    }
    void set_capacity(std::uint16_t part, TapeResult& result, Completion done) override {
        operate("set_capacity", result, std::move(done), [&](TapeResult& r) {
            if (const auto refused = refuse_change()) return fail(r, *refused);
            cartridge_->format({std::max<std::uint64_t>(1, cartridge_->capacity * part / 65535)});
            partition_ = 0;
            object_ = 0;
            changed();
        });
    }
    void resume(const TapePosition& position, bool cut, TapeResult& result, Completion done) override {
        operate(cut ? "resume, cut" : "resume", result, std::move(done), [&](TapeResult& r) {
            if (position.partition >= cartridge_->partitions.size()) return fail(r, TapeStatus::unsupported);
            partition_ = position.partition;
            if (position.object > at().objects.size()) return fail(r, TapeStatus::end_of_data);
            object_ = position.object;
            if (cut) at().objects.resize(object_);
        });
    }

    const std::vector<TapeAttribute>& attributes(std::uint32_t partition) const override {
        return cartridge_->partitions.at(partition).attributes;
    }
    void set_attributes(std::uint32_t partition, std::vector<TapeAttribute> attributes, TapeResult& result,
                        Completion done) override {
        operate("set_attributes", result, std::move(done), [&](TapeResult&) {
            auto& all = cartridge_->partitions.at(partition).attributes;
            for (auto& attribute : attributes) {
                std::erase_if(all, [&](const auto& old) { return old.id == attribute.id; });
                if (!attribute.value.empty()) all.push_back(std::move(attribute));
            }
            std::ranges::sort(all, {}, &TapeAttribute::id);
        });
    }
    void set_compression(bool on) override { compression = on; }
    void set_encryption(const TapeEncryption& to) override { encryption = to; }
    void look_at_next(TapeNext& next, TapeResult& result, Completion done) override {
        operate("look_at_next", result, std::move(done), [&](TapeResult&) {
            next = {};
            if (object_ == at().objects.size()) return;
            const auto& object = at().objects[object_];
            next.kind = object.filemark ? TapeNext::Kind::filemark : TapeNext::Kind::block;
            next.encrypted = object.encryption.has_value();
            if (!object.encryption) return;
            next.key_fits = object.encryption->key == encryption.key;
            next.unauthenticated = object.encryption->unauthenticated;
            next.authenticated = object.encryption->authenticated;
        });
    }
    void abort(IoOperation& operation) override {
        const auto found = std::ranges::find_if(held_, [&](const auto& h) { return h.answers(operation); });
        if (found == held_.end()) return;
        auto done = std::move(*found);
        held_.erase(found);
        std::move(done)({IoStatus::aborted, 0, 0});
    }

private:
    MemoryCartridge::Partition& at() const { return cartridge_->partitions[partition_]; }

    template <class Work>
    void operate(const char* name, TapeResult& result, Completion done, Work work) {
        log.emplace_back(name);
        result = {TapeStatus::ok, 0, 0, 0};
        if (fail_next) {
            result.status = *std::exchange(fail_next, std::nullopt);
        } else {
            work(result);
        }
        if (hold) {
            held_.push_back(std::move(done));
        } else {
            std::move(done)({});
        }
    }
    static void fail(TapeResult& result, TapeStatus status) { result.status = status; }

    void thread() {
        loaded_ = true;
        partition_ = 0;
        object_ = 0;
        written_since_load_ = 0;
        auto& statistics = cartridge_->statistics;
        ++statistics.loads;
        std::rotate(statistics.drives.begin(), statistics.drives.end() - 1, statistics.drives.end());
        statistics.drives[0] = drive_serial;
    }
    void put(TapeObject object) {
        at().objects.resize(object_);
        at().objects.push_back(std::move(object));
        ++object_;
        changed();
    }
    void changed() {
        if (written_since_load_++ == 0) ++cartridge_->change_reference;
    }
    std::optional<TapeStatus> refuse_change() const {
        if (cartridge_->write_protected) return TapeStatus::write_protected;
        if (cartridge_->worm && object_ != at().objects.size()) return TapeStatus::worm;
        return std::nullopt;
    }
    std::optional<TapeStatus> refuse_decryption(const TapeObject& object) const {
        using Decrypt = TapeEncryption::Decrypt;
        if (!object.encryption) {
            return encryption.decrypt == Decrypt::on ? std::optional(TapeStatus::not_encrypted)
                                                     : std::nullopt;
        }
        if (encryption.decrypt == Decrypt::off) return TapeStatus::key_missing;
        if (object.encryption->key != encryption.key) return TapeStatus::key_wrong;
        return std::nullopt;
    }
    void describe() const {
        medium_.id = cartridge_->id;
        medium_.barcode = cartridge_->barcode;
        medium_.density = cartridge_->density;
        medium_.worm = cartridge_->worm;
        medium_.write_protected = cartridge_->write_protected;
        medium_.cleaning = cartridge_->cleaning;
        medium_.written_since_load = written_since_load_;
        medium_.change_reference = cartridge_->change_reference;
        medium_.statistics = cartridge_->statistics;
        medium_.partitions.clear();
        for (std::size_t i = 0; i < cartridge_->partitions.size(); ++i) {
            const auto& partition = cartridge_->partitions[i];
            const auto end = partition.objects.size();
            medium_.partitions.push_back({ByteCount{partition.capacity},
                                          ByteCount{partition.bytes(end)},
                                          ByteCount{i == partition_ ? partition.bytes(object_) : 0},
                                          {static_cast<std::uint32_t>(i), end, partition.marks(end)}});
        }
    }

    MemoryCartridge* cartridge_ = nullptr;
    bool loaded_ = false;
    std::uint32_t partition_ = 0;
    std::uint64_t object_ = 0;
    std::uint64_t written_since_load_ = 0;
    mutable TapeMedium medium_;
    std::vector<Completion> held_;
};

}  // namespace tcmud::test
