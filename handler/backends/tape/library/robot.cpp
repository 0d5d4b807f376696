// SPDX-License-Identifier: Apache-2.0
// Moves of a library that is served. A cartridge leaves its drive before the inventory says so, and is open
// for the one that it goes to: once the inventory has changed, nothing can fail any more.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "handler/backends/tape/library/library.hpp"
#include "handler/backends/tape/library/library_drive.hpp"

namespace tcmud::tape {

namespace {

MoveStatus status_of_change(const Error& error) {
    switch (error.number) {
        case EBUSY: return MoveStatus::busy;
        case EEXIST:
        case EINVAL: return MoveStatus::barcode_taken;
        default: return MoveStatus::io_error;
    }
}

}  // namespace

void Library::move(const MoveRequest& request, MoveStatus& status, Completion done) {
    do_in_turn([this, request, &status, done = std::make_shared<Completion>(std::move(done))] {
        carry_out(request, status, std::move(*done));
    });
}

void Library::set_barcode(ElementAddress at, std::string barcode, MoveStatus& status, Completion done) {
    do_in_turn([this, at, barcode = std::move(barcode), &status,
                done = std::make_shared<Completion>(std::move(done))]() mutable {
        change_barcode(at, std::move(barcode), status, std::move(*done));
    });
}

Library::Swaps Library::swaps_for(const Inventory& inventory) const {
    Swaps swaps;
    for (auto* drive : drives_) {
        if (!drive) continue;
        const auto* place = inventory.find(address_of(*drive));
        const auto wanted = place ? place->cartridge : std::string();
        if (wanted != drive->cartridge) swaps.push_back({drive, drive->cartridge, wanted, {}, {}});
    }
    return swaps;
}

MoveStatus Library::open_given(Swap& swap) const {
    if (swap.after.empty()) return MoveStatus::ok;
    const auto facts = now_->cartridges.find(swap.after);
    if (facts != now_->cartridges.end() && !facts->second.problem.empty()) return MoveStatus::damaged;
    auto cartridge = Cartridge::open(directory_.cartridge_path(swap.after), Cartridge::Use::drive);
    if (!cartridge) return cartridge.error().number == EBUSY ? MoveStatus::busy : MoveStatus::damaged;
    swap.given = std::make_unique<Cartridge>(std::move(*cartridge));
    return MoveStatus::ok;
}

MoveStatus Library::open_given(Swaps& swaps) const {
    for (auto& swap : swaps) {
        // From one drive to another it stays open.
        const bool taken = std::ranges::any_of(
            swaps, [&](const Swap& other) { return other.taken && other.before == swap.after; });
        if (taken) continue;
        if (const auto status = open_given(swap); status != MoveStatus::ok) return status;
    }
    return MoveStatus::ok;
}

Sequence Library::take_out(Swap& swap, bool& out, Completion done) {
    auto& drive = *swap.drive;
    co_await Wait{[&](Completion closed) { drive.close_gate(std::move(closed)); }};
    TapeResult result;
    if (drive.medium())
        co_await Wait{[&](Completion ended) { drive.drive().unload(result, std::move(ended)); }};
    out = !drive.medium();
    if (out && drive.occupied()) swap.taken = drive.drive().remove();
    std::move(done)({});
}

MoveStatus Library::commit(const MoveRequest& request, std::optional<LibraryDirectory::Changed>& changed,
                           std::string& trouble) const {
    auto status = MoveStatus::io_error;
    auto made = directory_.change(
        [&](const LibrarySnapshot& there, Inventory& inventory) -> Result<void> {
            status = tape::move(there, request, inventory);
            if (status != MoveStatus::ok) return failure(EINVAL, "refused");
            // A drive that is another process's.
            for (const auto address : {request.source, request.destination}) {
                const auto* element = there.find(address);
                if (element->type != ElementType::drive || is_served(address) || !element->full) continue;
                if (!directory_.in_use(element->cartridge)) continue;
                status = MoveStatus::busy;
                return failure(EBUSY, "in use");
            }
            return {};
        },
        now_.get());
    if (made) {
        changed.emplace(std::move(*made));
    } else if (status == MoveStatus::ok || status == MoveStatus::io_error) {
        trouble = made.error().text;
        status = status_of_change(made.error()) == MoveStatus::busy ? MoveStatus::busy : MoveStatus::io_error;
    }
    return status;
}

void Library::put_in(Swaps& swaps) {
    for (auto& swap : swaps) {
        if (swap.given || swap.after.empty()) continue;
        const auto from = std::ranges::find_if(
            swaps, [&](const Swap& other) { return other.taken && other.before == swap.after; });
        if (from != swaps.end()) swap.given = std::move(from->taken);
    }
    for (auto& swap : swaps) {
        swap.drive->cartridge = swap.given ? swap.after : std::string();
        if (swap.given) swap.drive->drive().insert(std::move(swap.given));
        if (!swap.before.empty() || !swap.drive->cartridge.empty()) swap.drive->drive().medium_changed();
        swap.drive->open_gate();
    }
}

void Library::put_back(Swaps& swaps) {
    for (auto& swap : swaps) {
        if (swap.taken) {
            swap.drive->drive().insert(std::move(swap.taken));
            swap.drive->drive().medium_changed();
        }
        swap.drive->open_gate();
    }
}

// What another process works with is soon let go where that one is our predecessor, or soon ours where its
// LUN is being opened.
Sequence Library::carry_out(MoveRequest request, MoveStatus& status, Completion done) {
    const auto kept = shared_from_this();
    constexpr auto interval = std::chrono::milliseconds(50);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    for (;;) {
        co_await Wait{[&](Completion ended) { attempt(request, status, std::move(ended)); }};
        if (status != MoveStatus::busy || std::chrono::steady_clock::now() >= until) break;
        auto rest = [interval] { std::this_thread::sleep_for(interval); };
        co_await in_background(*queue_, file_, rest);
    }
    std::move(done)({});
    job_ended();
}

Sequence Library::attempt(MoveRequest request, MoveStatus& status, Completion done) {
    auto wanted = now_->inventory;
    status = tape::move(*now_, request, wanted);
    auto swaps = status == MoveStatus::ok ? swaps_for(wanted) : Swaps();
    for (const auto& swap : swaps) {
        const bool taken_out = swap.drive->occupied();
        if (taken_out && swap.drive->drive().removal_prevented()) status = MoveStatus::removal_prevented;
    }
    if (status != MoveStatus::ok) {
        std::move(done)({});
        co_return;
    }
    for (auto& swap : swaps) {
        bool out = false;
        co_await Wait{[&](Completion ended) { take_out(swap, out, std::move(ended)); }};
        if (!out) status = MoveStatus::io_error;
    }
    std::optional<LibraryDirectory::Changed> changed;
    std::string trouble;
    auto work = [&] {
        if (status == MoveStatus::ok) status = open_given(swaps);
        if (status == MoveStatus::ok) status = commit(request, changed, trouble);
        if (status != MoveStatus::ok)
            for (auto& swap : swaps) swap.given.reset();
    };
    co_await in_background(*queue_, file_, work);
    trouble_ = std::move(trouble);
    if (changed) {
        put_in(swaps);
        const auto others = difference(*now_, changed->before);
        know(std::move(changed->after));
        tell(others);
    } else {
        put_back(swaps);
    }
    // What was taken out is closed where that may block.
    auto close = [&] { swaps.clear(); };
    if (!swaps.empty()) co_await in_background(*queue_, file_, close);
    std::move(done)({});
}

Sequence Library::change_barcode(ElementAddress at, std::string barcode, MoveStatus& status,
                                 Completion done) {
    const auto kept = shared_from_this();
    const auto* element = now_->find(at);
    status = !element        ? MoveStatus::no_source_element
             : element->full ? MoveStatus::ok
                             : MoveStatus::source_empty;
    if (status == MoveStatus::ok) {
        std::optional<Result<LibraryDirectory::Changed>> changed;
        auto work = [&, cartridge = element->cartridge] {
            changed.emplace(directory_.set_barcode(cartridge, barcode));
        };
        co_await in_background(*queue_, file_, work);
        if (*changed) {
            const auto others = difference(*now_, (*changed)->before);
            know(std::move((*changed)->after));
            tell(others);
        } else {
            status = status_of_change(changed->error());
        }
    }
    std::move(done)({});
    job_ended();
}

}  // namespace tcmud::tape
