// SPDX-License-Identifier: MIT
//
// The ambient loop: a thread in the background, for tasks that are begun where no loop runs. Made when it is first needed;
// the end of the process cancels what runs there, and waits for it.
#pragma once

#include <simul/detail/executor.hpp>
#include <simul/detail/failure.hpp>
#include <simul/detail/job_locals.hpp>
#include <simul/detail/newcomer.hpp>

#include <exception>
#include <source_location>

namespace simul::detail {

/// While it exists, the ambient loop does, and takes what is posted.
class ambient_entrance {
public:
    /// *Throws:* `error` when there can be no thread, `closed_error` when the process ends.
    ambient_entrance();
    ~ambient_entrance();
    ambient_entrance(const ambient_entrance&) = delete;
    ambient_entrance& operator=(const ambient_entrance&) = delete;

    executor& loop() const noexcept { return *loop_; }

private:
    executor* loop_;
};

/// A `spawned` that goes to the ambient loop, from any thread.
template <class Spawned> class ambient final : public newcomer<Spawned> {
public:
    using newcomer<Spawned>::newcomer;

    /// *Throws:* as ambient_entrance; then it is done.
    void enter_from_outside(const std::source_location& at)
    {
        try {
            const ambient_entrance in;
            this->spawned_at(at);
            this->locals = inherited_locals();
            this->set_out();
            this->move_to(in.loop());
            in.loop().post(*this);
        } catch (...) {
            this->observe(); // it comes out here
            this->turn_back(failure(std::current_exception()));
            throw;
        }
    }

    void run() noexcept override
    {
        this->enter_tree(this->home().top());
        newcomer<Spawned>::run();
    }
    /// The process ends before it has begun.
    void drop() noexcept override { this->destroy_unfinished(); }
};

} // namespace simul::detail
