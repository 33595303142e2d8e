// SPDX-License-Identifier: MIT
#include "talk.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/this_task.hpp>

#include <exception>
#include <utility>

namespace simul::detail {
namespace {

task<> write_or_abort(stream& over, task<> writing, std::exception_ptr& why)
{
    try {
        co_await std::move(writing);
    } catch (const error&) {
        why = std::current_exception();
        over.abort(); // ends the reading
    }
}

} // namespace

task<> talk(stream& over, task<> reading, task<> writing)
{
    std::exception_ptr why;
    // Not branches of a `gather`: in a thread pool these may go to other loops, and the connection can't.
    future<> other = loop::current().launch(write_or_abort(over, std::move(writing), why));
    try {
        co_await std::move(reading);
    } catch (...) {
        if (!why)
            why = std::current_exception();
    }
    over.abort();
    other.cancel();
    try {
        co_await other;
    } catch (...) { // it is over, however
    }
    if (this_task::cancelling() > 0) // perhaps while it waited
        throw cancelled{};
    std::rethrow_exception(why);
}

} // namespace simul::detail
