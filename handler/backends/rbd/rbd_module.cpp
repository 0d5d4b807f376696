// SPDX-License-Identifier: Apache-2.0
#include "handler/backends/rbd/rbd.hpp"
#include "handler/backends/rbd/settings.hpp"
#include "tcmud/module.hpp"

namespace tcmud::rbd {
namespace {

class RbdModule final : public BackendModule {
public:
    std::string_view subtype() const override { return "rbd"; }
    std::string_view description() const override {
        return "An image of a Ceph cluster as a disk: POOL[/NAMESPACE]/IMAGE[@SNAPSHOT].";
    }
    std::span<const OptionInfo> options() const override { return Settings::options(); }
    Result<void> check(const OpenRequest& request) const override { return rbd::check(request); }
    Result<OpenedBackend> open(const OpenRequest& request) const override {
        return rbd::open(request).map(
            [](std::unique_ptr<BlockBackend> backend) { return OpenedBackend(std::move(backend)); });
    }
};

const BackendModule& module() {
    static const RbdModule instance;
    return instance;
}

}  // namespace
}  // namespace tcmud::rbd

extern "C" __attribute__((visibility("default")))
const tcmud::ModuleEntry tcmud_module{TCMUD_BUILD_ID, tcmud::rbd::module};
