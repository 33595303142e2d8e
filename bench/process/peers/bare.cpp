// SPDX-License-Identifier: MIT
//
// The bound: two rings of words in memory shared with forked processes, and futexes. No futures, no arguments but a
// word, nobody may die.
#include "../../program.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <linux/futex.h>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t places = 64;

struct ring {
    alignas(64) std::atomic<std::uint64_t> tail;
    alignas(64) std::atomic<std::uint64_t> head;
    alignas(64) std::atomic<std::uint32_t> asleep;
    alignas(64) std::uint64_t words[places];

    void put(std::uint64_t word)
    {
        const std::uint64_t at = tail.load(std::memory_order_relaxed);
        while (at - head.load(std::memory_order_acquire) == places)
            std::this_thread::yield();
        words[at % places] = word;
        tail.store(at + 1, std::memory_order_seq_cst);
        if (asleep.load(std::memory_order_seq_cst) != 0 && asleep.exchange(0) != 0)
            ::syscall(SYS_futex, &asleep, FUTEX_WAKE, 1, nullptr, nullptr, 0);
    }
    bool try_take(std::uint64_t& word)
    {
        const std::uint64_t at = head.load(std::memory_order_relaxed);
        if (at == tail.load(std::memory_order_acquire))
            return false;
        word = words[at % places];
        head.store(at + 1, std::memory_order_release);
        return true;
    }
    std::uint64_t take(int spins)
    {
        std::uint64_t word;
        for (int i = 0; i < spins; ++i)
            if (try_take(word))
                return word;
        while (!try_take(word)) {
            asleep.store(1, std::memory_order_seq_cst);
            if (head.load(std::memory_order_relaxed) == tail.load(std::memory_order_seq_cst))
                ::syscall(SYS_futex, &asleep, FUTEX_WAIT, 1, nullptr, nullptr, 0);
            asleep.store(0, std::memory_order_relaxed);
        }
        return word;
    }
};

struct channel {
    ring to;
    ring from;
    alignas(64) char bytes[1 << 20]; ///< through which the large result goes
};

class worker {
public:
    explicit worker(int spins)
    {
        void* const memory =
            ::mmap(nullptr, sizeof(channel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        shared = ::new (memory) channel{};
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                serve(shared->to.take(spins));
        }
    }
    ~worker()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::munmap(shared, sizeof(channel));
    }

    channel* shared;

private:
    void serve(std::uint64_t word)
    {
        constexpr std::uint64_t large = 1'000'000;
        if (word < large) {
            shared->from.put(word + 1);
            return;
        }
        // Made as the other side makes it, then through the ring in pieces: half of the bytes are filled while the
        // others are read.
        const std::vector<char> made(word, 'x');
        const std::size_t half = sizeof shared->bytes / 2;
        for (std::size_t done = 0, piece = 0; done < word; ++piece) {
            const std::size_t size = std::min(half, word - done);
            if (piece >= 2)
                shared->to.take(100'000);
            std::memcpy(shared->bytes + piece % 2 * half, made.data() + done, size);
            shared->from.put(size);
            done += size;
        }
    }

    pid_t pid_;
};

constexpr int spinning = 100'000;

double jobs(long n)
{
    worker only(spinning); // with two there would be three that spin, on two cores
    constexpr long window = 32;
    return bench::timed([&] {
        for (long i = 0; i < n; ++i) {
            only.shared->to.put(1);
            if (i >= window)
                only.shared->from.take(spinning);
        }
        for (long i = 0; i < std::min(n, window); ++i)
            only.shared->from.take(spinning);
    });
}

double latency(long n, std::chrono::microseconds pause, int spins)
{
    worker only(spins);
    double sum = 0;
    for (long i = 0; i < n; ++i) {
        std::this_thread::sleep_for(pause);
        sum += bench::timed([&] {
            only.shared->to.put(1);
            bench::keep(only.shared->from.take(spins));
        });
    }
    return sum;
}

void take_large(channel& shared, std::size_t size)
{
    shared.to.put(size);
    std::vector<char> taken;
    taken.reserve(size);
    const std::size_t half = sizeof shared.bytes / 2;
    for (std::size_t piece = 0; taken.size() < size; ++piece) {
        const std::size_t there = shared.from.take(spinning);
        const char* const at = shared.bytes + piece % 2 * half;
        taken.insert(taken.end(), at, at + there);
        if (taken.size() + half < size) // it waits for room only when there is more to come
            shared.to.put(1);
    }
    bench::keep(taken);
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("process_jobs", 1'000'000, [](long n) { return jobs(n) / 1000; });
    program.figure("process_latency", 1'000, [](long n) { return latency(n, std::chrono::milliseconds(1), 0) / 1000; });
    program.figure("process_latency_busy", 100'000, [](long n) { return latency(n, {}, spinning) / 1000; });
    program.figure("process_start", 20, [](long n) {
        double sum = 0;
        for (long i = 0; i < n; ++i) {
            std::unique_ptr<worker> workers[2];
            sum += bench::timed([&] {
                for (auto& each : workers)
                    each = std::make_unique<worker>(spinning);
                workers[0]->shared->to.put(1);
                workers[0]->shared->from.take(spinning);
            });
        }
        return sum / 1e6;
    });
    program.figure("process_100mb", 20, [](long n) {
        worker only(spinning);
        return bench::timed([&] {
                   for (long i = 0; i < n; ++i)
                       take_large(*only.shared, 100'000'000);
               }) /
               1e6;
    });
}
