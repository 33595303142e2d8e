// SPDX-License-Identifier: MIT
#pragma once

#include "backend_fixture.hpp"
#include "run/loop_parts.hpp"

#include <simul/run/loop.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace simul_test {

using namespace std::chrono_literals;
using names = std::vector<std::string>;

inline simul::loop_options virtual_time()
{
    return {.backend = simul::backend::sim};
}

/// A loop on each backend, with what a test of it needs of that backend.
class loop_on_each_backend : public testing::TestWithParam<simul::detail::backend_kind> {
protected:
    simul::loop_options options() const { return {.backend = static_cast<simul::backend>(GetParam())}; }
    bool is_sim() const { return GetParam() == simul::detail::backend_kind::sim; }

    simul::detail::pipe_ends make_pipe()
    {
        int fds[2];
        EXPECT_EQ(0, io().make_pipe(fds));
        return {fds[0], fds[1]};
    }
    simul::detail::backend& io() { return *loop.internals().io; }

    /// Runs until `condition` holds, or it is clear that it never will.
    template <class Condition> void run_until(const Condition& condition)
    {
        auto give_up = loop.call_later(20s, [&] {
            ADD_FAILURE() << "waited in vain";
            loop.stop();
        });
        for (int turns = 0; !condition() && !testing::Test::HasFailure(); ++turns) {
            ASSERT_LT(turns, 1'000'000);
            loop.run_once();
        }
        give_up.cancel();
    }

    void write_byte(int fd)
    {
        static char byte = 'x';
        simul::detail::call op(simul::detail::operation_kind::write, fd, &byte, 1);
        io().start(op);
        run_until([&] { return op.done(); });
        EXPECT_EQ(op.result, 1);
    }
    void read_byte(int fd)
    {
        char byte;
        simul::detail::call op(simul::detail::operation_kind::read, fd, &byte, 1);
        io().start(op);
        run_until([&] { return op.done(); });
        EXPECT_EQ(op.result, 1);
    }

    simul::loop loop{options()};
};

} // namespace simul_test
