// SPDX-License-Identifier: Apache-2.0
// One LUN of the daemon: opens it, serves it, follows what the kernel asks, gives it up. Control thread.
//
// A LUN is one coroutine that deals with one request after the other, so that nothing of it happens twice at
// a time, and no LUN waits for another.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "handler/daemon/cfgstring.hpp"
#include "handler/daemon/file_descriptor.hpp"
#include "handler/daemon/handing_over.hpp"
#include "handler/daemon/lun_counters.hpp"
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
    std::string error;    // Why it is not served; empty if it is.
    bool absent = false;  // Its commands are answered NOT READY.
    LunCounters counters;
    std::uint64_t open_retries = 0;  // Attempts after the first one failed.
    std::uint64_t ring_resets = 0;
    // By the last look of CommandWatch.
    std::chrono::milliseconds oldest_command{0};
    std::size_t hung_commands = 0;
};

// All that is known of a LUN.
struct LunDetails {
    LunReport report;
    std::vector<Export> exports;
    std::vector<serving::ErrorReport> last_errors;  // The latest first.
    std::string problem;                            // Why there are no exports or errors; or empty.
};

// What serves a LUN, for those who look after its commands.
struct LunServing {
    std::string name;  // "user_0/disk1"
    serving::Loop* loop;
    std::weak_ptr<serving::ServedLun> lun;  // To be locked on the loop's thread only.
    std::uint64_t in_flight;
};

class Lun : public std::enable_shared_from_this<Lun> {
public:
    Lun(const LunServices& services, std::uint32_t minor, const uio::DeviceName& name);

    // How it comes to us.
    struct Origin {
        // The event that told of it, if one did; then the kernel may be waiting for an answer.
        std::optional<netlink::Event> added;
        // Of its UIO device, from whoever served it before; if it was open.
        FileDescriptor uio;
        // Called when it is served, or is known not to be.
        std::function<void()> tried;
    };
    // Begins its life.
    void start(Origin origin);
    // The kernel asks something of it.
    void ask(const netlink::Event& event);
    // The kernel's device is gone, and the event was lost.
    void vanished();
    // Gives it up; the kernel keeps what was not begun.
    void stop();
    // Gives it up to a successor, which gets all that the kernel still asks of it.
    asio::awaitable<HandedOver> hand_over();
    // Has its backend or its drive carry out a command of the administrator's; what he is shown.
    asio::awaitable<Result<std::string>> control(std::string command);

    bool is(std::uint32_t minor, const uio::DeviceName& name) const {
        return minor_ == minor && uio_name_.same_device(name);
    }
    std::uint32_t minor() const { return minor_; }
    const LunName& name() const { return name_; }
    const std::string& config() const { return uio_name_.config; }
    LunState state() const { return state_; }
    // Its device is gone for ever.
    bool gone() const { return gone_; }
    LunReport report() const;
    asio::awaitable<LunDetails> details();
    // Gives it another size, in the kernel too.
    asio::awaitable<Result<void>> set_size(ByteCount size);
    // nullopt: nothing does.
    std::optional<LunServing> serving() const;
    // It is being removed: what of its commands only waits, above the kernel, ends now.
    asio::awaitable<void> end_what_waits();

private:
    // What waits to be dealt with.
    struct Stop {};
    struct Broken {
        std::string problem;
    };
    struct Vanished {};
    struct HandOver {
        explicit HandOver(asio::io_context& context) : answered(context) {}
        Signal answered;
        HandedOver answer;
        bool withdrawn = false;
    };
    using Request = std::variant<netlink::Event, Stop, Broken, Vanished, std::shared_ptr<HandOver>>;

    asio::awaitable<void> live(std::optional<netlink::Event> added, std::function<void()> tried);
    asio::awaitable<std::optional<Request>> next_request();
    asio::awaitable<bool> deal_with(const Request& request);
    asio::awaitable<bool> give_up(const Request& request);
    asio::awaitable<void> deal_with_broken(const Broken& broken);
    asio::awaitable<bool> deal_with_hand_over(HandOver& request);

    // Opening, step by step.
    asio::awaitable<void> try_to_open();
    // While it cannot be opened, after a while: its commands are answered NOT READY.
    asio::awaitable<void> serve_as_absent();
    LunKind kind() const;
    bool is_absent() const { return state_ == LunState::waiting && served_; }
    asio::awaitable<bool> exists() const;
    bool has_live_device() const;
    std::filesystem::path guard_record() const;
    asio::awaitable<void> undo_guard();
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
    asio::awaitable<void> close_uio();

    void change(LunEvent event);
    void push(Request request);
    asio::awaitable<void> deal_with_added(const netlink::Event& event);
    // Whether the kernel has asked something else of the device since.
    bool asks_later(const netlink::Event& event) const;
    // False: nobody waited for it.
    bool answer(const netlink::Event& event, int status) const;
    bool answer_added(const netlink::Event& event);
    // A removal waits to be dealt with.
    bool is_to_go() const;
    void answer_what_is_left();
    int added_status() const;
    devices::BlockSettings block_settings(const LunFacts& facts) const;
    serving::Session::Events session_events();

    const LunServices& services_;
    std::uint32_t minor_;
    uio::DeviceName uio_name_;
    LunName name_;
    LunState state_ = LunState::discovered;
    bool gone_ = false;
    LunFacts facts_;
    std::uint32_t added_id_ = 0;  // Of the device whose ADDED event has been answered; 0: none.
    CommonOptions common_;
    std::string error_;     // Why it could not be opened,
    int error_number_ = 0;  // and the errno of that.
    std::chrono::steady_clock::duration retry_after_;
    std::string change_error_;  // Why it could not be changed, the last time.
    std::uint64_t open_retries_ = 0;
    std::uint64_t ring_resets_ = 0;
    // Its next try to be opened, and when its commands need not wait any more; while it waits.
    std::chrono::steady_clock::time_point retry_at_{};
    std::chrono::steady_clock::time_point absent_at_{};

    serving::Loop* loop_ = nullptr;
    std::string placed_with_;                     // Whom it shares that thread with.
    std::shared_ptr<serving::ServedLun> served_;  // Made, used and destroyed on loop_.
    // What is served is another descriptor of the same open device: nobody else can open it in between.
    FileDescriptor uio_;

    std::deque<Request> requests_;
    Signal requested_;
    // Somebody's write to configfs waits for us: our jobs are urgent.
    std::shared_ptr<std::atomic<bool>> awaited_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace tcmud::daemon
