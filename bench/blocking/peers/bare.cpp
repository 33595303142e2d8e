// SPDX-License-Identifier: MIT
//
// The bound of area blocking: a stack switched there and back and nothing else; a std::thread.
#include "../../program.hpp"

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>
#include <thread>

namespace {

namespace context = boost::context::detail;

double switch_there_and_back(long n)
{
    constexpr std::size_t size = 64 << 10;
    const auto stack = std::make_unique<std::byte[]>(size);
    context::fcontext_t other = context::make_fcontext(stack.get() + size, size, [](context::transfer_t from) {
        for (;;)
            from = context::jump_fcontext(from.fctx, nullptr);
    });
    return bench::timed([&] {
        for (long i = 0; i < n; ++i)
            other = context::jump_fcontext(other, nullptr).fctx;
    });
}

void start_threads(long n)
{
    for (long i = 0; i < n; ++i)
        std::thread([] {}).join();
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("fiber_yield", 20'000'000, switch_there_and_back);
    program.figure("thread_start", 5'000, [](long n) { return bench::timed([&] { start_threads(n); }); });
}
