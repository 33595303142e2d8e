// SPDX-License-Identifier: MIT
//
// Arguments and results as logs and monitors show them: a kilobyte at most.
#pragma once

#include <simul/text/json.hpp>

#include <string>

namespace simul::cluster::detail {

/// Cut, but not within a character.
std::string shortened(std::string text);
/// As Python shows a call's: "(2, 3)".
std::string shown(const json::array& args);
std::string shown(const json::object& kwargs);

} // namespace simul::cluster::detail
