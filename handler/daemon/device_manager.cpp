// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/device_manager.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "handler/daemon/journals.hpp"
#include "handler/daemon/log.hpp"
#include "uio/discovery.hpp"

namespace tcmud::daemon {

namespace {

std::pair<std::uint32_t, std::string> key_of(std::uint32_t minor, const uio::DeviceName& name) {
    return {minor, name.hba_directory() + "/" + name.device};
}

}  // namespace

Responsibility::Responsibility(const Settings& settings, const Modules& modules,
                               std::set<std::string> left_to_others)
    : settings_(settings), modules_(modules), left_to_others_(std::move(left_to_others)) {}

Responsibility::Answer Responsibility::of(const uio::DeviceName& name) const {
    const auto listed = [](const std::vector<std::string>& list, const std::string& entry) {
        return std::ranges::find(list, entry) != list.end();
    };
    if (listed(settings_.not_hbas, name.hba_directory())) return Answer::not_ours;
    if (!settings_.hbas.empty() && !listed(settings_.hbas, name.hba_directory())) return Answer::not_ours;
    const auto subtype = name.subtype();
    if (!settings_.subtypes.empty() && !listed(settings_.subtypes, subtype)) return Answer::not_ours;
    if (left_to_others_.contains(subtype)) return Answer::not_ours;
    if (modules_.find(subtype)) return Answer::ours;
    return registered_.contains(subtype) ? Answer::registered : Answer::nobodys;
}

DeviceManager::DeviceManager(LunServices& services, netlink::Socket& socket, Responsibility responsibility,
                             std::function<asio::awaitable<bool>()> another_daemon)
    : services_(services),
      socket_(socket),
      responsibility_(std::move(responsibility)),
      another_daemon_(std::move(another_daemon)),
      one_ended_(services.context) {
    services_.answer = [this](const netlink::Answer& given) { return answer(given); };
    services_.hear = [this] { deal_with(socket_.receive()); };
    services_.ended = [this](const Lun& lun) { ended(lun); };
    services_.served = [this] {
        std::vector<std::pair<LunName, std::string>> served;
        for (const auto& lun : luns_) {
            if (lun->state() == LunState::serving) served.emplace_back(lun->name(), lun->config());
        }
        return served;
    };
}

bool DeviceManager::answer(const netlink::Answer& given) {
    const auto error = socket_.send(given);
    if (!error) return true;
    // ENODEV: nobody waits, as in no-reply mode.
    if (error != std::errc::no_such_device) log::error("cannot answer the kernel: {}", error.message());
    return false;
}

Lun* DeviceManager::find(std::uint32_t minor, const uio::DeviceName& name) const {
    const auto found = std::ranges::find_if(luns_, [&](const auto& lun) {
        return lun->is(minor, name) && lun->state() != LunState::closed && lun->state() != LunState::draining;
    });
    return found == luns_.end() ? nullptr : found->get();
}

void DeviceManager::begin(std::uint32_t minor, const uio::DeviceName& name, Lun::Origin origin) {
    auto lun = std::make_shared<Lun>(services_, minor, name);
    luns_.push_back(lun);
    lun->start(std::move(origin));
}

void DeviceManager::scan(KeptDescriptors kept) {
    const auto devices = uio::find_devices();
    for (const auto& device : devices) {
        if (find(device.minor, device.name) || expected_.contains(key_of(device.minor, device.name)))
            continue;
        switch (responsibility_.of(device.name)) {
            case Responsibility::Answer::ours:
                begin(device.minor, device.name, {std::nullopt, kept.take(device.minor), {}});
                break;
            case Responsibility::Answer::not_ours:
            case Responsibility::Answer::registered: break;
            case Responsibility::Answer::nobodys:
                log::warning("user_{}/{}: nobody here serves '{}'; known: {}", device.name.hba,
                             device.name.device, device.name.config, services_.modules.names());
                break;
        }
    }
    for (const auto& lun : luns_) {
        const bool there =
            std::ranges::any_of(devices, [&](const auto& d) { return lun->is(d.minor, d.name); });
        if (!there) lun->vanished();
    }
}

void DeviceManager::deal_with(const netlink::Socket::Received& received) {
    for (const auto& event : received.events) deal_with(event);
    if (received.lost && !stopping_) {
        log::warning("events of the kernel were lost: looking for LUNs again");
        scan();
    }
}

void DeviceManager::deal_with(const netlink::Event& event) {
    const auto name = uio::parse_name(event.device);
    if (!name || stopping_) return;
    if (const auto expected = expected_.find(key_of(event.minor, *name)); expected != expected_.end()) {
        expected->second = event;
        return;
    }
    if (leaves_new_ones_ && !find(event.minor, *name)) return;
    const auto whose = responsibility_.of(*name);
    if (whose == Responsibility::Answer::not_ours) return;
    if (whose == Responsibility::Answer::registered) {
        registered_[event.device_id] = event;
        return;
    }
    if (whose == Responsibility::Answer::nobodys) {
        if (!services_.settings.confined()) {
            unserved_[event.device_id] = ++events_;
            asio::co_spawn(services_.context, watch_unserved(event, events_), rethrow);
        }
        return;
    }
    if (auto* lun = find(event.minor, *name)) {
        lun->ask(event);
    } else if (event.request == netlink::Request::added) {
        begin(event.minor, *name, {event, {}, {}});
    } else {
        answer({event.request, event.device_id, event.request == netlink::Request::removed ? 0 : -ENODEV});
    }
}

// Of a subtype that we don't serve. Another daemon may; without one, the writer would wait for ever.
asio::awaitable<void> DeviceManager::watch_unserved(netlink::Event event, std::uint64_t sequence) {
    asio::steady_timer timer(services_.context, services_.settings.unserved_timeout);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    // A later event of the device: this one was answered, and an answer of its kind would harm the later
    // one's waiter.
    const auto last = unserved_.find(event.device_id);
    if (last == unserved_.end() || last->second != sequence) co_return;
    const auto name = uio::parse_name(event.device);
    if (name && responsibility_.of(*name) == Responsibility::Answer::registered) {
        unserved_.erase(last);
        registered_[event.device_id] = event;
        co_return;
    }
    auto looking = another_daemon_();
    const bool another = co_await std::move(looking);
    // Something may have come while we looked.
    const auto now = unserved_.find(event.device_id);
    if (now == unserved_.end() || now->second != sequence) co_return;
    unserved_.erase(now);
    if (stopping_ || another) co_return;
    const int status = event.request == netlink::Request::removed ? 0 : -ENOENT;
    if (answer({event.request, event.device_id, status}) && event.request == netlink::Request::added) {
        log::error("{}: refused: nobody serves it; known subtypes: {}", event.device,
                   services_.modules.names());
    }
}

// An event of a handler that has gone is nobody's. If it was answered, nobody waits, and a second answer does
// nothing.
void DeviceManager::set_registered(std::set<std::string> subtypes) {
    responsibility_.set_registered(std::move(subtypes));
    for (const auto& [id, event] : std::exchange(registered_, {})) deal_with(event);
}

void DeviceManager::leave_new_ones(bool on) {
    leaves_new_ones_ = on;
    if (!on) scan();
}

std::vector<LunLine> DeviceManager::lun_lines() const {
    std::vector<LunLine> lines;
    for (const auto& lun : luns_) lines.push_back({"", lun->minor(), lun->name().text()});
    return lines;
}

asio::awaitable<HandedOver> DeviceManager::hand_over(LunLine line) {
    const auto found = std::ranges::find_if(
        luns_, [&](const auto& lun) { return lun->minor() == line.minor && lun->name().text() == line.lun; });
    if (found == luns_.end()) co_return HandedOver{};
    const auto asked = *found;  // Its life may end meanwhile.
    auto handing = asked->hand_over();
    co_return co_await std::move(handing);
}

void DeviceManager::expect(const LunLine& line) {
    expected_.try_emplace({line.minor, line.lun});
}

void DeviceManager::inherit(const LunLine& line, FileDescriptor uio, std::function<void()> tried) {
    const auto events = expected_.extract({line.minor, line.lun});
    const auto name = uio::name_of(line.minor);
    // Removed meanwhile, or somebody else's by the settings of this one.
    if (!name || name->hba_directory() + "/" + name->device != line.lun ||
        responsibility_.of(*name) != Responsibility::Answer::ours) {
        tried();
    } else {
        begin(line.minor, *name, {std::nullopt, std::move(uio), std::move(tried)});
    }
    if (!events.empty() && events.mapped()) deal_with(*events.mapped());
}

void DeviceManager::expect_no_more(const LunLine& line) {
    expected_.erase({line.minor, line.lun});
}

void DeviceManager::expect_nothing_more() {
    const auto left = std::exchange(expected_, {});
    scan();
    for (const auto& [lun, event] : left) {
        if (event) deal_with(*event);
    }
}

void DeviceManager::ended(const Lun& lun) {
    const auto name = lun.name();
    const bool gone = lun.gone();
    std::erase_if(luns_, [&](const auto& known) { return known.get() == &lun; });
    // Another device of that name may be there already, and its journal has the same place.
    if (gone && std::ranges::none_of(luns_, [&](const auto& other) { return other->name() == name; })) {
        std::error_code ignored;  // It is looked for again at the next start.
        std::filesystem::remove(journal_path(services_.settings.run_directory, name), ignored);
    }
    one_ended_.notify();
}

asio::awaitable<bool> DeviceManager::stop() {
    stopping_ = true;
    for (const auto& lun : luns_) lun->stop();
    const auto deadline = std::chrono::steady_clock::now() + services_.settings.stop_timeout;
    while (!luns_.empty()) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= std::chrono::steady_clock::duration::zero()) break;
        co_await one_ended_.wait(left);
    }
    for (const auto& lun : luns_) {
        log::warning("{}: is left as it is ({})", lun->name().text(), daemon::name_of(lun->state()));
    }
    co_return luns_.empty();
}

