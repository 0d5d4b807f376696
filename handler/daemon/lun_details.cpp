// SPDX-License-Identifier: Apache-2.0
// What the administrator asks of a single LUN: all that is known of it, another size.
#include <utility>

#include <fmt/format.h>

#include "handler/daemon/lun.hpp"

namespace tcmud::daemon {

namespace {

using namespace std::chrono_literals;

constexpr auto look_patience = 2s;
// For a change that the kernel asks us about while it is written.
constexpr auto resize_patience = 15s;

}  // namespace

asio::awaitable<LunDetails> Lun::details() {
    LunDetails details;
    const auto self = shared_from_this();
    auto reading = services_.configfs_worker.run<std::vector<Export>>(
        "read exports", look_patience,
        [&configfs = services_.configfs, name = name_]() -> Result<std::vector<Export>> {
            return configfs.exports(name);
        });
    auto exports = co_await std::move(reading);
    if (exports)
        details.exports = std::move(*exports);
    else
        details.problem = exports.error().text;
    if (served_) {
        auto asking = on_loop<std::vector<serving::ErrorReport>>(
            services_.context, *loop_, [served = served_] { return served->session().last_errors(); },
            look_patience);
        auto errors = co_await std::move(asking);
        if (errors)
            details.last_errors = std::move(*errors);
        else
            details.problem = errors.error().text;
    }
    details.report = report();
    co_return details;
}

// By the attribute, so that the kernel knows it too; it asks us while we write.
asio::awaitable<Result<void>> Lun::set_size(ByteCount size) {
    const auto self = shared_from_this();
    change_error_.clear();
    auto writing = services_.offload.run<bool>(
        "write dev_size", resize_patience, [&configfs = services_.configfs, name = name_, size] {
            return configfs.set_size(name, size).map([] { return true; });
        });
    const auto written = co_await std::move(writing);
    if (written) co_return Result<void>{};
    co_return failure(
        written.error().number,
        fmt::format("{}: {}", name_.text(), change_error_.empty() ? written.error().text : change_error_));
}

}  // namespace tcmud::daemon
