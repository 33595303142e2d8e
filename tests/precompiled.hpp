// SPDX-License-Identifier: MIT
//
// What nearly every test includes, compiled once. No header of simul: touching one would compile all tests again, and
// a header that forgets an include must not be saved by this list (dev compiles each public header alone for that).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>
