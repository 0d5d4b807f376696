// SPDX-License-Identifier: Apache-2.0
// With a systemd: tests/guest/service.sh.
#include "handler/daemon/descriptor_store.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud;
using namespace tcmud::daemon;

namespace {

// Where a service's messages to systemd go.
class Manager {
public:
    Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const auto path = (directory_.path() / "notify").string();
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

    struct Message {
        std::string text;
        bool with_descriptor = false;
    };
    Message receive() const {
        std::array<char, 4096> bytes{};
        std::array<char, 256> control{};
        iovec piece{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const auto count = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (count < 0) return {};
        Message received{std::string(bytes.data(), static_cast<std::size_t>(count)), false};
        for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
            if (part->cmsg_type != SCM_RIGHTS) continue;
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
            received.with_descriptor = FileDescriptor(fd).get() >= 0;
        }
        return received;
    }

private:
    test::TemporaryDirectory directory_;
    FileDescriptor socket_;
};

}  // namespace

TEST_CASE("what is kept is taken once, by its minor number") {
    KeptDescriptors kept;
    kept.add(3, FileDescriptor(::open("/dev/null", O_RDONLY)));
    kept.add(4, FileDescriptor(::open("/dev/null", O_RDONLY)));
    CHECK_FALSE(kept.take(5));
    CHECK(kept.take(3));
    CHECK_FALSE(kept.take(3));
    CHECK(kept.left() == std::vector<std::uint32_t>{4});
}

TEST_CASE("systemd is given the descriptor and is not to watch it") {
    const Manager manager;
    const FileDescriptor uio(::open("/dev/null", O_RDONLY));
    DescriptorStore::keep(12, uio.get());
    const auto message = manager.receive();
    CHECK(message.text == "FDSTORE=1\nFDPOLL=0\nFDNAME=uio12");
    CHECK(message.with_descriptor);
}

TEST_CASE("systemd is told to forget what is gone") {
    const Manager manager;
    DescriptorStore::forget(12);
    CHECK(manager.receive().text == "FDSTOREREMOVE=1\nFDNAME=uio12");
}

TEST_CASE("without systemd nothing is kept, and nothing is there") {
    DescriptorStore::keep(1, 0);
    DescriptorStore::forget(1);
    CHECK(DescriptorStore::inherit().left().empty());
}
