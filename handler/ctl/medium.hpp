// SPDX-License-Identifier: Apache-2.0
// tcmuctl medium: what an operator does at a LUN that is a tape drive, or a library's changer.
#pragma once

#include <string>
#include <string_view>

#include "handler/ctl/commands.hpp"
#include "tcmud/result.hpp"

namespace tcmud::ctl {

int medium_load(const Wish& wish);
int medium_unload(const Wish& wish);
// As tcmu-library does to the changer's directory, whose exit status it is.
int medium_import(const Wish& wish);
int medium_export(const Wish& wish);

// Of a LUN's name and its configuration string, e.g. tape//srv/cart. On ok, it is a tape drive.
Result<void> check_drive(const std::string& lun, std::string_view config);
// The directory of the library whose changer it is.
Result<std::string> library_of(const std::string& lun, std::string_view config);

}  // namespace tcmud::ctl
