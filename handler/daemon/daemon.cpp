// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/daemon.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include "handler/daemon/config_file.hpp"
#include "handler/daemon/control_server.hpp"
#include "handler/daemon/device_manager.hpp"
#include "handler/daemon/geometry.hpp"
#include "handler/daemon/kernel_module.hpp"
#include "handler/daemon/other_daemons.hpp"
#include "handler/daemon/run_directory.hpp"
#include "netlink/socket.hpp"
#include "uio/crash_point.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

std::filesystem::path module_directory(const Settings& settings) {
    return settings.module_directory.empty() ? default_module_directory() : settings.module_directory;
}

class Daemon {
public:
    Daemon(const Serve& request, RunDirectory run_directory, netlink::Socket socket)
        : request_(request),
          settings_(request.settings),
          run_directory_(std::move(run_directory)),
          socket_(std::move(socket)),
          modules_(Modules::load(module_directory(settings_))),
          configfs_worker_(context_, "configfs", 1, 4),
          offload_(context_, "offload", 4, 16),
          threads_(most_serving_threads(settings_), settings_.serving_cpus, settings_.busy_wait),
          services_{context_,   settings_, modules_, configfs_, configfs_worker_, offload_, threads_,
                    directory_, {},        {},       {}},
          signals_(context_, SIGTERM, SIGINT, SIGHUP),
          events_(context_, socket_.fd()) {}
    ~Daemon() { events_.release(); }

    ExitCode run() {
        asio::co_spawn(context_, start(), rethrow);
        context_.run();
        return exit_code_;
    }

private:
    asio::awaitable<void> start() {
        const auto others = co_await look_for_others();
        alone_ = !others.any();
        if (!alone_) tell_of(others);
        auto left_to_others = settings_.subtypes.empty() ? others.subtypes : std::set<std::string>{};
        manager_.emplace(services_, socket_, Responsibility(settings_, modules_, std::move(left_to_others)),
                         [this] { return another_daemon(); });
        co_await set_up_netlink();
        auto control =
            ControlServer::listen(context_, run_directory_.control_socket(),
                                  {[this] { return manager_->reports(); }, [this] { return report(); },
                                   [this](std::string lun, std::string command) {
                                       return manager_->control(std::move(lun), std::move(command));
                                   }});
        if (!control) {
            log::error("{}", control.error().text);
            co_return leave(ExitCode::failed);
        }
        control_ = std::move(*control);
        manager_->scan();
        asio::co_spawn(context_, receive_events(), rethrow);
        asio::co_spawn(context_, obey_signals(), rethrow);
        log::info("tcmud {} serves {}", TCMUD_VERSION, modules_.names());
        ::sd_notify(0, "READY=1");
    }

    asio::awaitable<OtherDaemons> look_for_others() {
        auto looking = offload_.run<OtherDaemons>(
            "look for other TCMU daemons", 5s,
            [port = socket_.port(), group = socket_.group()]() -> Result<OtherDaemons> {
                return find_other_daemons(port, group);
            });
        const auto found = co_await std::move(looking);
        if (!found) log::warning("{}", found.error().text);
        co_return found.value_or(OtherDaemons{});
    }

    void tell_of(const OtherDaemons& others) const {
        std::string left;
        for (const auto& subtype : others.subtypes)
            left += fmt::format("{}{}", left.empty() ? "" : ", ", subtype);
        log::warning("another TCMU daemon works here{}; subtypes left to it: {}",
                     others.bus_owner.empty() ? "" : " (it owns org.kernel.TCMUService1)",
                     left.empty() ? "none" : left);
    }

    bool another_daemon() const { return find_other_daemons(socket_.port(), socket_.group()).any(); }

    // The module's switches are for an unconfined daemon that is alone.
    bool owns_module() const { return alone_ && !settings_.confined(); }

