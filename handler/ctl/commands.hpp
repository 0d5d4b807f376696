// SPDX-License-Identifier: Apache-2.0
// The commands of tcmuctl: each prints what it was asked for and returns the exit status.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "handler/ctl/top.hpp"

namespace tcmud::ctl {

inline constexpr int succeeded = 0;
inline constexpr int failed = 1;
inline constexpr int wrong_usage = 2;

// What the command line says.
struct Wish {
    std::filesystem::path socket;
    bool as_json = false;
    std::string lun;
    std::vector<std::string> faults;
    std::string older_than;
    std::string size;
    std::string block_size;
    std::string log_level;
    std::string config;
    std::string cartridge;
    double interval_seconds = 1;
    TopOrder order = TopOrder::commands;
};

int list(const Wish& wish);
int status(const Wish& wish);
int top(const Wish& wish);
int stats(const Wish& wish);
int hung(const Wish& wish);
int resize(const Wish& wish);
int log_level(const Wish& wish);
int check(const Wish& wish);
int modules(const Wish& wish);
int doctor(const Wish& wish);
int fault(const Wish& wish);
int end_waiting(const Wish& wish);

// For the commands themselves.

int complain(const std::string& what);
// A name alone is one of user_0, where most LUNs are.
std::string whole_name(const std::string& lun);
// Goes on as another program of the project; returns only if that cannot be run.
int become(std::vector<std::string> words);

}  // namespace tcmud::ctl
