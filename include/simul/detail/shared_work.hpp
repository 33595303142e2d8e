// SPDX-License-Identifier: MIT
//
// What one worker of a thread pool has ready to begin, and others may take: a Chase-Lev deque. The worker pushes and pops
// at its end, newest first, as a call stack would; thieves take the oldest, which tends to be the largest.
//
// | word   | meaning                              | who writes                                          |
// |--------|--------------------------------------|-----------------------------------------------------|
// | end_   | where the worker pushes              | the worker                                          |
// | begin_ | where thieves take; only ever rises  | thieves, and the worker for the last one: exchanges |
// | ring_  | the places between, by index modulo  | the worker; old rings live on for slow thieves      |
//
// What is taken has been written before `end_` was raised over it (release, acquire). The last item is the one that both
// may want: the worker lowers `end_` and then reads `begin_`, a thief reads them in the other order, all sequentially
// consistent, so at least one sees the other, and `begin_` decides.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace simul::detail {

class context;

/// What all workers of a pool look at, all the time.
struct shared_words {
    alignas(128) std::atomic<int> idle{0};      ///< workers that sleep, and could steal what is pushed
    std::atomic<bool> refuses_roots{false};     ///< tasks that have not begun are cancelled
};

class shared_work {
public:
    shared_work(const shared_work&) = delete;
    shared_work& operator=(const shared_work&) = delete;

    // ---- for the worker itself

    /// False when there is no memory for it.
    bool push(context& offered) noexcept
    {
        const std::int64_t end = end_.load(std::memory_order_relaxed);
        ring* here = ring_.load(std::memory_order_relaxed);
        if (end - begin_.load(std::memory_order_acquire) > here->last) [[unlikely]] {
            here = grow(end);
            if (!here)
                return false;
        }
        here->at(end).store(&offered, std::memory_order_relaxed);
        end_.store(end + 1, std::memory_order_release);
        if (words_.idle.load(std::memory_order_relaxed) > 0) [[unlikely]]
            rouse();
        return true;
    }
    /// The newest; null when there is none.
    context* pop() noexcept
    {
        const std::int64_t end = end_.load(std::memory_order_relaxed) - 1;
        // A worker that is out of work looks again and again: only what may succeed is worth an exchange.
        if (end < begin_.load(std::memory_order_relaxed))
            return nullptr;
        ring* const here = ring_.load(std::memory_order_relaxed);
        end_.exchange(end, std::memory_order_seq_cst);
        std::int64_t begin = begin_.load(std::memory_order_seq_cst);
        if (begin < end)
            return here->at(end).load(std::memory_order_relaxed);
        context* last = nullptr;
        if (begin == end && begin_.compare_exchange_strong(begin, begin + 1, std::memory_order_seq_cst))
            last = here->at(end).load(std::memory_order_relaxed);
        end_.store(end + 1, std::memory_order_relaxed);
        return last;
    }

    // ---- for anybody

    bool looks_empty() const noexcept
    {
        return begin_.load(std::memory_order_relaxed) >= end_.load(std::memory_order_relaxed);
    }
    /// The oldest; null when there is none, or another was faster.
    context* steal() noexcept
    {
        std::int64_t begin = begin_.load(std::memory_order_seq_cst);
        if (begin >= end_.load(std::memory_order_seq_cst))
            return nullptr;
        context* const oldest = ring_.load(std::memory_order_acquire)->at(begin).load(std::memory_order_relaxed);
        return begin_.compare_exchange_strong(begin, begin + 1, std::memory_order_seq_cst) ? oldest : nullptr;
    }

    /// Tasks that have not begun are not to begin any more.
    bool refuses_roots() const noexcept { return words_.refuses_roots.load(std::memory_order_relaxed); }

    /// A task that no other waits for begins its life here (+1), or has ended (-1).
    virtual void count_root(int change) noexcept = 0;

protected:
    explicit shared_work(const shared_words& of_pool);
    ~shared_work() = default;

    virtual void rouse() noexcept = 0;

private:
    struct ring {
        std::int64_t last; ///< one less than its size, a power of two
        std::unique_ptr<std::atomic<context*>[]> places;

        std::atomic<context*>& at(std::int64_t index) const noexcept { return places[index & last]; }
    };

    ring* grow(std::int64_t end) noexcept;

    const shared_words& words_;
    std::atomic<std::int64_t> end_{0};
    std::atomic<ring*> ring_;
    std::vector<std::unique_ptr<ring>> rings_; ///< each twice as large as the one before
    alignas(128) std::atomic<std::int64_t> begin_{0};
};

} // namespace simul::detail
