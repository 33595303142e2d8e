// SPDX-License-Identifier: MIT
//
// What most sources of the library and of the command include, compiled once: see SIMUL_PRECOMPILE in CMakeLists.txt. No header of
// simul: touching one would compile everything again, and a source that forgets to include one must not be saved by this list.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>
