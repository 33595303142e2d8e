// SPDX-License-Identifier: MIT
//
// Hello, after two seconds in which the thread could do other things.
#include "say_hello.hpp"

#include <simul/run/run.hpp>

int main(int argc, char** argv)
{
    simul::run(say_hello(argc > 1 ? argv[1] : "Robert Paulson"));
}
