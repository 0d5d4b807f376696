// SPDX-License-Identifier: Apache-2.0
// A session under test, between a kernel and a device that are the test's.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "handler/serving/session.hpp"
#include "tests/handler/serving/support.hpp"
#include "tests/support/kernel_ring.hpp"

namespace tcmud::test {

// A session between a kernel and a device, both the test's. All of them belong to the loop's thread: tests
// touch them in now() only.
struct SessionBench {
    template <class F>
    auto now(F f) {
        return on(loop, std::move(f));
    }

    explicit SessionBench(const KernelRing::Shape& shape = {}) : kernel(shape) { begin(); }
    explicit SessionBench(std::initializer_list<std::uint8_t> waiting_before) {
        kernel.submit(waiting_before);
        begin();
    }
    SessionBench(const SessionBench&) = delete;
    SessionBench& operator=(const SessionBench&) = delete;
    ~SessionBench() {
        now([&] {
            device.busy = false;
            device.answer_all(scsi::Outcome::good());
            if (left) return;
            session->pause([] {});
        });
        now([&] {
            if (!left) session->leave();
            session.reset();
        });
    }

    // Takes what the kernel has submitted, and publishes what was answered.
    template <class F>
    void turn_after(F f) {
        now([&] {
            f();
            loop.serve_again(*session);
        });
        now([] {});
    }
    std::size_t held() {
        return now([&] { return device.held.size(); });
    }
    std::vector<KernelRing::Completed> collect() {
        return now([&] { return kernel.collect(); });
    }
    std::vector<KernelRing::Completed> answer(std::size_t which, scsi::Outcome outcome) {
        now([&] { device.answer(which, outcome); });
        return collect();
    }

    KernelRing kernel;
    HoldingDevice device;
    Doorbell doorbell;
    TestLoop loop;
    std::unique_ptr<serving::Session> session;
    std::string problem;
    bool gone = false;
    bool left = false;

private:
    void begin() {
        now([&] {
            auto ring = uio::Ring::attach(kernel.mapping(), uio::Journal::in_memory());
            if (!ring) throw std::logic_error("no ring");
            session = std::make_unique<serving::Session>(
                doorbell.device(), std::move(*ring), device, loop,
                serving::Session::Events{[this](std::string_view what) { problem = what; },
                                         [this] { gone = true; }});
            session->start();
        });
        now([] {});
    }
};

}  // namespace tcmud::test