    asio::awaitable<void> set_up_netlink() {
        if (!owns_module()) co_return;
        auto freeing = configfs_worker_.run<bool>(
            "reset netlink", 5s, [] { return free_netlink_waiters().map([] { return true; }); });
        const auto freed = co_await std::move(freeing);
        if (!freed) log::warning("{}", freed.error().text);
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
            if (signal != SIGHUP) break;
            reload();
        }
        ::sd_notify(0, "STOPPING=1");
        log::info("stopping");
        // From now on nobody answers: writers must not wait for us.
        if (owns_module()) static_cast<void>(socket_.set_reply_mode(false));
        const bool all = co_await manager_->stop();
        log::info("stopped{}", all ? "" : "; some LUNs were left as they are");
        leave(ExitCode::ok);
    }

    // What can change while it runs: the log level.
    void reload() {
        Settings settings = request_.settings;
        const auto applied = apply_config_file(request_.config_file, false, settings);
        if (!applied) return log::error("not reloaded: {}", applied.error().text);
        log::set_level(settings.log_level);
        log::info("reloaded; log level {}", log::name_of(settings.log_level));
    }

    DaemonReport report() const {
        const auto& shared = threads_.shared();
        DaemonReport report{TCMUD_VERSION,
                            TCMUD_BUILD_ID,
                            {},
                            threads_.reports(),
                            configfs_worker_.stuck() + offload_.stuck(),
                            std::string(name_of(shared.weight.mechanism())),
                            shared.carriers.held()};
        for (const auto* module : modules_.all()) report.subtypes.emplace_back(module->subtype());
        return report;
    }

    void leave(ExitCode code) {
        exit_code_ = code;
        context_.stop();
        // Something does not end: neither may it keep us. The kernel closes what is left.
        if (manager_ && !manager_->reports().empty()) ::_exit(static_cast<int>(code));
    }

    Serve request_;
    Settings settings_;
    asio::io_context context_;
    RunDirectory run_directory_;
    netlink::Socket socket_;
    Modules modules_;
    Configfs configfs_;
    WorkerPool configfs_worker_;
    WorkerPool offload_;
    serving::LunDirectory directory_;
    ServingThreads threads_;
    LunServices services_;
    asio::signal_set signals_;
    asio::posix::stream_descriptor events_;
    std::optional<DeviceManager> manager_;
    std::unique_ptr<ControlServer> control_;
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

// Each LUN takes a few descriptors; the usual soft limit of 1024 is for programs that use select(2).
void raise_limit_of_open_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

ExitCode serve(const Serve& request) {
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
    auto run_directory = RunDirectory::take(request.settings.run_directory);
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
    return Daemon(request, std::move(*run_directory), std::move(*socket)).run();
}

ExitCode check(const Check& request) {
    log::start(log::Level::warning);
    const auto modules = Modules::load(module_directory(request.settings));
    const auto refuse = [&](std::string_view why) {
        std::cerr << fmt::format("{}: {}\n", request.config, why);
        return ExitCode::failed;
    };
    const auto subtype = std::string(subtype_of(request.config));
    const auto* module = modules.find(subtype);
    const ByteCount size{request.size};
    const BlockSize block_size{request.block_size};
    if (!module) return refuse(fmt::format("unknown subtype '{}'; known: {}", subtype, modules.names()));
    const auto exists = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
    const auto parsed = parse_config(request.config, module->options(), exists);
    if (!parsed) return refuse(parsed.error().text);
    const auto thread = check_thread(parsed->common.thread, most_serving_threads(request.settings));
    if (!thread) return refuse(thread.error().text);
    // Without --size only the rest is looked at.
    if (raw(size) != 0) {
        if (const auto possible = check_geometry(size, block_size); !possible)
            return refuse(possible.error().text);
    }
    const OpenRequest open{subtype, parsed->path, parsed->options, size, block_size};
    if (const auto possible = module->check(open); !possible) return refuse(possible.error().text);
    std::cout << request.config << ": ok\n";
    return ExitCode::ok;
}

}  // namespace tcmud::daemon
