// SPDX-License-Identifier: Apache-2.0
// Tape drives as a module.
#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "handler/backends/tape/drive.hpp"
#include "tcmud/module.hpp"

namespace tcmud::tape {
namespace {

Result<void> check_path(const OpenRequest& request) {
    if (request.path.starts_with('/')) return {};
    return failure(EINVAL, fmt::format("'{}' is no absolute path: write {}//path/of/cartridge", request.path,
                                       request.subtype));
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
    auto personality = one_of(tape_personalities, request, "drive");
    if (!personality) return tl::unexpected(personality.error());
    auto maker = one_of(tape_makers, request, "maker");
    if (!maker) return tl::unexpected(maker.error());
    return DriveOptions{std::string(request.options.text("serial").value_or("")),
                        {},
                        std::move(*personality),
                        std::move(*maker)};
}

class TapeModule final : public BackendModule {
public:
    std::string_view subtype() const override { return "tape"; }
    LunKind kind(std::string_view) const override { return LunKind::tape; }
    std::string_view description() const override {
        return "A tape drive with a cartridge in it: tape//path/of/cartridge (tcmu-tape create makes one).";
    }
    std::span<const OptionInfo> options() const override {
        static constexpr std::array infos{
            OptionInfo{"readonly", OptionInfo::Kind::flag, "the cartridge is write-protected; default off"},
            OptionInfo{"serial", OptionInfo::Kind::text,
                       "the drive's serial number; default: the LUN's unit serial"},
            OptionInfo{"drive", OptionInfo::Kind::text,
                       "which drive it is: lto-8 (the default), lto-5, lto-6, lto-7, lto-9"},
            OptionInfo{"maker", OptionInfo::Kind::text, "whose names it has: tcmud (the default), ibm, hpe"},
        };
        return infos;
    }

    Result<void> check(const OpenRequest& request) const override {
        return check_path(request)
            .and_then([&] { return drive_options(request); })
            .and_then(
                [&](const DriveOptions&) { return Cartridge::open(request.path, Cartridge::Use::look); })
            .and_then([](const Cartridge& cartridge) { return cartridge.check_unused(); });
    }

    Result<OpenedBackend> open(const OpenRequest& request) const override {
        if (auto good = check_path(request); !good) return tl::unexpected(good.error());
        auto options = drive_options(request);
        if (!options) return tl::unexpected(options.error());
        auto cartridge = Cartridge::open(request.path, Cartridge::Use::drive);
        if (!cartridge) return tl::unexpected(cartridge.error());
        if (request.options.flag("readonly", false)) cartridge->protect();
        auto drive = make_drive(std::move(*options));
        drive->insert(std::make_unique<Cartridge>(std::move(*cartridge)));
        return OpenedBackend(std::unique_ptr<TapeBackend>(std::move(drive)));
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
