// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/served_unit.hpp"

#include <cerrno>
#include <optional>
#include <utility>
#include <variant>

#include "handler/devices/absent_device.hpp"
#include "handler/devices/changer/changer_device.hpp"
#include "handler/devices/tape/tape_device.hpp"
#include "handler/serving/timed_backend.hpp"

namespace tcmud::serving {

namespace {

class ServedDisk final : public ServedUnit {
public:
    ServedDisk(std::unique_ptr<BlockBackend> backend, const devices::BlockSettings& settings,
               devices::Host& host, Loop& loop)
        : backend_(std::move(backend)), timed_(started(*backend_, loop), loop.clock()) {
        device_.emplace(timed_, settings, host);
    }

    devices::Device& device() override { return *device_; }
    devices::BlockDevice* disk() override { return &*device_; }
    BlockBackend* blocks() override { return backend_.get(); }
    const Latency& latency(Direction direction) const override { return timed_.latency(direction); }
    Result<std::string> control(std::string_view command) override { return backend_->control(command); }
    void closing() override { backend_->closing(); }
    OpenedBackend leave() override {
        device_.reset();
        return std::move(backend_);
    }

private:
    static BlockBackend& started(BlockBackend& backend, Loop& loop) {
        backend.start(loop.io());
        return backend;
    }

    std::unique_ptr<BlockBackend> backend_;
    TimedBackend timed_;
    std::optional<devices::BlockDevice> device_;
};

class ServedTape final : public ServedUnit {
public:
    ServedTape(std::unique_ptr<TapeBackend> backend, devices::Host& host, Loop& loop)
        : backend_(std::move(backend)) {
        backend_->start(loop.io(), {[told = told_] {
                            if (*told) (*told)->medium_changed();
                        }});
        *told_ = &device_.emplace(*backend_, host);
    }
    ~ServedTape() override { *told_ = nullptr; }

    devices::Device& device() override { return *device_; }
    const Latency& latency(Direction) const override { return latency_; }
    Result<std::string> control(std::string_view command) override { return backend_->control(command); }
    OpenedBackend leave() override {
        *told_ = nullptr;
        device_.reset();
        return std::move(backend_);
    }

private:
    std::unique_ptr<TapeBackend> backend_;
    std::optional<devices::TapeDevice> device_;
    // Whom events are told; nobody, once the unit was left: the library that they come from goes on, and its
    // backend is destroyed elsewhere.
    std::shared_ptr<devices::TapeDevice*> told_ = std::make_shared<devices::TapeDevice*>(nullptr);
    Latency latency_;  // Not measured.
};

class ServedChanger final : public ServedUnit {
public:
    ServedChanger(std::unique_ptr<ChangerBackend> backend, devices::Host& host, Loop& loop)
        : backend_(std::move(backend)) {
        backend_->start(loop.io(), {[told = told_] {
                                        if (*told) (*told)->import_export_accessed();
                                    },
                                    [told = told_] {
                                        if (*told) (*told)->inventory_changed();
                                    }});
        *told_ = &device_.emplace(*backend_, host);
    }
    ~ServedChanger() override { *told_ = nullptr; }

    devices::Device& device() override { return *device_; }
    const Latency& latency(Direction) const override { return latency_; }
    Result<std::string> control(std::string_view command) override { return backend_->control(command); }
    OpenedBackend leave() override {
        *told_ = nullptr;
        device_.reset();
        return std::move(backend_);
    }

private:
    std::unique_ptr<ChangerBackend> backend_;
    std::optional<devices::ChangerDevice> device_;
    // Whom events are told; nobody, once the unit was left: the library that they come from goes on, and its
    // backend is destroyed elsewhere.
    std::shared_ptr<devices::ChangerDevice*> told_ = std::make_shared<devices::ChangerDevice*>(nullptr);
    Latency latency_;  // Moves are not measured.
};

class ServedAbsent final : public ServedUnit {
public:
    ServedAbsent(LunKind kind, devices::Host& host)
        : kind_(kind),
          device_(kind == LunKind::tape ? scsi::DeviceType::tape : scsi::DeviceType::changer, host) {}

    devices::Device& device() override { return device_; }
    const Latency& latency(Direction) const override { return latency_; }
    Result<std::string> control(std::string_view) override {
        return failure(ENODEV, "its backend cannot be opened");
    }
    OpenedBackend leave() override {
        if (kind_ == LunKind::tape) return std::unique_ptr<TapeBackend>();
        return std::unique_ptr<ChangerBackend>();
    }

private:
    LunKind kind_;
    devices::AbsentDevice device_;
    Latency latency_;  // Of nothing.
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
