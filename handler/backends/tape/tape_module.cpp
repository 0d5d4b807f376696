// SPDX-License-Identifier: Apache-2.0
// Tape drives, and libraries of them, as a module.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "handler/backends/tape/drive.hpp"
#include "handler/backends/tape/library/library.hpp"
#include "tcmud/module.hpp"

namespace tcmud::tape {
namespace {

constexpr std::string_view changer = "changer";

// cartridge, library: what the path is of.
Result<void> check_path(const OpenRequest& request, std::string_view what) {
    if (request.path.starts_with('/')) return {};
    return failure(EINVAL, fmt::format("'{}' is no absolute path: write {}//path/of/{}", request.path,
                                       request.subtype, what));
}

// What is said in library.toml is not said again.
Result<void> check_library_options(const OpenRequest& request) {
    if (auto good = check_path(request, "library"); !good) return good;
    for (const auto* key : {"personality", "maker", "serial", "compression", "readonly"}) {
        if (request.options.text(key))
            return failure(EINVAL,
                           fmt::format("{}= is none of a library's options: see its library.toml", key));
    }
    if (request.subtype == changer && request.options.text("drive"))
        return failure(EINVAL, "drive= is a drive's: write tape//path/of/library;drive=N for one");
    return {};
}

Result<std::size_t> drive_number(const OpenRequest& request) {
    const auto text = *request.options.text("drive");
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
    return failure(EINVAL, fmt::format("drive={}: it must be a number, from 0 on", text));
}

// One of the names; the first, if the option is not given.
template <std::size_t count>
Result<std::string> one_of(const std::array<std::string_view, count>& names, const OpenRequest& request,
                           std::string_view key) {
    const auto given = request.options.text(key).value_or(names.front());
    if (std::ranges::find(names, given) != names.end()) return std::string(given);
    return failure(EINVAL, fmt::format("{}={}: it can be {}", key, given, fmt::join(names, ", ")));
}

Result<DriveOptions> drive_options(const OpenRequest& request) {
    auto personality = one_of(tape_personalities, request, "personality");
    if (!personality) return tl::unexpected(personality.error());
    auto maker = one_of(tape_makers, request, "maker");
    if (!maker) return tl::unexpected(maker.error());
    const auto level = one_of(compression_levels, request, "compression");
    if (!level) return tl::unexpected(level.error());
    DriveOptions options;
    options.serial = request.options.text("serial").value_or("");
    options.personality = std::move(*personality);
    options.maker = std::move(*maker);
    options.compression = compression_level(*level);
    return options;
}

class TapeModule final : public BackendModule {
public:
    std::string_view subtype() const override { return "tape"; }
    std::span<const std::string_view> aliases() const override {
        static constexpr std::array names{changer};
        return names;
    }
    LunKind kind(std::string_view subtype) const override {
        return subtype == changer ? LunKind::changer : LunKind::tape;
    }
    std::string_view description() const override {
        return "A tape drive with a cartridge in it: tape//path/of/cartridge (tcmu-tape create makes one). "
               "Of a tape library (tcmu-library create): changer//path/of/library, "
               "tape//path/of/library;drive=0.";
    }
    std::span<const OptionInfo> options() const override {
        static constexpr std::array infos{
            OptionInfo{"readonly", OptionInfo::Kind::flag, "the cartridge is write-protected; default off"},
            OptionInfo{"serial", OptionInfo::Kind::text,
                       "the drive's serial number; default: the LUN's unit serial"},
            OptionInfo{"personality", OptionInfo::Kind::text,
                       "which drive it is: lto-8 (the default), lto-5, lto-6, lto-7, lto-9"},
            OptionInfo{"maker", OptionInfo::Kind::text, "whose names it has: tcmud (the default), ibm, hpe"},
            OptionInfo{"compression", OptionInfo::Kind::text,
                       "how hard blocks are compressed: off, if nothing is said; fast; default"},
            OptionInfo{"drive", OptionInfo::Kind::text,
                       "the path is of a library: which of its drives, from 0 on"},
        };
        return infos;
    }

    Result<void> check(const OpenRequest& request) const override {
        if (is_of_library(request)) return check_library(request);
        return check_path(request, "cartridge")
            .and_then([&] { return drive_options(request); })
            .and_then(
                [&](const DriveOptions&) { return Cartridge::open(request.path, Cartridge::Use::look); })
            .and_then([](const Cartridge& cartridge) { return cartridge.check_unused(); });
    }

    Result<OpenedBackend> open(const OpenRequest& request) const override {
        if (is_of_library(request)) return open_of_library(request);
        if (auto good = check_path(request, "cartridge"); !good) return tl::unexpected(good.error());
        auto options = drive_options(request);
        if (!options) return tl::unexpected(options.error());
        auto cartridge = Cartridge::open(request.path, Cartridge::Use::drive);
        if (!cartridge) return tl::unexpected(cartridge.error());
        if (request.options.flag("readonly", false)) cartridge->protect();
        auto drive = make_drive(std::move(*options));
        drive->insert(std::make_unique<Cartridge>(std::move(*cartridge)));
        return OpenedBackend(std::unique_ptr<TapeBackend>(std::move(drive)));
    }

private:
    static bool is_of_library(const OpenRequest& request) {
        return request.subtype == changer || request.options.text("drive");
    }

    static Result<void> check_library(const OpenRequest& request) {
        if (auto good = check_library_options(request); !good) return good;
        const auto directory = LibraryDirectory::open(request.path);
        if (!directory) return tl::unexpected(directory.error());
        if (const auto found = directory->look(); !found) return tl::unexpected(found.error());
        if (request.subtype == changer) return {};
        const auto number = drive_number(request);
        if (!number) return tl::unexpected(number.error());
        return directory->check_drive(*number);
    }

    static Result<OpenedBackend> open_of_library(const OpenRequest& request) {
        if (auto good = check_library_options(request); !good) return tl::unexpected(good.error());
        if (request.subtype == changer) {
            return Library::open_changer(request.path).map([](std::unique_ptr<ChangerBackend> opened) {
                return OpenedBackend(std::move(opened));
            });
        }
        const auto number = drive_number(request);
        if (!number) return tl::unexpected(number.error());
        return Library::open_drive(request.path, *number).map([](std::unique_ptr<TapeBackend> drive) {
            return OpenedBackend(std::move(drive));
        });
    }
};

const BackendModule& module() {
    static const TapeModule instance;
    return instance;
}

}  // namespace
}  // namespace tcmud::tape

extern "C" __attribute__((visibility("default")))
const tcmud::ModuleEntry tcmud_module{TCMUD_BUILD_ID, tcmud::tape::module};
