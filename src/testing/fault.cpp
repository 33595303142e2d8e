// SPDX-License-Identifier: MIT
#include <simul/run/loop.hpp> // first: sim.hpp has a simul::detail::cancelled of its own
#include <simul/testing/fault.hpp>

#include "current_test.hpp"
#include "run/backend/sim.hpp"
#include "run/loop_parts.hpp"

#include <vector>

namespace simul::testing::fault {
namespace {

simul::detail::sim_backend& sim_here()
{
    auto* const sim = dynamic_cast<simul::detail::sim_backend*>(loop::current().internals().io.get());
    if (!sim)
        throw invalid_state("faults can be ordered in virtual time only: in a SIMUL_TEST, or on a loop with backend::sim");
    return *sim;
}

simul::detail::operation_kind kind_of(on operation)
{
    using enum simul::detail::operation_kind;
    constexpr simul::detail::operation_kind kinds[] = {
        read, write, accept, connect, send, receive, open, close, sync, resize, set_mode, copy,
        list, status, remove, rename, make_directory, make_symlink, read_link, write_file};
    return kinds[static_cast<unsigned char>(operation)];
}

} // namespace

bool point(const char* name) noexcept
{
    detail::current_test* const test = detail::current_test::here;
    executor* const source = executor::current();
    if (!test || !test->has_luck || !source || source->random() % 4 != 0)
        return false;
    ++test->struck[name];
    return true;
}

void fail(on operation, unsigned nth, int error)
{
    sim_here().faults().fail(kind_of(operation), nth, error);
}

void forget()
{
    sim_here().faults().forget();
}

void fail_randomly(double p, std::initializer_list<int> errors)
{
    sim_here().faults().fail_with_probability(p, std::vector<int>(errors));
}

void short_transfers(bool on)
{
    sim_here().faults().short_transfers(on);
}

void disk_size(std::size_t bytes)
{
    sim_here().files().limit(bytes);
}

void lose_power()
{
    sim_here().files().lose_power();
}

} // namespace simul::testing::fault
