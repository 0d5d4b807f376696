// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/offer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "handler/daemon/cfgstring.hpp"
#include "handler/daemon/check.hpp"
#include "handler/daemon/dbus/names.hpp"
#include "handler/daemon/log.hpp"
#include "handler/daemon/serving_threads.hpp"

namespace tcmud::daemon::dbus {

namespace {

using namespace std::chrono_literals;

// targetcli itself would wait for 25 s.
constexpr auto check_patience = 5000ms;

// targetcli puts the subtype in front of what is typed, so the forms that messages show are not what to type.
std::string describe(const std::string& subtype, const BackendModule& module) {
    return fmt::format(
        "{}\nLeave '{}/' out here, targetcli puts it in front. Options, each behind a ';':\n{}",
        module.description(), subtype, daemon::describe(module.options()));
}

// By subtypes and aliases. only: these, unless it is empty.
std::vector<OwnHandler> own_handlers(const Modules& modules, const std::vector<std::string>& only,
                                     const std::set<std::string>& without) {
    std::vector<OwnHandler> handlers;
    for (const auto* module : modules.all()) {
        std::vector<std::string> subtypes{std::string(module->subtype())};
        for (const auto alias : module->aliases()) subtypes.emplace_back(alias);
        for (auto& subtype : subtypes) {
            if (!only.empty() && std::ranges::find(only, subtype) == only.end()) continue;
            if (without.contains(subtype)) continue;
            if (!can_be_handler(subtype)) {
                log::error(
                    "D-Bus: '{}' cannot be shown to targetcli: its name has other characters than "
                    "letters, digits and '_'",
                    subtype);
                continue;
            }
            auto description = describe(subtype, *module);
            handlers.push_back({std::move(subtype), std::move(description)});
        }
    }
    return handlers;
}

// Nobody has said yet how large the LUN will be.
asio::awaitable<Result<void>> check(WorkerPool& workers, const Modules& modules, std::size_t threads,
                                    std::string config) {
    auto checking =
        workers.run<bool>("check " + config, check_patience, [&modules, threads, config]() -> Result<bool> {
            return check_lun(modules, threads, config, ByteCount{0}, {}).map([] { return true; });
        });
    const auto checked = co_await std::move(checking);
    co_return checked.map([](bool) {});
}

}  // namespace

Offer make_offer(const Settings& settings, const Modules& modules, const std::set<std::string>& without,
                 WorkerPool& workers) {
    Offer offer;
    offer.handlers = own_handlers(modules, settings.subtypes, without);
    offer.check = [&workers, &modules, threads = most_serving_threads(settings)](std::string config) {
        return check(workers, modules, threads, std::move(config));
    };
    return offer;
}

}  // namespace tcmud::daemon::dbus
