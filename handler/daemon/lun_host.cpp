// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/lun_host.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "handler/daemon/log.hpp"
#include "handler/daemon/signal.hpp"

namespace tcmud::daemon {

namespace {

// How old an answer about identity may be. A unit serial cannot change while the LUN is exported, a group's
// state can.
constexpr auto fresh_for = std::chrono::seconds(1);
constexpr auto patience = std::chrono::seconds(2);

template <class T>
asio::awaitable<void> ask_worker(const LunServices& services, serving::Loop& loop, std::string what,
                                 std::function<Result<T>()> work, std::function<void(Result<T>)> take) {
    auto result = co_await services.configfs_worker.run<T>(std::move(what), patience, std::move(work));
    loop.post([take = std::move(take), result = std::move(result)]() mutable { take(std::move(result)); });
}

}  // namespace

LunHost::LunHost(const LunServices& services, serving::Loop& loop, LunName name, std::string config,
                 bool show_config)
    : services_(services),
      loop_(loop),
      name_(std::move(name)),
      config_(std::move(config)),
      show_config_(show_config) {
    identity_.serial = scsi::derived_serial(name_.text() + "\n" + config_);
}

template <class T>
void LunHost::ask(std::string what, std::function<Result<T>()> work, std::function<void(Result<T>)> take) {
    asio::co_spawn(
        services_.context,
        ask_worker<T>(services_, loop_, name_.text() + ": " + what, std::move(work), std::move(take)),
        rethrow);
}

void LunHost::fresh_identity(Completion done) {
    const auto now = std::chrono::steady_clock::now();
    if (read_at_ != std::chrono::steady_clock::time_point{} && now - read_at_ < fresh_for) {
        return std::move(done)({});
    }
    waiting_.push(*std::move(done).release());
    if (std::exchange(reading_, true)) return;
    ask<scsi::Identity>(
        "read identity",
        [&configfs = services_.configfs, name = name_, config = config_,
         show = show_config_]() -> Result<scsi::Identity> { return configfs.identity(name, config, show); },
        [this](Result<scsi::Identity> identity) {
            reading_ = false;
            if (identity) {
                identity_ = std::move(*identity);
                read_at_ = std::chrono::steady_clock::now();
            } else {
                log::warning("{}: {}: initiators are told what was known before", name_.text(),
                             identity.error().text);
            }
            auto answered = std::exchange(waiting_, {});
            while (auto* operation = answered.pop()) {
                Completion answer(*operation);
                std::move(answer)({});
            }
        });
}

void LunHost::set_access_state(std::uint16_t group, scsi::AccessState state, Completion done) {
    auto* waiting = std::move(done).release();
    ask<bool>(
        "set target port group",
        [&configfs = services_.configfs, name = name_, group, state]() -> Result<bool> {
            return configfs.set_access_state(name, group, state).map([] { return true; });
        },
        [this, waiting](Result<bool> set) {
            read_at_ = {};
            if (!set) log::warning("{}: SET TARGET PORT GROUPS: {}", name_.text(), set.error().text);
            Completion answer(*waiting);
            std::move(answer)({set ? IoStatus::ok : IoStatus::io_error, 0, 0});
        });
}

namespace {

// The LUN with a designator, if the initiators of `addressed` may use it.
Result<std::string> find_peer(const Configfs& configfs, const LunName& addressed, const scsi::Naa& naa,
                              const std::vector<std::pair<LunName, std::string>>& luns) {
    for (const auto& [name, config] : luns) {
        if (scsi::naa_of(configfs.identity(name, config, false).serial) != naa) continue;
        if (configfs.same_initiators(addressed, name)) return name.text();
        return failure(EACCES, name.text() + ": is not exported to the same initiators");
    }
    return failure(ENOENT, "no LUN of this daemon has the designator");
}

}  // namespace

void LunHost::find_copy_peer(const scsi::Naa& naa, std::unique_ptr<devices::CopyPeer>& found,
                             Completion done) {
    auto* waiting = std::move(done).release();
    const auto take = [this, waiting, &found](const Result<std::string>& name) {
        if (name) found = services_.directory.peer(*name, loop_);
        if (!name) log::info("{}: EXTENDED COPY refused: {}", name_.text(), name.error().text);
        Completion answer(*waiting);
        std::move(answer)({found ? IoStatus::ok : IoStatus::not_ready, 0, 0});
    };
    // The list of LUNs is the control thread's.
    asio::post(services_.context, [this, naa, take] {
        ask<std::string>(
            "find the other end of a copy",
            [&configfs = services_.configfs, name = name_, naa, luns = services_.served()] {
                return find_peer(configfs, name, naa, luns);
            },
            take);
    });
}

void LunHost::remark(std::string_view what) {
    log::warning("{}: {}", name_.text(), what);
}

}  // namespace tcmud::daemon
