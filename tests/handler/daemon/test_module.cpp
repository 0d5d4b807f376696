// SPDX-License-Identifier: Apache-2.0
// Modules for the loader's tests: of this build, of another one, or without the entry (see CMakeLists.txt).
#include <array>
#include <cerrno>

#include "tcmud/module.hpp"

namespace {

class TestModule final : public tcmud::BackendModule {
public:
    std::string_view subtype() const override { return "testing"; }
    std::span<const std::string_view> aliases() const override { return aliases_; }
    std::string_view description() const override { return "for tests"; }
    std::span<const tcmud::OptionInfo> options() const override { return {}; }
    tcmud::Result<void> check(const tcmud::OpenRequest&) const override { return {}; }
    tcmud::Result<tcmud::OpenedBackend> open(const tcmud::OpenRequest&) const override {
        return tcmud::failure(ENOTSUP, "for tests");
    }

private:
    static constexpr std::array<std::string_view, 1> aliases_{"trial"};
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const tcmud::ModuleEntry TEST_MODULE_ENTRY;
const tcmud::ModuleEntry TEST_MODULE_ENTRY{TEST_MODULE_BUILD_ID, []() -> const tcmud::BackendModule& {
                                               static const TestModule module;
                                               return module;
                                           }};
