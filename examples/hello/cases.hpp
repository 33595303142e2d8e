// SPDX-License-Identifier: MIT
//
// What say_hello is tested with: three names, an empty one, and three values that are none; and the names of these cases.
#pragma once

#include "say_hello.hpp"

#include <simul/testing/gtest.hpp>

#include <string>

using simul::json::value;

inline const auto names = testing::Values("Robert Paulson", "Seven of Nine", "x \xc3\x86 a-12");
inline const auto empty_names = testing::Values(value(""));
inline const auto no_names =
    testing::Values(value(19), value(simul::json::object{{"name", "Diane"}}), value(simul::json::array{}));

/// As pytest does: what has no short text of its own is called by its position.
inline std::string id_of(const testing::TestParamInfo<value>& info)
{
    if (info.param == value(""))
        return "empty";
    if (info.param.kind() == simul::json::kind::integer)
        return simul::json::dump(info.param);
    return "name" + std::to_string(info.index);
}

/// Catches what is printed to stdout.
class captured {
public:
    captured() { testing::internal::CaptureStdout(); }
    std::string text() { return testing::internal::GetCapturedStdout(); }
};
