// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/served_unit.hpp"

#include <cerrno>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "handler/devices/absent_device.hpp"
#include "handler/devices/changer/changer_device.hpp"
#include "handler/devices/tape/tape_device.hpp"
#include "handler/serving/timed_backend.hpp"
#include "handler/serving/timed_tape.hpp"

namespace tcmud::serving {

namespace {

class ServedDisk final : public ServedUnit {
public:
    ServedDisk(std::unique_ptr<BlockBackend> backend, const devices::BlockSettings& settings,
               devices::Host& host, Loop& loop)
        : loop_(loop), backend_(std::move(backend)), timed_(started(*backend_, loop), loop.clock()) {
        device_.emplace(timed_, settings, host);
        loop_.add(*backend_);
    }

    devices::Device& device() override { return *device_; }
    devices::BlockDevice* disk() override { return &*device_; }
    BlockBackend* blocks() override { return backend_.get(); }
    const Latency* latency(Direction direction) const override { return &timed_.latency(direction); }
    void control(std::string_view command, Controlled done) override { done(backend_->control(command)); }
    void closing() override { backend_->closing(); }
    OpenedBackend leave() override {
        loop_.remove(*backend_);
        device_.reset();
        return std::move(backend_);
    }

private:
    static BlockBackend& started(BlockBackend& backend, Loop& loop) {
        backend.start(loop.io());
        return backend;
    }

    Loop& loop_;
    std::unique_ptr<BlockBackend> backend_;
    TimedBackend timed_;
    std::optional<devices::BlockDevice> device_;
};

// What has media that come and go: a tape drive, a changer.
template <class Backend, class Device>
class ServedRemovable final : public ServedUnit {
public:
    ServedRemovable(std::unique_ptr<Backend> backend, devices::Host& host, Loop& loop)
        : backend_(std::move(backend)) {
        told_->host = &host;
        backend_->start(loop.io(), events());
        if constexpr (is_tape)
            told_->device = &device_.emplace(timed_.emplace(*backend_, loop.clock()), host);
        else
            told_->device = &device_.emplace(*backend_, host);
    }
    ~ServedRemovable() override { *told_ = {}; }

    devices::Device& device() override { return *device_; }
    const Latency* latency(Direction direction) const override {
        return timed_ ? &timed_->latency(direction) : nullptr;
    }
    void control(std::string_view command, Controlled done) override {
        if constexpr (is_tape) {
            using enum devices::TapeDevice::Button;
            const auto pressed = [&] {
                return [done = std::move(done)](const Result<void>& result) {
                    done(result.map([] { return std::string(); }));
                };
            };
            if (command == "load") return device_->press(load, pressed());
            if (command == "unload") return device_->press(unload, pressed());
        }
        done(backend_->control(command));
    }
    OpenedBackend leave() override {
        *told_ = {};
        device_.reset();
        return std::move(backend_);
    }

private:
    static constexpr bool is_tape = std::is_same_v<Backend, TapeBackend>;

    typename Backend::Events events() const {
        const auto remarked = [told = told_](std::string_view remark) {
            if (told->host) told->host->remark(remark);
        };
        if constexpr (is_tape)
            return {teller(&Device::medium_changed), remarked};
        else
            return {teller(&Device::import_export_accessed), teller(&Device::inventory_changed), remarked};
    }
    std::function<void()> teller(void (Device::*event)()) const {
        return [told = told_, event] {
            if (told->device) (told->device->*event)();
        };
    }

    std::unique_ptr<Backend> backend_;
    std::optional<TimedTape> timed_;  // Of a drive alone: moves of a changer are as many as its commands.
    std::optional<Device> device_;
    // Whom events are told; nobody, once the unit was left: the library that they come from goes on, and its
    // backend is destroyed elsewhere.
    struct Told {
        Device* device = nullptr;
        devices::Host* host = nullptr;
    };
    std::shared_ptr<Told> told_ = std::make_shared<Told>();
};

using ServedTape = ServedRemovable<TapeBackend, devices::TapeDevice>;
using ServedChanger = ServedRemovable<ChangerBackend, devices::ChangerDevice>;

class ServedAbsent final : public ServedUnit {
public:
    ServedAbsent(LunKind kind, devices::Host& host)
        : kind_(kind),
          device_(kind == LunKind::tape ? scsi::DeviceType::tape : scsi::DeviceType::changer, host) {}

    devices::Device& device() override { return device_; }
    void control(std::string_view, Controlled done) override {
        done(failure(ENODEV, "its backend cannot be opened"));
    }
    OpenedBackend leave() override {
        if (kind_ == LunKind::tape) return std::unique_ptr<TapeBackend>();
        return std::unique_ptr<ChangerBackend>();
    }

private:
    LunKind kind_;
    devices::AbsentDevice device_;
};

}  // namespace

std::unique_ptr<ServedUnit> ServedUnit::make(OpenedBackend backend, const devices::BlockSettings& settings,
                                             devices::Host& host, Loop& loop) {
    const bool absent = std::visit([](const auto& pointer) { return !pointer; }, backend);
    if (absent) return std::make_unique<ServedAbsent>(kind_of(backend), host);
    if (auto* const changer = std::get_if<std::unique_ptr<ChangerBackend>>(&backend))
        return std::make_unique<ServedChanger>(std::move(*changer), host, loop);
    if (auto* const tape = std::get_if<std::unique_ptr<TapeBackend>>(&backend))
        return std::make_unique<ServedTape>(std::move(*tape), host, loop);
    auto& disk = std::get<std::unique_ptr<BlockBackend>>(backend);
    return std::make_unique<ServedDisk>(std::move(disk), settings, host, loop);
}

}  // namespace tcmud::serving