std::vector<LunReport> DeviceManager::reports() const {
    std::vector<LunReport> reports;
    for (const auto& lun : luns_) reports.push_back(lun->report());
    std::ranges::sort(reports, {}, &LunReport::name);
    return reports;
}

std::vector<LunServing> DeviceManager::serving() const {
    std::vector<LunServing> all;
    for (const auto& lun : luns_) {
        if (auto serving = lun->serving()) all.push_back(std::move(*serving));
    }
    return all;
}

Result<std::shared_ptr<Lun>> DeviceManager::named(const std::string& name) const {
    const auto found = std::ranges::find_if(luns_, [&](const auto& l) { return l->name().text() == name; });
    if (found != luns_.end()) return *found;
    return failure(ENOENT, fmt::format("there is no LUN '{}': tcmuctl list shows all", name));
}

Result<void> DeviceManager::end_what_waits(const std::string& lun) {
    return named(lun).map([this](const auto& found) {
        asio::co_spawn(
            services_.context, [found] { return found->end_what_waits(); }, rethrow);
    });
}

asio::awaitable<Result<LunDetails>> DeviceManager::details(std::string lun) {
    const auto asked = named(lun);  // It may end meanwhile.
    if (!asked) co_return tl::unexpected(asked.error());
    auto gathering = (*asked)->details();
    co_return co_await std::move(gathering);
}

asio::awaitable<Result<void>> DeviceManager::resize(std::string lun, ByteCount size) {
    const auto asked = named(lun);
    if (!asked) co_return tl::unexpected(asked.error());
    auto resizing = (*asked)->set_size(size);
    co_return co_await std::move(resizing);
}

asio::awaitable<Result<std::string>> DeviceManager::control(std::string lun, std::string command) {
    const auto asked = named(lun);  // It may end meanwhile.
    if (!asked) co_return tl::unexpected(asked.error());
    auto controlling = (*asked)->control(command);
    auto answer = co_await std::move(controlling);
    if (!answer) co_return failure(answer.error().number, fmt::format("{}: {}", lun, answer.error().text));
    log::info("{}: was told '{}'", lun, command);
    co_return answer;
}

}  // namespace tcmud::daemon
