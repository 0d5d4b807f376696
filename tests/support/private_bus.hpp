// SPDX-License-Identifier: Apache-2.0
// A message bus of the test's own, which takes the system bus's place for this process.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/temporary_directory.hpp"

namespace tcmud::test {

class PrivateBus {
public:
    PrivateBus() {
        std::ofstream(config()) << "<busconfig><listen>unix:path=" << socket()
                                << "</listen><policy context=\"default\"><allow send_destination=\"*\"/>"
                                   "<allow receive_sender=\"*\"/><allow own=\"*\"/><allow user=\"*\"/>"
                                   "</policy></busconfig>";
        ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + socket()).c_str(), 1);
        start();
    }
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;
    ~PrivateBus() {
        stop();
        ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    }

    void start() {
        const auto file = "--config-file=" + config();
        const char* words[] = {"dbus-daemon", file.c_str(), "--nofork", "--nopidfile", "--nosyslog", nullptr};
        // What it says would be taken for a word of the test's.
        posix_spawn_file_actions_t quiet;
        ::posix_spawn_file_actions_init(&quiet);
        ::posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        const int error =
            ::posix_spawnp(&process_, "dbus-daemon", &quiet, nullptr, const_cast<char**>(words), environ);
        ::posix_spawn_file_actions_destroy(&quiet);
        if (error != 0) throw std::runtime_error("cannot begin dbus-daemon");
        while (!answers()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    void stop() {
        if (process_ <= 0) return;
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = 0;
        ::unlink(socket().c_str());
    }
    // It lives, and says nothing.
    void freeze() { ::kill(process_, SIGSTOP); }

private:
    std::string config() const { return (directory_.path() / "bus.conf").string(); }
    std::string socket() const { return (directory_.path() / "bus").string(); }
    bool answers() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        return connected;
    }

    TemporaryDirectory directory_;
    pid_t process_ = 0;
};

}  // namespace tcmud::test
