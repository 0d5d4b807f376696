// SPDX-License-Identifier: Apache-2.0
// How a LUN is opened: facts from configfs, the backend, the ring, then its serving thread.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "handler/daemon/absent_backend.hpp"
#include "handler/daemon/descriptor_store.hpp"
#include "handler/daemon/geometry.hpp"
#include "handler/daemon/journals.hpp"
#include "handler/daemon/log.hpp"
#include "handler/daemon/lun.hpp"
#include "handler/daemon/lun_host.hpp"
#include "handler/daemon/lun_patience.hpp"
#include "handler/daemon/scarce_memory.hpp"
#include "handler/guard/measures.hpp"
#include "uio/device.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

constexpr auto configfs_patience = 5s;
// A predecessor may need a moment to let go of the device.
constexpr auto busy_patience = 2000ms;
constexpr auto busy_interval = 20ms;
// What is refused ends at once.
constexpr auto absent_patience = 1000ms;

struct OpenRing {
    uio::Device device;
    uio::Ring ring;
};

// In memory for want of a file: then a successor cannot go on where this process is killed.
uio::Journal journal_at(const std::filesystem::path& path) {
    auto journal = uio::Journal::open(path.c_str());
    if (journal) return std::move(*journal);
    log::warning("{}: {}: should tcmud be killed, commands that are under way end BUSY", path.string(),
                 journal.error().message());
    return uio::Journal::in_memory();
}

// uio: the device, where we have it open already.
Result<OpenRing> open_ring_of(std::uint32_t minor, const uio::DeviceName& name,
                              const std::filesystem::path& journal, FileDescriptor uio) {
    const auto deadline = std::chrono::steady_clock::now() + busy_patience;
    auto device = uio::Device::map(uio.release(), minor, name);
    const bool had_it = device.has_value();
    if (!device) device = uio::Device::open(minor, name);
    while (!device && device.error() == std::errc::device_or_resource_busy &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(busy_interval);
        device = uio::Device::open(minor, name);
    }
    if (!device) {
        const auto& error = device.error();
        return failure(error.value(), fmt::format("cannot open /dev/uio{}: {}{}", minor, error.message(),
                                                  error == std::errc::device_or_resource_busy
                                                      ? ": another process serves it (fuser shows which)"
                                                      : ""));
    }
    auto ring = uio::Ring::attach(device->mapping(), journal_at(journal));
    if (!ring) return failure(EPROTO, fmt::format("/dev/uio{}: {}", minor, ring.error()));
    if (!had_it) DescriptorStore::keep(minor, device->fd());
    return OpenRing{std::move(*device), std::move(*ring)};
}

// Of a disk the thread's kind follows from its file. Tapes and changers are served inline, those of a library
// together.
struct Placement {
    serving::LoopKind kind = serving::LoopKind::inline_calls;
    std::string with;
};
Placement placement_of(const OpenedBackend& opened) {
    return std::visit(
        [](const auto& backend) -> Placement {
            if (!backend) return {};
            if constexpr (requires { backend->placement_key(); })
                return {serving::LoopKind::inline_calls, std::string(backend->placement_key())};
            else
                return {serving::loop_kind_for(backend->file()), {}};
        },
        opened);
}

}  // namespace

LunKind Lun::kind() const {
    return services_.modules.find(uio_name_.subtype())->kind(uio_name_.subtype());
}

// Whoever removes the LUN holds its directory until we answer him, and what is read there waits for that: so
// a removal that comes meanwhile ends our waiting.
asio::awaitable<Result<LunFacts>> Lun::read_facts() {
    using Facts = std::optional<Result<LunFacts>>;
    const auto facts = std::make_shared<Facts>();
    const auto read = [](std::shared_ptr<Lun> self, std::shared_ptr<Facts> into) -> asio::awaitable<void> {
        auto reading = self->services_.configfs_worker.run<LunFacts>(
            "read configfs", configfs_patience,
            [&configfs = self->services_.configfs, name = self->name_,
             timeout = self->services_.settings.command_timeout_s] {
                auto prepared = configfs.prepare(name, timeout);
                auto known = configfs.facts(name);
                // What cannot be read either is gone.
                if (!prepared && known) log::warning("{}: {}", name.text(), prepared.error().text);
                return known;
            },
            self->awaited_);
        into->emplace(co_await std::move(reading));
        self->requested_.notify();
    };
    asio::co_spawn(services_.context, read(shared_from_this(), facts), rethrow);
    while (!*facts && !is_to_go()) co_await requested_.wait(2 * configfs_patience);
    if (!*facts) co_return failure(ECANCELED, "it is being removed");
    co_return std::move(**facts);
}

