// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/daemon.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include "handler/daemon/command_watch.hpp"
#include "handler/daemon/control_server.hpp"
#include "handler/daemon/dbus/service.hpp"
#include "handler/daemon/descriptor_store.hpp"
#include "handler/daemon/device_manager.hpp"
#include "handler/daemon/handing_over.hpp"
#include "handler/daemon/journals.hpp"
#include "handler/daemon/kernel_module.hpp"
#include "handler/daemon/metrics.hpp"
#include "handler/daemon/metrics_server.hpp"
#include "handler/daemon/other_daemons.hpp"
#include "handler/daemon/processes.hpp"
#include "handler/daemon/run_directory.hpp"
#include "handler/daemon/scarce_memory.hpp"
#include "handler/daemon/takeover.hpp"
#include "handler/daemon/taking_over.hpp"
#include "handler/daemon/watchdog.hpp"
#include "netlink/socket.hpp"
#include "uio/crash_point.hpp"
#include "uio/discovery.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

class Daemon {
public:
    // What there is before a daemon begins.
    struct Basis {
        RunDirectory run_directory;
        std::optional<Predecessor> predecessor;
        netlink::Socket socket;
        KeptDescriptors kept;
    };

    Daemon(const Serve& request, Basis basis)
        : request_(request),
          settings_(request.settings),
          run_directory_(std::move(basis.run_directory)),
          predecessor_(std::move(basis.predecessor)),
          socket_(std::move(basis.socket)),
          kept_(std::move(basis.kept)),
          modules_(Modules::load(settings_.module_directory)),
          configfs_worker_(context_, "configfs", 1, 4),
          offload_(context_, "offload", 4, 16),
          checks_(context_, "check", 1, 4),
          threads_(most_serving_threads(settings_), settings_.serving_cpus, settings_.busy_wait),
          services_{context_, settings_, modules_,   configfs_, configfs_worker_,
                    offload_, threads_,  directory_, {},        {},
                    {},       {}},
          signals_(context_),
          events_(context_, socket_.fd()) {
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD}) signals_.add(signal);
    }
    ~Daemon() { events_.release(); }

    ExitCode run() {
        asio::co_spawn(context_, start(), rethrow);
        run_or_exit([this] { context_.run(); });
        return exit_code_;
    }

