// SPDX-License-Identifier: MIT
//
// Sixteen powers, on other machines. What travels there and back is JSON: the numbers as text.
#include "../cluster/here.hpp"
#include "power.hpp"

struct written_power {
    unsigned long n;
    std::string digits; // hexadecimal
};

written_power raise_there(unsigned long n)
{
    return {n, raise(n).value.get_str(16)};
}
const simul::cluster::job<&raise_there> raise_job{"powers.raise", {"n"}};

simul::task<> ask(simul::cluster::app& pool, int argc, char** argv)
{
    const auto start = simul::now();
    fmt::print("Starting...\n");
    std::vector<simul::future<written_power>> futures;
    for (unsigned long n : numbers(argc, argv))
        futures.push_back(pool.submit(raise_there, n));
    auto all = simul::as_completed(futures);
    while (auto done = co_await all.next()) { // each as it is there, while others are computed
        const written_power power = co_await *done;
        show({power.n, mpz_class(power.digits, 16)});
    }
    fmt::print("Time to complete: {:.2f} seconds\n", seconds(simul::now() - start).count());
}

int main(int argc, char** argv)
{
    simul::run(in_cluster(argc, argv, ask));
}
