// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/file_systems.hpp"

#include "tests/handler/serving/queue_bench.hpp"

using namespace tcmud::serving;
using tcmud::test::Descriptor;

namespace {

bool rung(const Descriptor& wake) {
    eventfd_t count = 0;
    return ::eventfd_read(wake.get(), &count) == 0;
}

}  // namespace

TEST_CASE("files of one file system share what is known of it, those of others don't") {
    FileSystems all;
    const Descriptor a(::memfd_create("a", MFD_CLOEXEC));
    const Descriptor b(::memfd_create("b", MFD_CLOEXEC));
    const Descriptor other(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
    CHECK(&all.of(a.get()) == &all.of(b.get()));
    CHECK(&all.of(a.get()) != &all.of(other.get()));
    CHECK(&all.of(-1) == &all.of(-1));
}

TEST_CASE("a file system is stuck until the last call that was stuck has returned") {
    FileSystem file_system;
    CHECK_FALSE(file_system.stuck());
    file_system.stick();
    file_system.stick();
    file_system.unstick();
    CHECK(file_system.stuck());
    file_system.unstick();
    CHECK_FALSE(file_system.stuck());
}

TEST_CASE("a call that returns before it was noted as stuck leaves nothing stuck") {
    FileSystem file_system;
    file_system.unstick();
    file_system.stick();
    CHECK_FALSE(file_system.stuck());
}

TEST_CASE("who waits for a file system is woken when it is not stuck any more, and not before") {
    FileSystems all;
    const Descriptor wake(Descriptor::wake());
    const Descriptor file(::memfd_create("a", MFD_CLOEXEC));
    auto& file_system = all.of(file.get());
    file_system.watch(wake.get());
    file_system.stick();
    file_system.stick();
    file_system.unstick();
    CHECK_FALSE(rung(wake));
    file_system.unstick();
    CHECK(rung(wake));

    all.unwatch(wake.get());
    file_system.stick();
    file_system.unstick();
    CHECK_FALSE(rung(wake));
}