private:
    asio::awaitable<void> start() {
        lock_program();
        auto looking = look_for_other_daemons(offload_, own_daemons());
        const auto others = co_await std::move(looking);
        alone_ = !others.any();
        if (!alone_) tell_of(others);
        // What this one is confined to is the administrator's decision.
        const auto left_to_others = settings_.confined() ? std::set<std::string>{} : others.subtypes;
        manager_.emplace(services_, socket_, Responsibility(settings_, modules_, left_to_others),
                         [this] { return is_another_daemon_there(offload_, own_daemons()); });
        watch_.emplace(context_, threads_, settings_.command_report_after,
                       [this] { return manager_->serving(); });
        asio::co_spawn(context_, watch_->run(), rethrow);
        asio::co_spawn(context_, obey_signals(), rethrow);
        auto joining = join_bus(left_to_others);
        co_await std::move(joining);
        asio::co_spawn(context_, calm_watchdog(context_), rethrow);
        if (predecessor_) {
            asio::co_spawn(context_, take_over(), rethrow);
            co_return;
        }
        co_await set_up_netlink();
        if (!listen()) co_return leave(ExitCode::failed);
        if (const auto removed = remove_stale_journals(settings_.run_directory, uio::find_devices());
            !removed)
            log::warning("{}", removed.error().text);
        manager_->scan(std::move(kept_));
        for (const auto minor : kept_.left()) DescriptorStore::forget(minor);
        asio::co_spawn(context_, receive_events(), rethrow);
        tell_ready();
    }

    bool listen() {
        ControlServer::Sources sources;
        sources.luns = [this] { return lun_reports(); };
        sources.daemon = [this] { return report(); };
        sources.control = [this](std::string lun, std::string command) {
            return manager_->control(std::move(lun), std::move(command));
        };
        sources.hung = [this](auto older_than) { return watch_->older_than(older_than); };
        sources.end_what_waits = [this](const auto& lun) { return manager_->end_what_waits(lun); };
        sources.may_hand_over = [this] { return stage_ == Stage::serving; };
        sources.hand_over = [this](asio::local::stream_protocol::socket socket) {
            asio::co_spawn(context_, hand_over(std::move(socket)), rethrow);
        };
        sources.metrics = [this] { return metrics(MetricsFor::root); };
        sources.details = [this](std::string lun) { return details(std::move(lun)); };
        sources.resize = [this](auto lun, auto size) { return manager_->resize(std::move(lun), size); };
        sources.modules = [this] { return modules_.all(); };
        if (control_) control_->close();
        auto control = ControlServer::listen(context_, run_directory_.control_socket(), std::move(sources));
        if (!control) {
            log::error("{}", control.error().text);
            return false;
        }
        control_ = std::move(*control);
        return true;
    }

    void tell_ready() {
        stage_ = Stage::serving;
        log::info("tcmud {} serves {}", TCMUD_VERSION, modules_.names());
        if (const auto shown = run_directory_.serving(); !shown) log::error("{}", shown.error().text);
        ::sd_notify(0, "READY=1");
        if (settings_.metrics_address)
            metrics_ = MetricsServer::listen(context_, *settings_.metrics_address,
                                             [this] { return metrics(MetricsFor::everybody); });
    }

    // From a predecessor, LUN after LUN.
    asio::awaitable<void> take_over() {
        asio::local::stream_protocol::socket socket(context_, asio::local::stream_protocol(),
                                                    predecessor_->connection.release());
        TakingOver::Luns luns;
        luns.expect = [this](const LunLine& line) { manager_->expect(line); };
        luns.inherit = [this](const LunLine& line, FileDescriptor uio, std::function<void()> tried) {
            manager_->inherit(line, std::move(uio), std::move(tried));
        };
        luns.gone = [this](const LunLine& line) { manager_->expect_no_more(line); };
        luns.all_expected = [this] {
            set_reply_mode();
            asio::co_spawn(context_, receive_events(), rethrow);
        };
        luns.tried = [this] {
            listen();
            tell_ready();
        };
        luns.alone = [this] {
            predecessor_.reset();
            manager_->expect_nothing_more();
            log::info("has taken over all LUNs");
        };
        taking_over_.emplace(context_, LineChannel(context_, std::move(socket)), std::move(luns));
        const bool done = co_await taking_over_->run();
        if (done) co_return;
        co_await manager_->stop();
        leave(ExitCode::failed);
    }

    // To a successor.
    asio::awaitable<void> hand_over(asio::local::stream_protocol::socket socket) {
        stage_ = Stage::handing_over;
        const auto successor = peer_of(socket.native_handle());
        log::info("hands over to the tcmud with process id {}", successor);
        HandingOver::Luns luns;
        luns.leave_new_ones = [this](bool on) { manager_->leave_new_ones(on); };
        luns.all = [this] { return manager_->lun_lines(); };
        luns.give = [this](LunLine line) { return manager_->hand_over(std::move(line)); };
        HandingOver handing(context_, LineChannel(context_, std::move(socket)), std::move(luns));
        const bool done = co_await handing.run(socket_.port(), run_directory_.lock());
        if (stage_ != Stage::handing_over) co_return;
        if (done) {
            log::info("has handed over all LUNs");
            ::sd_notify(0, fmt::format("MAINPID={}", successor).c_str());
            co_return leave(ExitCode::ok);
        }
        log::warning("the tcmud with process id {} is gone: goes on itself", successor);
        stage_ = Stage::serving;
        listen();  // It may have taken the socket's place.
    }

    OwnDaemons own_daemons() const {
        OwnDaemons own{{socket_.port()}, socket_.group(), {::getpid()}};
        if (predecessor_) {
            own.ports.insert(predecessor_->port);
            own.processes.insert(peer_of(predecessor_->connection.get()));
        }
        return own;
    }

    // Before LUNs are opened, which may take long: targetcli must not find nobody there. HBAs are not for
    // targetcli to choose, so who is confined to one is not for it.
    asio::awaitable<void> join_bus(const std::set<std::string>& left_to_others) {
        if (!settings_.dbus || !settings_.hbas.empty()) co_return;
        auto offer = dbus::make_offer(settings_, modules_, left_to_others, checks_);
        offer.registered = [this](std::set<std::string> subtypes) {
            manager_->set_registered(std::move(subtypes));
        };
        if (predecessor_) offer.predecessor = peer_of(predecessor_->connection.get());
        bus_.emplace(context_, std::move(offer));
        asio::co_spawn(context_, bus_->run(), rethrow);
        if (!predecessor_) co_await bus_->settle(2s);
    }

    // The module's switches are for an unconfined daemon that is alone.
    bool owns_module() const { return alone_ && !settings_.confined(); }

    asio::awaitable<void> set_up_netlink() {
        if (!owns_module()) co_return;
        auto freeing = configfs_worker_.run<bool>(
            "reset netlink", 5s, [] { return free_netlink_waiters().map([] { return true; }); });
        const auto freed = co_await std::move(freeing);
        if (!freed) log::warning("{}", freed.error().text);
        set_reply_mode();
    }

    void set_reply_mode() {
        if (!owns_module()) return;
        if (const auto error = socket_.set_reply_mode(settings_.reply_mode)) {
            log::error("cannot set the netlink reply mode: {}: CAP_NET_ADMIN is needed", error.message());
        }
    }

    asio::awaitable<void> receive_events() {
        for (;;) {
            boost::system::error_code error;
            co_await events_.async_wait(asio::posix::stream_descriptor::wait_read,
                                        asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            manager_->deal_with(socket_.receive());
        }
    }

    asio::awaitable<void> obey_signals() {
        for (;;) {
            boost::system::error_code error;
            const int signal = co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            if (signal == SIGTERM || signal == SIGINT) break;
            if (signal == SIGHUP) reload();
            if (signal == SIGUSR2) begin_successor();
            if (signal == SIGCHLD) reap_ended();
        }
        ::sd_notify(0, "STOPPING=1");
        if (bus_) bus_->stop();
        log::info("stopping");
        // From now on nobody answers: writers must not wait for us.
        if (owns_module() && stage_ != Stage::handing_over && !predecessor_)
            static_cast<void>(socket_.set_reply_mode(false));
        stage_ = Stage::stopping;
        const bool all = co_await manager_->stop();
        log::info("stopped{}", all ? "" : "; some LUNs were left as they are");
        leave(ExitCode::ok);
    }

    // For an upgrade of a service: the same command line, so the program that stands there now.
    void begin_successor() {
        if (stage_ != Stage::serving)
            return log::warning("no successor is begun: one is at work, or it stops");
        auto arguments = request_.arguments;
        if (!request_.takeover) arguments.emplace_back("--takeover");
        if (const auto begun = begin_apart(arguments); !begun) log::error("{}", begun.error().text);
    }

    // What can change while it runs: the log level.
    void reload() {
        const auto settings = request_.read_again();
        if (!settings) return log::error("not reloaded: {}", settings.error().text);
        log::set_level(settings->log_level);
        log::info("reloaded: log level {}; other keys need a restart", log::name_of(settings->log_level));
    }

    std::vector<LunReport> lun_reports() const {
        auto reports = manager_->reports();
        for (auto& report : reports) watch_->describe(report);
        return reports;
    }

    asio::awaitable<Result<LunDetails>> details(std::string lun) {
        auto known = co_await manager_->details(std::move(lun));
        if (known) watch_->describe(known->report);
        co_return known;
    }

    std::string metrics(MetricsFor to) const {
        return metrics_text(lun_reports(), report(), process_figures(), to);
    }

    DaemonReport report() const {
        auto report = report_of(modules_, threads_);
        report.stuck_workers = configfs_worker_.stuck() + offload_.stuck() + checks_.stuck();
        report.luns = manager_->count();
        return report;
    }

    void leave(ExitCode code) {
        exit_code_ = code;
        context_.stop();
        // What does not end may not keep us either. The kernel closes what is left.
        const bool luns_left = manager_ && manager_->count() != 0;
        if (luns_left || offload_.busy() || configfs_worker_.busy() || checks_.busy())
            ::_exit(static_cast<int>(code));
    }

    enum class Stage { starting, serving, handing_over, stopping };

    Serve request_;
    Settings settings_;
    asio::io_context context_;
    RunDirectory run_directory_;
    std::optional<Predecessor> predecessor_;  // While it has LUNs.
    netlink::Socket socket_;
    KeptDescriptors kept_;
    Modules modules_;
    Configfs configfs_;
    WorkerPool configfs_worker_;
    WorkerPool offload_;
    WorkerPool checks_;  // What people ask about must not keep LUNs from being opened.
    serving::LunDirectory directory_;
    ServingThreads threads_;
    LunServices services_;
    asio::signal_set signals_;
    asio::posix::stream_descriptor events_;
    std::optional<DeviceManager> manager_;
    std::optional<dbus::Service> bus_;
    std::optional<TakingOver> taking_over_;
    std::optional<CommandWatch> watch_;
    std::shared_ptr<ControlServer> control_;
    std::unique_ptr<MetricsServer> metrics_;
    Stage stage_ = Stage::starting;
    bool alone_ = true;
    ExitCode exit_code_ = ExitCode::ok;
};

