// SPDX-License-Identifier: MIT
//
// A chess exhibition: Judit plays many opponents, 30 pairs of moves a game. She takes 5 seconds for a move, they take 55.
// Hours of it, in virtual time, take milliseconds.
#include <fmt/core.h>
#include <simul/simul.hpp>

#include <vector>
using namespace std::chrono_literals;

constexpr int moves = 30;

/// One game after the other: each wait for an opponent is a wait for nothing else.
simul::task<> one_by_one(int opponents)
{
    const auto start = simul::now();
    for (int game = 0; game < opponents; ++game) {
        for (int move = 0; move < moves; ++move) {
            co_await simul::sleep(5s);
            co_await simul::sleep(55s);
        }
    }
    fmt::print("one by one, {:2} opponents: {:5} s\n", opponents, (simul::now() - start) / 1s);
}

/// All games at once: she moves at a board and walks on to the next, while the opponent there thinks.
simul::task<> simultaneous(int opponents)
{
    const auto start = simul::now();
    std::vector<simul::future<>> replies(opponents);
    for (int move = 0; move < moves; ++move) {
        for (simul::future<>& reply : replies) {
            if (reply)
                co_await reply; // with few boards she is back before he has moved
            co_await simul::sleep(5s);
            reply = simul::spawn(simul::sleep(55s));
        }
    }
    const auto last_move = simul::now();
    co_await simul::gather(replies);
    fmt::print("all at once, {:2} opponents: her last move at {:4} s, the last reply at {:4} s\n", opponents,
               (last_move - start) / 1s, (simul::now() - start) / 1s);
}

simul::task<> exhibition()
{
    co_await one_by_one(24);
    for (int opponents : {24, 13, 12, 11, 6, 1})
        co_await simultaneous(opponents);
}

int main()
{
    simul::run(exhibition(), {.backend = simul::backend::sim});
}