std::filesystem::path Lun::guard_record() const {
    return services_.settings.run_directory / "guard" / (name_.hba + "-" + name_.device);
}

// Now that it is served: what tcmud-guard did so that it answers with errors.
asio::awaitable<void> Lun::undo_guard() {
    std::error_code error;
    if (!std::filesystem::exists(guard_record(), error)) co_return;
    auto undoing = services_.configfs_worker.run<bool>(
        "undo what tcmud-guard did", configfs_patience,
        [record = guard_record(), device = services_.configfs.device(name_)] {
            return guard::undo_recorded(record, device);
        });
    const auto undone = co_await std::move(undoing);
    if (!undone) {
        log::error("{}: answers with errors still, for what tcmud-guard did is not undone: {}", name_.text(),
                   undone.error().text);
    } else if (*undone) {
        log::info("{}: was guarded, and answers again", name_.text());
    }
}

// Of a device whose `enable` failed, nothing is left of what was open.
bool Lun::has_live_device() const {
    pollfd look{uio_.get(), 0, 0};
    return uio_ && ::poll(&look, 1, 0) >= 0 && (look.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

// It was found before its event was read, or it is another device of the same name, number and id: the
// `enable` of the first one failed after we found it.
asio::awaitable<void> Lun::deal_with_added(const netlink::Event& event) {
    const bool known = event.device_id == facts_.device_id && has_live_device();
    if (known && (facts_.enabled || event.device_id == added_id_)) co_return;
    if (!known) {
        if (state_ == LunState::serving) change(LunEvent::lost);
        while (!co_await leave(drain_report))
            log::warning("{}: its backend has not ended all I/O", name_.text());
        uio_.reset();
        co_await try_to_open();
    }
    if (answer_added(event) && state_ == LunState::waiting) change(LunEvent::refused);
}

asio::awaitable<Result<void>> Lun::open() {
    const auto facts = co_await read_facts();
    if (!facts) co_return tl::unexpected(facts.error());
    // Its `enable` has made the UIO device, and sets the rest before it tells anybody.
    if (facts->block_size.bytes == 0 && !facts->enabled)
        co_return failure(EINPROGRESS, "the kernel is still setting it up");
    if (kind() == LunKind::disk) {
        if (auto sane = check_geometry(facts->size, facts->block_size); !sane) co_return sane;
    }
    facts_ = *facts;
    if (!facts_.enabled) *awaited_ = true;
    OpenedBackend backend;
    if (auto opened = co_await open_backend(*facts, backend); !opened) co_return opened;
    while (!co_await leave(absent_patience)) log::warning("{}: does not become idle", name_.text());
    co_return co_await open_ring(*facts, std::move(backend));
}

asio::awaitable<void> Lun::serve_as_absent() {
    // If it fails, not again before the LUN itself is tried.
    absent_at_ = std::chrono::steady_clock::time_point::max();
    // Of a LUN that nobody enabled there are no commands.
    if (served_ || !facts_.enabled) co_return;
    const auto served = co_await open_ring(facts_, absent_backend(kind(), facts_.size));
    if (!served) {
        log::warning("{}: its commands wait: {}", name_.text(), served.error().text);
        co_return;
    }
    log::warning("{}: its commands are answered NOT READY until it can be opened", name_.text());
    co_await undo_guard();
}

asio::awaitable<Result<void>> Lun::open_backend(const LunFacts& facts, OpenedBackend& backend) {
    const auto* module = services_.modules.find(uio_name_.subtype());
    struct Opened {
        OpenedBackend backend;
        CommonOptions common;
    };
    auto opening = services_.offload.run<Opened>(
        fmt::format("open {}", uio_name_.config), services_.settings.open_timeout,
        [module, config = uio_name_.config, size = facts.size, block_size = facts.block_size,
         threads = most_serving_threads(services_.settings)]() -> Result<Opened> {
            const auto exists = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
            auto parsed = parse_config(config, module->options(), exists);
            if (!parsed) return tl::unexpected(parsed.error());
            if (const auto thread = check_thread(parsed->common.thread, threads); !thread)
                return tl::unexpected(thread.error());
            const OpenRequest request{std::string(subtype_of(config)), parsed->path, parsed->options, size,
                                      block_size};
            auto fresh = module->open(request);
            if (!fresh) return tl::unexpected(fresh.error());
            return Opened{std::move(*fresh), parsed->common};
        },
        awaited_);
    auto opened = co_await std::move(opening);
    if (!opened) co_return tl::unexpected(opened.error());
    backend = std::move(opened->backend);
    common_ = opened->common;
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Lun::open_ring(const LunFacts& facts, OpenedBackend backend) {
    const auto start_opening = [this] {
        // std::function copies.
        auto uio = std::make_shared<FileDescriptor>(uio_.duplicate());
        return services_.offload.run<OpenRing>(
            fmt::format("open /dev/uio{}", minor_), services_.settings.open_timeout,
            [minor = minor_, name = uio_name_, uio,
             journal = journal_path(services_.settings.run_directory, name_)] {
                return open_ring_of(minor, name, journal, std::move(*uio));
            },
            awaited_);
    };
    auto opening = start_opening();
    auto opened = co_await std::move(opening);
    // At once: systemd may have it too by now, so that it cannot be opened another time.
    if (opened) uio_.reset(::fcntl(opened->device.fd(), F_DUPFD_CLOEXEC, 0));
    if (opened && !uio_)
        co_return failure(errno, fmt::format("cannot keep /dev/uio{}: {}", minor_, std::strerror(errno)));
    if (opened && opened->ring.beginning() == uio::Ring::Beginning::lost && facts.enabled) {
        // Which of the waiting commands the last daemon had begun is not known. What writes to a tape or
        // moves a cartridge must not be repeated.
        const auto end = kind() == LunKind::disk ? Configfs::RingReset::busy : Configfs::RingReset::error;
        log::warning(
            "{}: was left in the middle of commands, and its journal does not say which: they end {}",
            name_.text(),
            end == Configfs::RingReset::busy ? "BUSY and initiators repeat them" : "with an error");
        opened->ring.give_up();
        ++ring_resets_;
        opened = failure(EAGAIN, "");
        auto resetting = services_.configfs_worker.run<bool>(
            "reset the ring", configfs_patience, [&configfs = services_.configfs, name = name_, end] {
                return configfs.reset_ring(name, end).map([] { return true; });
            });
        const auto reset = co_await std::move(resetting);
        if (!reset) co_return tl::unexpected(reset.error());
        auto again = start_opening();
        opened = co_await std::move(again);
    }
    if (!opened) co_return tl::unexpected(opened.error());
    if (opened->ring.beginning() == uio::Ring::Beginning::lost)
        co_return failure(EPROTO,
                          "its ring holds commands of which nobody knows whether they were begun: "
                          "echo 1 >action/reset_ring ends them BUSY");
    if (opened->ring.beginning() == uio::Ring::Beginning::continued)
        log::info("{}: goes on where its last tcmud was killed", name_.text());
    co_return co_await begin_serving(std::move(backend), std::move(opened->device), std::move(opened->ring));
}

devices::BlockSettings Lun::block_settings(const LunFacts& facts) const {
    constexpr std::uint32_t kernel_default = 128;
    devices::BlockSettings settings;
    settings.block_size = facts.block_size;
    // The kernel's default is no wish of the administrator's, and nothing enforces it.
    if (facts.max_sectors != 0 && facts.max_sectors != kernel_default) {
        settings.largest_transfer = BlockCount{facts.max_sectors} * facts.block_size;
    }
    settings.write_cache = common_.write_cache;
    settings.absent = state_ == LunState::waiting;
    return settings;
}

serving::Session::Events Lun::session_events() {
    const auto post = [weak = weak_from_this(), &context = services_.context](Request request) {
        asio::post(context, [weak, request = std::move(request)]() mutable {
            if (const auto lun = weak.lock()) lun->push(std::move(request));
        });
    };
    serving::Session::Events events;
    events.broken = [post](std::string_view problem) { post(Broken{std::string(problem)}); };
    events.gone = [post] { post(Vanished{}); };
    return events;
}

asio::awaitable<Result<void>> Lun::begin_serving(OpenedBackend backend, uio::Device device, uio::Ring ring) {
    const auto placement = placement_of(backend);
    auto& loop = services_.threads.place(placement.kind, {common_.thread, placement.with});
    // Movable only, and std::function copies: so by pointer.
    auto parts = std::make_shared<serving::ServedLun::Parts>(serving::ServedLun::Parts{
        name_.text(), std::move(backend), block_settings(facts_),
        std::make_unique<LunHost>(services_, loop, name_, uio_name_.config, common_.show_config),
        std::move(device), std::move(ring)});
    auto beginning = on_loop<std::shared_ptr<serving::ServedLun>>(
        services_.context, loop, [parts, &loop, &directory = services_.directory, events = session_events()] {
            return std::make_shared<serving::ServedLun>(std::move(*parts), loop, directory, events);
        });
    auto served = co_await std::move(beginning);
    if (!served) {
        services_.threads.give_back(loop, placement.with);
        co_return tl::unexpected(served.error());
    }
    loop_ = &loop;
    placed_with_ = placement.with;
    served_ = std::move(*served);
    lock_heap();
    co_return Result<void>{};
}

}  // namespace tcmud::daemon