Result<netlink::Socket> open_netlink() {
    auto socket = netlink::Socket::open();
    if (socket) return std::move(*socket);
    return failure(socket.error().value(), fmt::format("cannot listen to the kernel's TCM-USER events: {}",
                                                       socket.error().message()));
}

}  // namespace

ExitCode serve(const Serve& request) {
    if (const auto& adopted = request.settings.adopted; !adopted.empty())
        log::info("{}", adopted);  // At any level.
    log::start(request.settings.log_level);
    raise_limit_of_open_files();
    if (::geteuid() != 0) {
        log::error("needs root: it opens UIO devices and writes configfs");
        return ExitCode::failed;
    }
    // For tests of what a crash leaves.
    if (const char* where = std::getenv("TCMUD_CRASH_AT"); where && !uio::crash_at(where)) {
        log::error("TCMUD_CRASH_AT={}: there is no such point", where);
        return ExitCode::failed;
    }
    prepare_for_scarce_memory();
    auto kept = DescriptorStore::inherit();
    std::optional<Predecessor> predecessor;
    auto run_directory = get_run_directory(request.settings.run_directory, request.takeover, predecessor);
    if (!run_directory) {
        log::error("{}", run_directory.error().text);
        return run_directory.error().number == EEXIST ? ExitCode::already_running : ExitCode::failed;
    }
    if (const auto loaded = load_target_core_user(); !loaded) {
        log::error("{}", loaded.error().text);
        return ExitCode::no_kernel;
    }
    auto socket = open_netlink();
    if (!socket) {
        log::error("{}", socket.error().text);
        return ExitCode::no_kernel;
    }
    return Daemon(request,
                  {std::move(*run_directory), std::move(predecessor), std::move(*socket), std::move(kept)})
        .run();
}

}  // namespace tcmud::daemon
