// SPDX-License-Identifier: Apache-2.0
// This process's limits, and other processes: who is at the other end, and beginning one.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "tcmud/result.hpp"

namespace tcmud::daemon {

// The process that connected a Unix socket; 0: not known.
pid_t peer_of(int socket);

// " (tcmu-runner, tcmu-runner.service)": its name, and the systemd unit it belongs to if there is one. Empty:
// it has gone.
std::string describe_process(pid_t process);

// Begins a program that is no child of ours: by a shell that ends at once, and is to be reaped. So systemd is
// its parent, and waits for it as for what it began itself. Error: there is no shell. What else goes wrong is
// said by the shell, on stderr.
Result<void> begin_apart(const std::vector<std::string>& arguments);

// Children that have ended; does not wait.
void reap_ended();

// An exception that escapes from the work ends the process at once, with exit code 1: LUNs may be served
// still, so that nothing can be taken down in order, and a successor goes on with them.
void run_or_exit(const std::function<void()>& work);

// As many as may be: each LUN takes a few descriptors, and the usual soft limit of 1024 is for programs that
// use select(2).
void raise_limit_of_open_files();

}  // namespace tcmud::daemon
