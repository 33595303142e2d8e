// SPDX-License-Identifier: MIT
#include "current_test.hpp"

#include <simul/run/loop.hpp>
#include <simul/testing/problems.hpp>

#include <utility>

namespace simul::testing {
namespace {

thread_local problem_log* newest = nullptr;

} // namespace

thread_local detail::current_test* detail::current_test::here = nullptr;

problem_log::problem_log() noexcept : outer_(std::exchange(newest, this)) {}

problem_log::~problem_log()
{
    newest = outer_;
}

void problem_log::listen_to(loop& from)
{
    from.set_error_handler([this](const problem& found) { problems_.push_back(found); });
}

std::vector<problem> problem_log::take() noexcept
{
    return std::exchange(problems_, {});
}

std::vector<problem> problems()
{
    return newest ? newest->take() : std::vector<problem>{};
}

void ignore_leaks(leak of) noexcept
{
    if (detail::current_test* const test = detail::current_test::here)
        test->may_leak = test->may_leak | of;
}

} // namespace simul::testing
