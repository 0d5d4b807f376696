// SPDX-License-Identifier: Apache-2.0
// Asks a running tcmud over its control socket.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "tcmud/result.hpp"

namespace tcmud::ctl {

inline constexpr std::chrono::seconds usual_patience{5};

// The answer to GET target, e.g. "/luns". The error says what to do when no daemon answers, or what the
// daemon said.
Result<nlohmann::json> get(const std::filesystem::path& socket, const std::string& target);
// The same of POST. ETIMEDOUT: what was asked may be done all the same.
Result<nlohmann::json> post(const std::filesystem::path& socket, const std::string& target,
                            const nlohmann::json& body, std::chrono::seconds patience = usual_patience);

}  // namespace tcmud::ctl
