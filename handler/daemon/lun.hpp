// SPDX-License-Identifier: Apache-2.0
// One LUN of the daemon: opens it, serves it, follows what the kernel asks, gives it up. Control thread.
//
// A LUN is one coroutine that deals with one request after the other, so that nothing of it happens twice at
// a time, and no LUN waits for another.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "handler/daemon/cfgstring.hpp"
#include "handler/daemon/lun_life.hpp"
#include "handler/daemon/lun_services.hpp"
#include "handler/daemon/signal.hpp"
#include "handler/serving/served_lun.hpp"
#include "netlink/messages.hpp"
#include "uio/discovery.hpp"

namespace tcmud::daemon {

// What is told of a LUN.
struct LunReport {
    LunName name;
    std::string config;
    std::uint32_t minor = 0;
    LunState state = LunState::discovered;
    ByteCount size{0};
    BlockSize block_size{};
    std::optional<ServingThreadReport> serving_thread;
    std::string error;  // Why it is not served; empty if it is.
    struct {
        std::uint64_t commands, reads, writes, read_bytes, written_bytes, errors, task_management, doorbells,
            in_flight, turns_that_found, turns_that_took;
    } counters{};
};

class Lun : public std::enable_shared_from_this<Lun> {
public:
    Lun(const LunServices& services, std::uint32_t minor, const uio::DeviceName& name);

    // Begins its life. added: the event that told of it, if one did; then the kernel may be waiting for an
    // answer.
    void start(std::optional<netlink::Event> added);
    // The kernel asks something of it.
    void ask(const netlink::Event& event);
    // The kernel's device is gone, and the event was lost.
    void vanished();
    // Gives it up; the kernel keeps what was not begun.
    void stop();
    // Has its backend carry out a command of the administrator's; what he is shown.
    asio::awaitable<Result<std::string>> control(std::string command);

    bool is(std::uint32_t minor, const uio::DeviceName& name) const {
        return minor_ == minor && uio_name_.same_device(name);
    }
    std::uint32_t minor() const { return minor_; }
    const LunName& name() const { return name_; }
    const std::string& config() const { return uio_name_.config; }
    LunState state() const { return state_; }
    LunReport report() const;

private:
    // What waits to be dealt with.
    struct Stop {};
    struct Broken {
        std::string problem;
    };
    struct Vanished {};
    using Request = std::variant<netlink::Event, Stop, Broken, Vanished>;

    asio::awaitable<void> live(std::optional<netlink::Event> added);
    asio::awaitable<std::optional<Request>> next_request();
    asio::awaitable<bool> deal_with(const Request& request);
    asio::awaitable<void> deal_with_broken(const Broken& broken);

    // Opening, step by step.
    asio::awaitable<void> try_to_open();
    asio::awaitable<bool> exists() const;
    std::filesystem::path journal_path() const;
    asio::awaitable<Result<void>> open();
    asio::awaitable<Result<LunFacts>> read_facts();
    asio::awaitable<Result<void>> open_backend(const LunFacts& facts, OpenedBackend& backend);
    asio::awaitable<Result<void>> open_ring(const LunFacts& facts, OpenedBackend backend);
    asio::awaitable<Result<void>> begin_serving(OpenedBackend backend, uio::Device device, uio::Ring ring);

    // While it serves.
    asio::awaitable<int> reconfigure(const netlink::Event& event);
    asio::awaitable<Result<void>> resize(ByteCount size);
    asio::awaitable<Result<void>> change_config(const std::string& config);
    asio::awaitable<bool> pause(std::chrono::milliseconds at_most);
    void resume();

    // The end.
    asio::awaitable<bool> leave(std::chrono::milliseconds at_most);
    asio::awaitable<void> close_backend(OpenedBackend backend);

    void change(LunEvent event);
    void push(Request request);
    // False: nobody waited for it.
    bool answer(const netlink::Event& event, int status) const;
    void answer_what_is_left();
    int added_status() const;
    devices::BlockSettings block_settings(const LunFacts& facts) const;
    serving::Session::Events session_events();

    const LunServices& services_;
    std::uint32_t minor_;
    uio::DeviceName uio_name_;
    LunName name_;
    LunState state_ = LunState::discovered;
    LunFacts facts_;
    CommonOptions common_;
    std::string error_;     // Why it could not be opened,
    int error_number_ = 0;  // and the errno of that.
    std::chrono::steady_clock::duration retry_after_;

    serving::Loop* loop_ = nullptr;
    std::shared_ptr<serving::ServedLun> served_;  // Made, used and destroyed on loop_.

    std::deque<Request> requests_;
    Signal requested_;
};

}  // namespace tcmud::daemon
