// SPDX-License-Identifier: MIT
//
// An echo server as the documentation of `listener` writes it.
#include "echo_load.hpp"

#include <simul/io/listener.hpp>
#include <simul/run/run.hpp>

namespace {

simul::task<> echo(simul::stream& peer)
{
    for (;;) {
        const simul::bytes got = co_await peer.read_some();
        if (got.empty())
            co_return;
        co_await peer.write(got);
    }
}

} // namespace

int main(int argc, char** argv)
{
    return bench::echo_program(argc, argv, [](int listening) {
        simul::run([=]() -> simul::task<> { co_await simul::listener::adopt(listening).serve(echo); });
    });
}
