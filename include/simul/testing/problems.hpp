// SPDX-License-Identifier: MIT
//
// What a test expects to go wrong beside itself.
//
//     simul::spawn(fails()).detach();
//     co_await simul::testing::wait_all_blocked();
//     EXPECT_EQ(simul::testing::problems().size(), 1u);   // taken: it doesn't fail the test any more
#pragma once

#include <simul/detail/executor.hpp>

#include <vector>

namespace simul {
class loop;
}

namespace simul::testing {

/// The problems reported to this test's loop so far; takes them. None outside of a test.
std::vector<problem> problems();

/// What may be there after a test that was not there before.
enum class leak : unsigned { descriptors = 1, threads = 2, children = 4, all = 7 };
constexpr leak operator|(leak a, leak b) noexcept
{
    return static_cast<leak>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// This test may leave such things behind: what is made once for the whole process, for example.
void ignore_leaks(leak of) noexcept;

/// Collects what is reported to a loop while it exists; `problems` gives what the newest of this thread has.
class problem_log {
public:
    problem_log() noexcept;
    ~problem_log();
    problem_log(const problem_log&) = delete;
    problem_log& operator=(const problem_log&) = delete;

    void listen_to(loop& from);
    std::vector<problem> take() noexcept;

private:
    std::vector<problem> problems_;
    problem_log* outer_;
};

} // namespace simul::testing
