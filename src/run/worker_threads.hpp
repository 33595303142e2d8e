// SPDX-License-Identifier: MIT
//
// The threads of a crew, each with its loop.
#pragma once

#include "crew.hpp"

#include <simul/run/loop.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace simul::detail {

class worker_threads {
public:
    explicit worker_threads(crew& of) noexcept : crew_(of) {}
    worker_threads(const worker_threads&) = delete;
    worker_threads& operator=(const worker_threads&) = delete;
    /// `crew::finish` first.
    ~worker_threads() { join(); }

    /// Makes the loops of so many workers.
    void add(std::size_t count, const loop_options& options);
    /// Starts them; returns when each has called `initialize(with)`. `at_end(with_at_end)` is called by the last to end.
    /// *Throws:* the first error of these, with all threads ended; `error` when there can be no more threads.
    void start(const std::string& name, void (*initialize)(void*), void* with, void (*at_end)(void*), void* with_at_end);
    void join() noexcept;

private:
    crew& crew_;
    std::vector<std::unique_ptr<loop>> loops_;
    std::vector<std::thread> threads_;
};

} // namespace simul::detail
