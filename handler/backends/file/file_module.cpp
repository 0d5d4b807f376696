// SPDX-License-Identifier: Apache-2.0
// The file backend as a module.
#include <array>

#include "handler/backends/file/file.hpp"

namespace tcmud::file {
namespace {

class FileModule final : public BackendModule {
public:
    std::string_view subtype() const override { return "file"; }
    std::span<const std::string_view> aliases() const override {
        static constexpr std::array<std::string_view, 1> names{"qcow"};
        return names;
    }
    std::string_view description() const override {
        return "A regular file or a block device: file//path/of/file. (qcow//path is the same for raw "
               "images.)";
    }
    std::span<const OptionInfo> options() const override { return file::options(); }

    Result<void> check(const OpenRequest& request) const override { return file::check(request); }
    Result<OpenedBackend> open(const OpenRequest& request) const override {
        return file::open(request).map(
            [](std::unique_ptr<BlockBackend> backend) { return OpenedBackend(std::move(backend)); });
    }
};

const BackendModule& module() {
    static const FileModule instance;
    return instance;
}

}  // namespace
}  // namespace tcmud::file

extern "C" __attribute__((visibility("default")))
const tcmud::ModuleEntry tcmud_module{TCMUD_BUILD_ID, tcmud::file::module};
