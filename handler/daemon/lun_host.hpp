// SPDX-License-Identifier: Apache-2.0
// What a device server is told of the machine: identity, target port groups and other disks, read from
// configfs by the worker. On the LUN's serving thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "handler/daemon/lun_services.hpp"
#include "handler/devices/host.hpp"
#include "handler/serving/operation_list.hpp"

namespace tcmud::daemon {

class LunHost final : public devices::Host {
public:
    LunHost(const LunServices& services, serving::Loop& loop, LunName name, std::string config,
            bool show_config);

    const scsi::Identity& identity() const override { return identity_; }
    void fresh_identity(Completion done) override;
    void set_access_state(std::uint16_t group, scsi::AccessState state, Completion done) override;
    void find_copy_peer(const scsi::Naa& naa, std::unique_ptr<devices::CopyPeer>& found,
                        Completion done) override;
    void remark(std::string_view what) override;

private:
    // Has the worker compute a value and takes it on the serving thread; an error if that took too long.
    // Something waits for the answer, so that this object is still there.
    template <class T>
    void ask(std::string what, std::function<Result<T>()> work, std::function<void(Result<T>)> take);

    const LunServices& services_;
    serving::Loop& loop_;
    LunName name_;
    std::string config_;
    bool show_config_;
    scsi::Identity identity_;
    std::chrono::steady_clock::time_point read_at_{};
    bool reading_ = false;
    serving::OperationList waiting_;
};

}  // namespace tcmud::daemon
