// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace tcmud::simulation {

namespace {

constexpr std::size_t steps = 60;
constexpr std::size_t patience = 400;

test::KernelRing::Shape shape_of(Random& random) {
    test::KernelRing::Shape shape;
    shape.ring_size = static_cast<std::uint32_t>(1024 + 8 * random.below(256));
    shape.data_blocks = 32;
    if (random.one_in(8)) shape.flags &= static_cast<std::uint16_t>(~uio::abi::out_of_order_completion);
    if (random.one_in(8)) shape.flags &= static_cast<std::uint16_t>(~uio::abi::read_length);
    return shape;
}

}  // namespace

World* World::current = nullptr;
World::Counts World::counts;

Machine::Machine() : loop("simulation", serving::LoopKind::inline_calls, shared) {
    journal = static_cast<std::byte*>(::mmap(nullptr, uio::Journal::size, PROT_READ | PROT_WRITE,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (journal == MAP_FAILED || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, doorbell) != 0)
        throw std::bad_alloc();
}

Machine::~Machine() {
    ::munmap(journal, uio::Journal::size);
    for (const int end : doorbell) ::close(end);
}

World::Process::Process(World& world)
    : disk(world.medium_),
      device(disk, {}, host),
      session(uio::Device::adopt(::fcntl(world.machine_.doorbell[0], F_DUPFD_CLOEXEC, 0), {}),
              *uio::Ring::attach(world.kernel_.mapping(), uio::Journal::at(world.machine_.journal)), device,
              world.machine_.loop, {}) {}

World::World(Machine& machine, std::uint64_t seed, Bug bug)
    : machine_(machine),
      random_(seed),
      bug_(bug),
      kernel_(shape_of(random_)),
      medium_(Initiator::blocks * Initiator::block),
      initiator_(kernel_, random_) {
    std::memset(machine.journal, 0, uio::Journal::size_for_ids(kept_ids));
    current = this;
    uio::crash_hook = &World::hook;
    start();
}

World::~World() {
    uio::crash_hook = nullptr;
    current = nullptr;
    if (process_) stop();
}

void World::start() {
    look();
    // A successor may be killed while it looks at what is there; the next one looks again.
    if (picture_) {
        put_picture_back();
        ++counts.crashes;
        look();
        picture_.reset();
    }
    process_ = std::make_unique<Process>(*this);
    process_->session.start();
    turn();
}

void World::look() {
    crash_in_ = !picture_ && random_.one_in(4) ? 1 + random_.below(6) : 0;
    const auto ring = uio::Ring::attach(kernel_.mapping(), uio::Journal::at(machine_.journal));
    crash_in_ = 0;
    if (!ring) throw Wrong(std::string(ring.error()));
    if (ring->beginning() == uio::Ring::Beginning::lost) throw Wrong("a successor cannot go on");
}

void World::run() {
    for (std::size_t i = 0; i < steps; ++i) step();
    for (std::size_t i = 0; kernel_.outstanding() != 0; ++i) {
        if (i == patience) throw Wrong("a command is never answered");
        turn();
        end_some_io();
        collect();
    }
    initiator_.check(medium_);
    counts.commands += initiator_.answered();
}

void World::step() {
    switch (random_.below(16)) {
        case 0: return initiator_.abort_one();
        case 1: return kill_between_turns();
        case 2: stop(); return start();
        case 3:
        case 4:
        case 5: crash_in_ = 1 + random_.below(12); break;
        case 6:
        case 7:
        case 8: collect(); break;
        default: initiator_.send();
    }
    random_.one_in(3) ? end_some_io() : turn();
    crash_in_ = 0;
}

void World::turn() {
    machine_.loop.serve_again(process_->session);
    static_cast<void>(machine_.loop.turn());
    if (picture_) crash();
}

void World::end_some_io() {
    for (auto left = 1 + random_.below(3); left > 0 && process_->disk.pending() > 0; --left) {
        const auto which = random_.below(process_->disk.pending());
        bug_ == Bug::late_write&& random_.one_in(4) ? process_->disk.end_too_early(which)
                                                    : process_->disk.end(which);
    }
    turn();
}

// The kernel reads answers when it is told, and now and then without.
void World::collect() {
    process_->disk.carry_out_late();
    char told[64];
    const bool was_told = ::read(machine_.doorbell[1], told, sizeof told) > 0;
    if (!was_told && !random_.one_in(4)) return;
    initiator_.receive(kernel_.collect());
}

// Without orders: everything that was begun ends.
void World::let_end() {
    bool idle = false;
    process_->session.pause([&] { idle = true; });
    for (std::size_t i = 0; !idle; ++i) {
        if (i == patience) throw std::logic_error("a session that does not become idle");
        while (process_->disk.pending() > 0) process_->disk.end(0);
        static_cast<void>(machine_.loop.turn());
    }
}

void World::stop() {
    crash_in_ = 0;
    let_end();
    process_->session.leave();
    process_.reset();
}

void World::kill_between_turns() {
    take_picture();
    crash();
}

void World::take_picture() {
    const auto mapping = kernel_.mapping();
    const auto journal_size = uio::Journal::size_for_ids(kept_ids);
    picture_.emplace(Picture{
        {mapping.begin(), mapping.end()}, {machine_.journal, machine_.journal + journal_size}, medium_});
    // What the kernel was doing for the process it ends, in part or not at all.
    for (std::size_t i = 0; process_ && i < process_->disk.pending(); ++i)
        process_->disk.apply_part(i, random_.below(3) * Initiator::block / 2, picture_->medium);
}

void World::put_picture_back() {
    std::ranges::copy(picture_->ring, kernel_.mapping().begin());
    std::ranges::copy(picture_->journal, machine_.journal);
    medium_ = picture_->medium;
    picture_.reset();
}

// The picture was taken: the process has died then.
void World::crash() {
    auto dead = std::move(picture_);
    stop();
    picture_ = std::move(dead);
    put_picture_back();
    ++counts.crashes;
    // Now and then somebody resets the ring before the successor is there, and initiators begin at once.
    if (random_.one_in(12)) {
        kernel_.reset();
        initiator_.start_over(medium_);
        ++counts.resets;
    }
    for (auto more = random_.below(3); more > 0; --more) initiator_.send();
    start();
}

void World::hook(uio::CrashPoint point) {
    if (current) current->at_point(point);
}

void World::at_point(uio::CrashPoint point) {
    if (picture_) return;
    plant(point);
    if (crash_in_ == 0) return;
    // The kernel does not wait for us.
    if (random_.one_in(4)) initiator_.send();
    if (--crash_in_ != 0) return;
    ++counts.at[static_cast<std::size_t>(point)];
    take_picture();
}

}  // namespace tcmud::simulation
