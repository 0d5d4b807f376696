// SPDX-License-Identifier: Apache-2.0
// A library of two drives, one import and export element and four slots, served on a serving thread's queue.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "handler/backends/tape/library/library.hpp"
#include "handler/serving/io_uring_queue.hpp"
#include "handler/serving/shared.hpp"
#include "tests/support/descriptor.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

inline constexpr ElementAddress mail{16}, first_drive{256}, second_drive{257}, slot{4096}, next_slot{4097},
    last_slot{4099};

class ServedLibrary {
public:
    ServedLibrary() {
        tape::LibraryFile file;
        file.name = "vtl";
        file.vendor = "IBM";
        file.product = "03584L32";
        file.serial = "78000";
        file.slots = 4;
        file.import_export = 1;
        file.drives = {{"0001", "lto-8", "ibm"}, {"0002", "lto-9", "ibm"}};
        need(tape::LibraryDirectory::create(path(), file));
        directory.emplace(need(tape::LibraryDirectory::open(path())));
    }
    ~ServedLibrary() { stop(); }
    ServedLibrary(const ServedLibrary&) = delete;
    ServedLibrary& operator=(const ServedLibrary&) = delete;

    std::string path() const { return (temporary_.path() / "vtl").string(); }

    template <class T>
    static T need(Result<T> result) {
        if (!result) throw std::runtime_error(result.error().text);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

    // By an operator, beside whoever serves it.
    std::string put(const std::string& barcode, ElementAddress at) {
        tape::NewCartridge cartridge;
        cartridge.barcode = barcode;
        cartridge.capacity = ByteCount{100 << 20};
        auto name = need(directory->add({cartridge})).front();
        need(directory->change([&](const tape::LibrarySnapshot& there, tape::Inventory& inventory) {
            return tape::insert(there, name, at, inventory);
        }));
        return name;
    }
    // Of another process.
    void move_outside(ElementAddress from, ElementAddress to) {
        need(directory->change(
            [&](const tape::LibrarySnapshot& there, tape::Inventory& inventory) -> Result<void> {
                if (tape::move(there, {from, to, {}}, inventory) == MoveStatus::ok) return {};
                return failure(EINVAL, "it cannot be moved");
            }));
    }

    void serve_changer() {
        changer = need(tape::Library::open_changer(path()));
        changer->start(queue_, {[this] { ++import_export_events; }, [this] { ++inventory_events; },
                                [this](std::string_view remark) { remarks.emplace_back(remark); }});
    }
    TapeBackend& serve_drive(std::size_t number) {
        auto& drive = drives[number];
        drive = need(tape::Library::open_drive(path(), number));
        drive->start(queue_, {[this, number] { ++medium_events[number]; }});
        return *drive;
    }
    void serve_all() {
        serve_changer();
        serve_drive(0);
        serve_drive(1);
        turn();
    }
    // Where that may block, while the serving thread goes on.
    void stop() {
        std::atomic<bool> gone = false;
        std::thread worker([&] {
            changer.reset();
            for (auto& drive : drives) drive.reset();
            gone = true;
        });
        until([&] { return gone.load(); });
        worker.join();
    }

    MoveStatus move(ElementAddress from, ElementAddress to) {
        auto status = MoveStatus::io_error;
        wait([&](Completion done) { changer->move(from, to, status, std::move(done)); });
        return status;
    }
    MoveStatus exchange(ElementAddress from, ElementAddress first, ElementAddress second) {
        auto status = MoveStatus::io_error;
        wait([&](Completion done) { changer->exchange(from, first, second, status, std::move(done)); });
        return status;
    }
    MoveStatus rename(ElementAddress at, const std::string& barcode) {
        auto status = MoveStatus::io_error;
        wait([&](Completion done) { changer->set_barcode(at, barcode, status, std::move(done)); });
        return status;
    }
    TapeResult write(TapeBackend& drive, unsigned value) {
        std::vector<std::byte> data(512, static_cast<std::byte>(value));
        const iovec piece{data.data(), data.size()};
        TapeResult result;
        wait([&](Completion done) { drive.write(Buffers(&piece, 1), 512, result, std::move(done)); });
        return result;
    }
    // The first byte of the next block; nullopt if there is none.
    std::optional<unsigned> read(TapeBackend& drive) {
        std::vector<std::byte> data(512);
        const iovec piece{data.data(), data.size()};
        TapeResult result;
        wait([&](Completion done) { drive.read(Buffers(&piece, 1), result, std::move(done)); });
        if (result.status != TapeStatus::ok) return std::nullopt;
        return std::to_integer<unsigned>(data[0]);
    }

    const Element& at(ElementAddress address) {
        const auto elements = changer->elements();
        return *std::ranges::find(elements, address, &Element::address);
    }
    std::string barcode_at(ElementAddress address) { return at(address).barcode; }
    bool holds(ElementAddress address, const std::string& barcode) {
        return at(address).full && at(address).barcode == barcode;
    }

    // As a serving thread does, until nothing more happens for a while.
    void turn() {
        for (int quiet = 0; quiet < 20; ++quiet) {
            pump();
            ::usleep(1000);
        }
    }
    void until(const std::function<bool()>& happened) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!happened()) {
            pump();
            ::usleep(100);
            if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("it does not happen");
        }
    }
    void pump() {
        static_cast<void>(queue_.submit());
        queue_.reap();
        queue_.deliver();
    }
    template <class Start>
    void wait(Start start) {
        struct Waiting : IoOperation {
            bool answered = false;
        } waiting;
        waiting.deliver = [](IoOperation& operation, const IoResult&) {
            static_cast<Waiting&>(operation).answered = true;
        };
        start(Completion(waiting));
        until([&] { return waiting.answered; });
    }

    std::optional<tape::LibraryDirectory> directory;
    std::unique_ptr<ChangerBackend> changer;
    std::unique_ptr<TapeBackend> drives[2];
    int import_export_events = 0;
    int inventory_events = 0;
    int medium_events[2]{};
    std::vector<std::string> remarks;

private:
    TemporaryDirectory temporary_;
    Descriptor wake_{Descriptor::wake()};
    serving::Shared shared_;
    serving::IoUringQueue queue_{wake_.get(), shared_};
};

}  // namespace tcmud::test
