// SPDX-License-Identifier: MIT
#include "loop_parts.hpp"
#include "real_loop.hpp"

#include <simul/run/block_on.hpp>

#include <memory>
#include <string>

namespace simul::detail {

void check_may_block(const char* operation)
{
    if (executor::current())
        throw deadlock_error(
            std::string(operation) +
            " would block the loop it is called from, and with it all its tasks: write co_await there, "
            "or in a fiber await()");
}

loop& blocking_loop::of_this_thread()
{
    thread_local std::unique_ptr<loop> own;
    if (!own || own->internals().forked)
        own = make_real_loop();
    return *own;
}

void blocking_loop::finish(loop& here, future_state_base& work)
{
    struct orderly_end {
        loop& of;
        ~orderly_end() noexcept(false)
        {
            if (!of.is_idle())
                of.shutdown();
        }
    } const scope{here};
    here.run_until_done(work);
}

} // namespace simul::detail
