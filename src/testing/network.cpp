// SPDX-License-Identifier: MIT
#include <simul/run/loop.hpp> // first: sim.hpp has a simul::detail::cancelled of its own
#include <simul/testing/network.hpp>

#include "run/backend/sim.hpp"
#include "run/loop_parts.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/context.hpp>
#include <simul/detail/task_local_value.hpp>
#include <simul/task/task_local.hpp>

#include <memory>

namespace simul::testing {
namespace {

using simul::detail::task_local_value;

const char machine_key = 0;

/// A task_local by hand: that of a task can be read from elsewhere, to find out what runs on a machine.
struct on_machine final : task_local_value {
    on_machine(task_local_value* older, int number) noexcept : task_local_value(&machine_key, older), machine(number) {}
    int machine;
};

int machine_in(const task_local_value* first) noexcept
{
    while (first && first->key != &machine_key)
        first = first->older;
    return first ? static_cast<const on_machine*>(first)->machine : 0;
}

int machine_here() noexcept
{
    return machine_in(simul::detail::find_task_local(&machine_key));
}

void cancel_all_on(int machine, simul::detail::context& line) noexcept
{
    for (simul::detail::context* each = line.first_child(); each; each = each->next_sibling())
        if (machine_in(each->locals) == machine)
            each->cancel(); // and what it waits for
        else if (!each->is_away())
            cancel_all_on(machine, *each);
}

using host_names = std::map<std::string, std::vector<std::string>>;

host_names& names_here()
{
    static const char key = 0;
    std::shared_ptr<void>& place = loop::current().internals().belongings[&key];
    if (!place)
        place = std::make_shared<host_names>();
    return *static_cast<host_names*>(place.get());
}

simul::detail::sim_backend& sim_here()
{
    auto* const sim = dynamic_cast<simul::detail::sim_backend*>(loop::current().internals().io.get());
    if (!sim)
        throw invalid_state(
            "a network can be simulated in virtual time only: in a SIMUL_TEST, or on a loop with backend::sim");
    return *sim;
}

simul::detail::sim_link checked(const link_settings& like)
{
    const auto refuse = [](const char* what) {
        throw error(std::errc::invalid_argument, std::string("a link's ") + what);
    };
    if (like.latency < duration::zero() || like.jitter < duration::zero())
        refuse("latency and jitter can't be less than nothing");
    if (!(like.loss >= 0 && like.loss < 1))
        refuse("loss is a probability below 1; for a link that loses all there is `partition`");
    return {like.latency, like.jitter, like.bandwidth, like.loss};
}

} // namespace

detail::spawning_on::spawning_on(int machine)
{
    task_local_value*& list = simul::detail::task_locals_to_set();
    list = new on_machine(list, machine);
}

detail::spawning_on::~spawning_on()
{
    task_local_value*& list = simul::detail::task_locals_to_set();
    task_local_value* const ours = list;
    list = ours->older ? simul::detail::share(ours->older) : nullptr;
    simul::detail::release(ours);
}

network::network() : sim_(sim_here())
{
    sim_.network().where = machine_here;
}

host network::add_machine(std::string name, const std::vector<std::string>& addresses)
{
    host_names& known = names_here();
    const auto refuse = [&](const std::string& why) {
        throw error(std::errc::invalid_argument, "the host " + name + " can't be added: " + why);
    };
    if (known.contains(name))
        refuse("there is one of that name");
    std::vector<simul::detail::sim_address> parsed;
    for (const std::string& each : addresses) {
        const auto found = simul::detail::parse_sim_address(each.c_str());
        if (!found)
            refuse(each + " is no IP address");
        if (simul::detail::is_loopback(*found) || simul::detail::is_any(*found) ||
            !sim_.network().has_address(0, *found))
            refuse(each + " is another's, or everybody's");
        parsed.push_back(*found);
    }
    known.emplace(std::move(name), addresses);
    return host(sim_.network().add_machine(std::move(parsed)));
}

std::map<std::string, std::vector<std::string>> network::names() const
{
    return names_here();
}

void network::kill(host which)
{
    cancel_all_on(which.number_, loop::current().top()); // first: what waits shall hear that, and not of a dead socket
    sim_.fail_sockets(which.number_);
}

void network::link(host one, host other, const link_settings& like)
{
    sim_.network().set_link(one.number_, other.number_, checked(like));
}

void network::link_all(const link_settings& like)
{
    sim_.network().set_default_link(checked(like));
}

void network::partition(host one, host other)
{
    sim_.network().part(one.number_, other.number_);
}

void network::isolate(host one)
{
    for (int other = 0; other < sim_.network().machines(); ++other)
        if (other != one.number_)
            sim_.network().part(one.number_, other);
}

void network::heal(host one, host other)
{
    sim_.network().heal(one.number_, other.number_);
}

void network::heal()
{
    for (int one = 0; one < sim_.network().machines(); ++one)
        for (int other = 0; other <= one; ++other)
            sim_.network().heal(one, other);
}

void network::reset_connections(host one, host other)
{
    sim_.reset_connections(one.number_, other.number_);
}

} // namespace simul::testing
