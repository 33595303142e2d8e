// SPDX-License-Identifier: MIT
//
// Bad luck on demand: places in a program where a simulation takes the unlikely way.
//
//     if (simul::testing::fault::point("cache: evict early"))
//         evict_all();
//
// In a SIMUL_SIM_TEST each visit is true with 25 %, drawn from the test's seed; elsewhere it is false and costs a few ns.
// What struck is listed when the test fails. The operating system can be made to fail, too:
//
//     fault::fail(fault::on::receive, 3, ECONNRESET);     // the third receive from now on this loop
#pragma once

#include <cstddef>
#include <initializer_list>

namespace simul::testing::fault {

/// True when the simulation wants this to happen now.
bool point(const char* name) noexcept;

/// What a program asks of the (simulated) system.
enum class on : unsigned char {
    read,
    write,
    accept,
    connect,
    send,
    receive,
    open,
    close,
    sync,
    resize,
    set_mode,
    copy,
    list,
    status,
    remove,
    rename,
    make_directory,
    make_symlink,
    read_link,
    write_file, ///< open, write and close in one: how `fs::write` and `fs::append` put small data
};

/// The `nth` such operation from now (1: the next) fails with `error`, an errno value, and does nothing else. *Throws:*
/// `invalid_state` where the loop isn't in virtual time, as all below.
void fail(on operation, unsigned nth, int error);

/// What was ordered with `fail` and has not happened yet won't.
void forget();

/// Every operation fails with probability `p`, with one of `errors`. None: no more.
void fail_randomly(double p, std::initializer_list<int> errors);

/// Every transfer moves one byte at most.
void short_transfers(bool on);

/// Files take `bytes` in all: a write that doesn't fit is short, the next fails with ENOSPC.
void disk_size(std::size_t bytes);

/// Files are again as they were synced last: of a file its content, of a directory its entries. What is open isn't touched.
void lose_power();

} // namespace simul::testing::fault
