// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/module_loader.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "handler/daemon/log.hpp"

namespace tcmud::daemon {

namespace {

Result<const BackendModule*> load_one(const std::filesystem::path& path) {
    void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) return failure(ENOEXEC, ::dlerror());
    const auto* entry = static_cast<const ModuleEntry*>(::dlsym(handle, "tcmud_module"));
    if (!entry) return failure(ENOEXEC, fmt::format("{}: is no tcmud module", path.string()));
    if (std::string_view(entry->build_id) != TCMUD_BUILD_ID) {
        return failure(ENOEXEC,
                       fmt::format("{}: is of build {}, this daemon of {}: install both from one package",
                                   path.string(), entry->build_id, TCMUD_BUILD_ID));
    }
    return &entry->module();
}

}  // namespace

Modules Modules::load(const std::filesystem::path& named) {
    const auto directory = named.empty() ? default_module_directory() : named;
    std::set<std::filesystem::path> paths;  // Sorted, so that every start is alike.
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
        if (file.path().extension() == ".so") paths.insert(file.path());
    }
    if (error) log::error("cannot read the module directory {}: {}", directory.string(), error.message());
    Modules modules;
    for (const auto& path : paths) {
        const auto module = load_one(path);
        if (!module) {
            log::error("backend module left out: {}", module.error().text);
        } else if (modules.find((*module)->subtype())) {
            log::error("backend module left out: {}: subtype '{}' is loaded already", path.string(),
                       (*module)->subtype());
        } else {
            modules.modules_.push_back(*module);
        }
    }
    return modules;
}

const BackendModule* Modules::find(std::string_view subtype) const {
    for (const auto* module : modules_) {
        const auto aliases = module->aliases();
        if (module->subtype() == subtype || std::ranges::find(aliases, subtype) != aliases.end())
            return module;
    }
    return nullptr;
}

std::string Modules::names() const {
    std::string names;
    for (const auto* module : modules_) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", module->subtype());
        for (const auto alias : module->aliases()) names += fmt::format(", {}", alias);
    }
    return names;
}

std::filesystem::path default_module_directory() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        const auto beside = self.parent_path().parent_path() / "lib" / "tcmud";
        if (std::filesystem::is_directory(beside, error)) return beside;
    }
    return TCMUD_MODULE_DIRECTORY;
}

}  // namespace tcmud::daemon
