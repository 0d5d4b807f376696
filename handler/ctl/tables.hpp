// SPDX-License-Identifier: Apache-2.0
// What tcmuctl prints of tcmud's answers, for people.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace tcmud::ctl {

// HBA/NAME.
std::string full_name(const nlohmann::json& lun);

// A table with a line per LUN; fits 80 columns where names and cfgstrings are short.
std::string list_table(const nlohmann::json& luns);

// Everything that is known of one LUN, a line each.
std::string status_text(const nlohmann::json& lun);

// Of GET /hung: a paragraph for each command.
std::string hung_table(const nlohmann::json& report);

// Of GET /modules: a paragraph for each backend.
std::string modules_text(const nlohmann::json& modules);

// What is known of the daemon itself.
std::string daemon_text(const nlohmann::json& daemon);

// "1.5 GiB"; exact below 1 KiB.
std::string readable_size(std::uint64_t bytes);

}  // namespace tcmud::ctl
