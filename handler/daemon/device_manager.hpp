// SPDX-License-Identifier: Apache-2.0
// Finds LUNs and keeps them: by the kernel's events, by looking, after a loss of events by looking again.
// Control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "handler/daemon/descriptor_store.hpp"
#include "handler/daemon/lun.hpp"
#include "handler/daemon/lun_services.hpp"
#include "netlink/socket.hpp"

namespace tcmud::daemon {

// Which of the machine's LUNs are ours.
class Responsibility {
public:
    Responsibility(const Settings& settings, const Modules& modules, std::set<std::string> left_to_others);

    enum class Answer {
        ours,
        not_ours,    // Left to somebody else, by configuration.
        registered,  // Of a subtype that another process has registered with us on D-Bus.
        nobodys,     // Of a subtype that we don't know.
    };
    Answer of(const uio::DeviceName& name) const;
    void set_registered(std::set<std::string> subtypes) { registered_ = std::move(subtypes); }

private:
    const Settings& settings_;
    const Modules& modules_;
    std::set<std::string> left_to_others_;  // Subtypes that another daemon offers.
    std::set<std::string> registered_;
};

class DeviceManager {
public:
    // another_daemon: whether somebody else is there just now who may answer the kernel.
    DeviceManager(LunServices& services, netlink::Socket& socket, Responsibility responsibility,
                  std::function<asio::awaitable<bool>()> another_daemon);

    // LUNs that exist already. kept: descriptors of their devices, by minor number.
    void scan(KeptDescriptors kept = {});
    void deal_with(const netlink::Socket::Received& received);
    // Subtypes that other processes serve, as they have told us by D-Bus: they answer the kernel.
    void set_registered(std::set<std::string> subtypes);
    // Ends when every LUN is given up, or the time for that has passed. True: all are.
    asio::awaitable<bool> stop();

    // To a successor (HandingOver): new LUNs are its. Taken back, all are looked for again.
    void leave_new_ones(bool on);
    std::vector<LunLine> lun_lines() const;
    asio::awaitable<HandedOver> hand_over(LunLine line);

    // From a predecessor (TakingOver): it has that one, and deals with what the kernel asks of it;
    void expect(const LunLine& line);
    // has given it;
    void inherit(const LunLine& line, FileDescriptor uio, std::function<void()> tried);
    // does not have it any more.
    void expect_no_more(const LunLine& line);
    void expect_nothing_more();

    std::vector<LunReport> reports() const;
    std::size_t count() const { return luns_.size(); }
    std::vector<LunServing> serving() const;
    // Of one LUN ("user_0/disk1").
    asio::awaitable<Result<LunDetails>> details(std::string lun);
    asio::awaitable<Result<void>> resize(std::string lun, ByteCount size);
    // A LUN is being removed by somebody who waits for it.
    Result<void> end_what_waits(const std::string& lun);
    // Has the backend of a LUN ("user_0/disk1") carry out a command; what the administrator is shown.
    asio::awaitable<Result<std::string>> control(std::string lun, std::string command);

private:
    void deal_with(const netlink::Event& event);
    void begin(std::uint32_t minor, const uio::DeviceName& name, Lun::Origin origin);
    Lun* find(std::uint32_t minor, const uio::DeviceName& name) const;
    Result<std::shared_ptr<Lun>> named(const std::string& name) const;
    bool answer(const netlink::Answer& answer);
    // Nobody may ever answer it; then we do, after a while.
    asio::awaitable<void> watch_unserved(netlink::Event event, std::uint64_t sequence);
    void ended(const Lun& lun);

    LunServices& services_;
    netlink::Socket& socket_;
    Responsibility responsibility_;
    std::function<asio::awaitable<bool>()> another_daemon_;
    std::vector<std::shared_ptr<Lun>> luns_;
    // The last event of each device that nobody serves, by its id, while it is watched: an older one has been
    // answered by somebody.
    std::map<std::uint32_t, std::uint64_t> unserved_;
    // The last event of each device of a registered subtype, by its id: whoever serves it may die over it.
    std::map<std::uint32_t, netlink::Event> registered_;
    std::uint64_t events_ = 0;
    bool stopping_ = false;
    bool leaves_new_ones_ = false;
    // LUNs of a predecessor, with the last event that came since it was asked: whether it has dealt with that
    // is not known; with those before it has. By minor number and name.
    std::map<std::pair<std::uint32_t, std::string>, std::optional<netlink::Event>> expected_;
    Signal one_ended_;
};

}  // namespace tcmud::daemon
