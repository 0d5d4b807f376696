// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/crew.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace tcmud::guard {

namespace {

using Clock = std::chrono::steady_clock;

// Each is a process that the kernel holds.
constexpr std::size_t most_hung = 64;

// What a process answers to an order.
struct Answer {
    Outcome outcome;
    std::array<char, 511> error;  // Ends with a NUL.
};

[[noreturn]] void carry_out_orders(int socket, pid_t parent, const Crew::Job& job) {
    // What the guard began must not go on without it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    std::array<char, longest_order> order;
    for (;;) {
        const auto length = ::recv(socket, order.data(), order.size(), 0);
        if (length <= 0) ::_exit(0);
        const auto deed = job({order.data(), static_cast<std::size_t>(length)});
        Answer answer{deed.outcome, {}};
        deed.error.copy(answer.error.data(), answer.error.size() - 1);
        if (::send(socket, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) ::_exit(1);
    }
}

}  // namespace

class Crew::Shift {
public:
    Shift(Crew& crew, const std::vector<Order>& orders)
        : crew_(crew), orders_(orders), deeds_(orders.size()) {}

    std::vector<Deed> run(std::size_t at_a_time) {
        do {
            const auto wanted = std::min(at_a_time, orders_.size() - next_);
            while (crew_.workers_.size() < wanted && crew_.hire()) continue;
            for (auto& worker : crew_.workers_) give(worker);
            wait();
            hear();
        } while (!done());
        // For want of processes.
        for (; next_ < orders_.size(); ++next_) deeds_[next_] = {Outcome::failed, "cannot make a process"};
        return std::move(deeds_);
    }

private:
    bool done() const {
        const bool idle = std::none_of(crew_.workers_.begin(), crew_.workers_.end(),
                                       [](const Worker& worker) { return worker.order.has_value(); });
        if (next_ < orders_.size() && crew_.workers_.empty()) return !crew_.hire();
        return next_ >= orders_.size() && idle;
    }

    void give(Worker& worker) {
        while (!worker.order && next_ < orders_.size()) {
            const auto number = next_++;
            const auto& order = orders_[number];
            if (crew_.hangs(order.subject)) {
                deeds_[number].outcome = Outcome::hung;
                continue;
            }
            worker.order = number;
            worker.since = Clock::now();
            // Should it have died, that shows when its answer is read.
            ::send(worker.socket.fd(), order.text.data(), order.text.size(), MSG_NOSIGNAL);
        }
    }

    // Until there is an answer, or the time of one is over.
    void wait() {
        std::vector<pollfd> sockets;
        auto deadline = Clock::time_point::max();
        for (const auto& worker : crew_.workers_) {
            if (!worker.order) continue;
            sockets.push_back({worker.socket.fd(), POLLIN, 0});
            deadline = std::min(deadline, worker.since + crew_.patience_);
        }
        if (sockets.empty()) return;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        ::poll(sockets.data(), sockets.size(), static_cast<int>(std::max<decltype(left)>(left, 0)));
    }

    // In place of those that leave others are hired.
    void hear() {
        std::vector<Worker> staying;
        for (auto& worker : crew_.workers_) {
            if (!worker.order || goes_on(worker)) staying.push_back(std::move(worker));
        }
        crew_.workers_ = std::move(staying);
    }

    // False: it has died, or hangs.
    bool goes_on(Worker& worker) {
        auto& deed = deeds_[*worker.order];
        Answer answer;
        const auto length = ::recv(worker.socket.fd(), &answer, sizeof answer, MSG_DONTWAIT);
        if (length == sizeof answer) {
            deed = {answer.outcome, answer.error.data()};
            worker.order.reset();
            return true;
        }
        if (length >= 0) {
            deed = {Outcome::failed, "the process that was to do it died"};
            crew_.hung_.push_back({worker.process, ""});
            return false;
        }
        if (Clock::now() - worker.since < crew_.patience_) return true;
        ::kill(worker.process, SIGKILL);
        deed.outcome = Outcome::hung;
        crew_.hung_.push_back({worker.process, orders_[*worker.order].subject});
        return false;
    }

    Crew& crew_;
    const std::vector<Order>& orders_;
    std::vector<Deed> deeds_;
    std::size_t next_ = 0;  // The first that nobody was given.
};

std::vector<Deed> Crew::work(const std::vector<Order>& orders, std::size_t at_a_time) {
    forget_those_that_ended();
    auto deeds = Shift(*this, orders).run(std::max<std::size_t>(at_a_time, 1));
    dismiss_all_but(1);
    return deeds;
}

bool Crew::hire() {
    std::array<int, 2> ends;
    if (hung_.size() >= most_hung) return false;
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
    File ours(ends[0]);
    const File theirs(ends[1]);
    const auto parent = ::getpid();
    const auto process = ::fork();
    if (process == 0) {
        // Or others would not notice that we dismiss them.
        workers_.clear();
        ours = File();
        carry_out_orders(theirs.fd(), parent, job_);
    }
    if (process < 0) return false;
    workers_.push_back({process, std::move(ours), std::nullopt, {}});
    return true;
}

void Crew::dismiss_all_but(std::size_t some) {
    while (workers_.size() > some) {
        hung_.push_back({workers_.back().process, ""});
        workers_.pop_back();
    }
    forget_those_that_ended();
}

void Crew::forget_those_that_ended() {
    std::erase_if(hung_, [](const Hung& hung) { return ::waitpid(hung.process, nullptr, WNOHANG) != 0; });
}

bool Crew::hangs(const std::string& subject) const {
    return std::any_of(hung_.begin(), hung_.end(), [&](const Hung& hung) { return hung.subject == subject; });
}

}  // namespace tcmud::guard
