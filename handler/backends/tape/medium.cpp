// SPDX-License-Identifier: Apache-2.0
// What is changed of a cartridge as a whole: its partitions, its memory.
#include <algorithm>

#include "handler/backends/tape/tape_drive.hpp"

namespace tcmud::tape {

void TapeDrive::format(std::vector<ByteCount> sizes, TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (const auto may = may_erase(); may != TapeStatus::ok) return finish(may);
    sizes_ = std::move(sizes);
    in_background(&TapeDrive::do_format, &TapeDrive::formatted);
}

void TapeDrive::set_capacity(std::uint16_t part, TapeResult& result, Completion done) {
    constexpr std::uint64_t least = std::uint64_t{1} << 20;
    // In two steps: the product may be more than 64 bits have.
    const auto capacity = raw(cartridge_->cart().capacity);
    const auto bytes = capacity / 65535 * part + capacity % 65535 * part / 65535;
    format({ByteCount{std::min(std::max(bytes, least), capacity)}}, result, std::move(done));
}

void TapeDrive::do_format() {
    auto& cart = cartridge_->cart();
    const auto before = cart.change_reference;
    if (!changed_) cart.change_reference += 1;
    work_ = cartridge_->format(sizes_);
    if (!work_) {
        cart.change_reference = before;
        if (work_.error().number != EINVAL) return;
        work_ = {};
        work_status_ = TapeStatus::unsupported;
        return;
    }
    changed_ = true;
}

void TapeDrive::formatted(const IoResult& io) {
    if (io.status == IoStatus::ok && work_ && work_status_ == TapeStatus::ok) {
        head_ = {};
        const auto changes = medium_.written_since_load;
        describe_medium();
        medium_.written_since_load = changes + 1;
    }
    finish_work(io);
}

const std::vector<TapeAttribute>& TapeDrive::attributes(std::uint32_t partition) const {
    static const std::vector<TapeAttribute> none;
    const auto& all = cartridge_->cart().partitions;
    return partition < all.size() ? all[partition].attributes : none;
}

void TapeDrive::set_attributes(std::uint32_t partition, std::vector<TapeAttribute> attributes,
                               TapeResult& result, Completion done) {
    begin(result, std::move(done));
    if (partition >= cartridge_->partitions().size()) return finish(TapeStatus::unsupported);
    if (!cartridge_->writable()) return finish(TapeStatus::write_protected);
    attributes_of_ = partition;
    attributes_ = std::move(attributes);
    in_background(&TapeDrive::save_attributes, &TapeDrive::finish_work);
}

void TapeDrive::save_attributes() {
    auto& all = cartridge_->cart().partitions[attributes_of_].attributes;
    auto before = all;
    for (auto& attribute : attributes_) {
        const auto at = std::ranges::lower_bound(all, attribute.id, {}, &TapeAttribute::id);
        const bool there = at != all.end() && at->id == attribute.id;
        if (attribute.value.empty()) {
            if (there) all.erase(at);
        } else if (there) {
            *at = std::move(attribute);
        } else {
            all.insert(at, std::move(attribute));
        }
    }
    work_ = cartridge_->save();
    if (!work_) all = std::move(before);
}

}  // namespace tcmud::tape
