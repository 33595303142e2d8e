// SPDX-License-Identifier: MIT
// expect: moving one must not throw
#include <simul/task/channel.hpp>

#include <memory>

struct heavy {
    heavy() = default;
    heavy(heavy&&) noexcept(false) {}
};

#ifdef SIMUL_CONTROL
simul::channel<std::unique_ptr<heavy>> values;
#else
simul::channel<heavy> values;
#endif

int main() {}
