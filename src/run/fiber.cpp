// SPDX-License-Identifier: MIT
//
// Boost.Context's lower half: two functions, which make a context and jump to it. Its classes would add a record and a
// forced unwinding of their own, which has to know what ours knows better: when a fiber refuses to end.
#include "fiber_stack.hpp"

#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/detail/executor.hpp>
#include <simul/run/fiber.hpp>

#include <boost/context/detail/fcontext.hpp>
#include <cxxabi.h>
#include <new>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define SIMUL_ASAN_FIBERS
#elif __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define SIMUL_TSAN_FIBERS
#endif
#endif

namespace simul::detail {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::transfer_t;

/// Unwinds a fiber whose coroutine is destroyed.
struct fiber_is_over {};

/// A fiber that drops so many of them in a row is left as it is.
constexpr unsigned patience = 1000;

// A function that leaves a fiber for good: under AddressSanitizer its locals would be in memory that goes before it does.
#define SIMUL_LOCALS_ON_THE_STACK __attribute__((no_sanitize("address")))

// What the sanitizers must be told about stacks; nothing without them.
#if defined(SIMUL_ASAN_FIBERS)

class sanitizer_view {
public:
    void begin(const fiber_stack& stack) { own_ = stack; }
    void end() { __asan_unpoison_memory_region(own_.lowest, own_.size); }

    void going_in() { __sanitizer_start_switch_fiber(&outside_fake_, own_.lowest, own_.size); }
    void is_in(bool first)
    {
        __sanitizer_finish_switch_fiber(first ? nullptr : inside_fake_, &outside_, &outside_size_);
    }
    void going_out(bool for_good)
    {
        __sanitizer_start_switch_fiber(for_good ? nullptr : &inside_fake_, outside_, outside_size_);
    }
    void is_out() { __sanitizer_finish_switch_fiber(outside_fake_, nullptr, nullptr); }

private:
    fiber_stack own_;
    const void* outside_ = nullptr;
    std::size_t outside_size_ = 0;
    void* outside_fake_ = nullptr;
    void* inside_fake_ = nullptr;
};

#elif defined(SIMUL_TSAN_FIBERS)

class sanitizer_view {
public:
    void begin(const fiber_stack&) { inside_ = __tsan_create_fiber(0); }
    void end() { __tsan_destroy_fiber(inside_); }

    // Inlined without optimisation, too: a call that begins on one stack must not end on the other's record of calls.
    [[gnu::always_inline]] void going_in()
    {
        outside_ = __tsan_get_current_fiber();
        __tsan_switch_to_fiber(inside_, 0);
    }
    void is_in(bool) {}
    [[gnu::always_inline]] void going_out(bool) { __tsan_switch_to_fiber(outside_, 0); }
    void is_out() {}

private:
    void* outside_ = nullptr;
    void* inside_ = nullptr;
};

#else

struct sanitizer_view {
    void begin(const fiber_stack&) {}
    void end() {}
    void going_in() {}
    void is_in(bool) {}
    void going_out(bool) {}
    void is_out() {}
};

#endif

/// The exceptions that are being handled: the C++ runtime keeps them per thread, but they belong to a stack. As in the
/// Itanium ABI's __cxa_eh_globals.
struct handled_exceptions {
    void* caught = nullptr;
    unsigned uncaught = 0;
};

// A jump saves the word that controls floating point, and loads the other stack's. That word holds status bits, too, which
// stay set after the first inexact result, and loading another value than the present one costs 50 ns. So the status goes
// over, as from one function to another; rounding and the like stay with the stack. Boost keeps the word first.
#if defined(__x86_64__)
constexpr unsigned status_bits = 0x3f;

bool keeps_control_word_first(fcontext_t made) noexcept
{
    return *static_cast<const unsigned*>(made) == __builtin_ia32_stmxcsr();
}
SIMUL_LOCALS_ON_THE_STACK void carry_status(fcontext_t to) noexcept
{
    unsigned& saved = *static_cast<unsigned*>(to);
    saved = (saved & ~status_bits) | (__builtin_ia32_stmxcsr() & status_bits);
}
#else
bool keeps_control_word_first(fcontext_t) noexcept
{
    return false;
}
void carry_status(fcontext_t) noexcept
{
}
#endif

/// What the thread knows of where it is.
struct thread_part {
    fiber_run* fiber;
    handled_exceptions* handled;
};
constinit thread_local thread_part part_of_this_thread = {};

// noinline: an inlined copy could keep the address in a fiber, which may go on in another thread.
[[gnu::noinline]] thread_part& this_thread() noexcept
{
    thread_part& here = part_of_this_thread;
    if (!here.handled) [[unlikely]]
        here.handled = reinterpret_cast<handled_exceptions*>(abi::__cxa_get_globals());
    return here;
}

} // namespace

