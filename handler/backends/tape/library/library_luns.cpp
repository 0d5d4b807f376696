// SPDX-License-Identifier: Apache-2.0
// What a library is to its initiators: a changer, and drives.
#include <cerrno>
#include <optional>
#include <utility>

#include "handler/backends/tape/drive.hpp"
#include "handler/backends/tape/library/library.hpp"
#include "handler/backends/tape/library/library_drive.hpp"

namespace tcmud::tape {

namespace {

class LibraryChanger final : public ChangerBackend {
public:
    explicit LibraryChanger(std::shared_ptr<Library> library) : library_(std::move(library)) {}
    ~LibraryChanger() override { library_->leave(); }

    std::string_view placement_key() const override { return library_->directory().path(); }
    std::string_view vendor() const override { return library_->directory().file().vendor; }
    std::string_view product() const override { return library_->directory().file().product; }
    std::string_view serial() const override { return library_->directory().file().serial; }
    void start(IoQueue& queue, Events events) override { library_->join(std::move(events), queue); }

    std::span<const Element> elements() const override {
        if (known_ != library_->now()) {
            known_ = library_->now();
            elements_ = known_->elements;
        }
        const auto drives = library_->directory().file().drives.size();
        for (std::size_t i = 0; i < drives; ++i)
            elements_[elements_.size() - drives + i].loaded = library_->is_loaded(i);
        return elements_;
    }
    void move(ElementAddress source, ElementAddress destination, MoveStatus& status,
              Completion done) override {
        library_->move({source, destination, {}}, status, std::move(done));
    }
    void exchange(ElementAddress source, ElementAddress first_destination, ElementAddress second_destination,
                  MoveStatus& status, Completion done) override {
        library_->move({source, first_destination, second_destination}, status, std::move(done));
    }
    void set_barcode(ElementAddress at, std::string barcode, MoveStatus& status, Completion done) override {
        library_->set_barcode(at, std::move(barcode), status, std::move(done));
    }
    void prevent_removal(bool prevented) override {
        prevention_.reset();
        if (prevented) prevention_.emplace(library_->directory().path());
    }
    Result<std::string> control(std::string_view command) override {
        if (command != "problems") return failure(EINVAL, "the only command of a changer is 'problems'");
        return library_->problems();
    }

private:
    std::shared_ptr<Library> library_;
    mutable std::shared_ptr<const LibrarySnapshot> known_;
    mutable std::vector<Element> elements_;
    std::optional<LibraryDirectory::Prevention> prevention_;
};

}  // namespace

Result<std::unique_ptr<ChangerBackend>> Library::open_changer(const std::string& path) {
    return find(path).map([](std::shared_ptr<Library> library) -> std::unique_ptr<ChangerBackend> {
        return std::make_unique<LibraryChanger>(std::move(library));
    });
}

Result<std::unique_ptr<TapeBackend>> Library::open_drive(const std::string& path, std::size_t number) {
    auto library = find(path);
    if (!library) return tl::unexpected(library.error());
    const auto& directory = (*library)->directory();
    if (auto exists = directory.check_drive(number); !exists) {
        // It may be in the file, and not in the library that is served.
        const auto edited = directory.what_was_edited();
        if (!edited.empty()) exists.error().text += "; " + edited;
        return tl::unexpected(exists.error());
    }
    const auto& what = directory.file().drives[number];
    auto drive = make_drive(
        {what.serial, directory.path(), what.personality, what.maker, compression_level(what.compression)});
    const auto there = directory.look();
    if (!there) return tl::unexpected(there.error());
    const auto* place = there->inventory.find(
        ElementAddress{static_cast<std::uint16_t>(directory.file().bases.drives + number)});
    std::string name;
    if (place) {
        auto cartridge = Cartridge::open(directory.cartridge_path(place->cartridge), Cartridge::Use::drive);
        if (!cartridge && cartridge.error().number == EBUSY) return tl::unexpected(cartridge.error());
        // What cannot be used is in the drive, and not loaded: the robot can take it out again.
        if (cartridge) drive->insert(std::make_unique<Cartridge>(std::move(*cartridge)));
        name = place->cartridge;
    }
    return std::make_unique<LibraryDrive>(std::move(*library), number, std::move(drive), std::move(name));
}

}  // namespace tcmud::tape