struct fiber_run::machine {
    machine(void (*f)(void*), void* w, const fiber_stack& s) noexcept : function(f), with(w), stack(s) {}

    void leave(bool for_good) noexcept;
    SIMUL_LOCALS_ON_THE_STACK fcontext_t jump(fcontext_t to) noexcept
    {
        if (carries_status)
            carry_status(to);
        return boost::context::detail::jump_fcontext(to, this).fctx;
    }
    [[noreturn]] void run() noexcept;

    void (*function)(void*);
    void* with;
    fiber_stack stack;
    fcontext_t inside = nullptr;  ///< where it goes on
    fcontext_t outside = nullptr; ///< where its driver does
    fiber_wish* wish = nullptr;
    executor* home = nullptr; ///< of its last wait
    std::exception_ptr error;
    handled_exceptions exceptions;
    unsigned unwound = 0; ///< how often it was told that it is over
    bool ended = false;
    bool carries_status = false;
    [[no_unique_address]] sanitizer_view view;
};

// ---- from outside

fiber_run::fiber_run(void (*function)(void*), void* with, const fiber_options& options)
{
    const fiber_stack stack = take_stack(options.stack_size);
    constexpr std::size_t room = (sizeof(machine) + 63) / 64 * 64;
    std::byte* const top = stack.lowest + stack.size - room;
    machine_ = ::new (top) machine(function, with, stack);
    machine_->inside = boost::context::detail::make_fcontext(top, stack.size - room, [](transfer_t from) {
        machine& self = *static_cast<machine*>(from.data);
        self.outside = from.fctx;
        self.run();
    });
    machine_->carries_status = keeps_control_word_first(machine_->inside);
    machine_->view.begin(stack);
}

fiber_run::~fiber_run()
{
    if (!machine_->ended) {
        machine_->unwound = 1;
        enter();
    }
    if (!machine_->ended) {
        problem left;
        left.message = "a fiber catches everything and goes on, although its loop was closed: what its stack holds is lost";
        machine_->home->report(std::move(left));
        return;
    }
    const fiber_stack stack = machine_->stack;
    machine_->view.end();
    machine_->~machine();
    give_back(stack);
}

bool fiber_run::resume()
{
    enter();
    if (machine_->error) [[unlikely]]
        std::rethrow_exception(std::exchange(machine_->error, nullptr));
    return !machine_->ended;
}

void fiber_run::enter() noexcept
{
    thread_part& here = this_thread();
    machine& self = *machine_;
    fiber_run* const outer = std::exchange(here.fiber, this);
    std::swap(*here.handled, self.exceptions);
    self.view.going_in();
    self.inside = self.jump(self.inside);
    self.view.is_out();
    std::swap(*here.handled, self.exceptions);
    here.fiber = outer;
}

std::coroutine_handle<> fiber_run::await_for_it(promise_base& driver) noexcept
{
    fiber_wish& wish = *machine_->wish;
    driver.where = wish.at;
    machine_->home = &driver.line->home();
    try {
        return wish.suspend(wish.awaiter, driver.frame());
    } catch (...) {
        wish.refused = std::current_exception();
        return driver.frame();
    }
}

// ---- from inside

fiber_run& fiber_run::current()
{
    fiber_run* const here = this_thread().fiber;
    if (!here) [[unlikely]]
        throw invalid_state(
            "simul::await was called outside of a fiber: in a coroutine write co_await, in a plain thread "
            "call block_on, or run the function as a fiber: simul::fiber(fn, args...)");
    return *here;
}

void fiber_run::machine::run() noexcept
{
    view.is_in(true);
    try {
        function(with);
    } catch (const fiber_is_over&) {
    } catch (...) {
        error = std::current_exception();
    }
    ended = true;
    leave(true);
    std::terminate(); // never resumed again
}

SIMUL_LOCALS_ON_THE_STACK void fiber_run::machine::leave(bool for_good) noexcept
{
    view.going_out(for_good);
    outside = jump(outside);
    view.is_in(false);
}

void fiber_run::wait(fiber_wish& wish)
{
    machine& self = *machine_;
    if (self.unwound == 0) {
        self.wish = &wish;
        self.leave(false);
    } else if (++self.unwound > patience) {
        self.leave(false); // for good, too
    }
    if (self.unwound != 0) [[unlikely]]
        throw fiber_is_over{};
    if (wish.refused) [[unlikely]]
        std::rethrow_exception(wish.refused);
}

} // namespace simul::detail
