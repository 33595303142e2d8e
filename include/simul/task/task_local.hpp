// SPDX-License-Identifier: MIT
//
// task_local: a value that follows a task and what it starts.
//
//     inline simul::task_local<std::string> request_id{"-"};
//     request_id.set("42");                  // seen by this line of work and by what it starts from here on
//     fmt::print("{}", request_id.get());
//
// A plainly awaited task shares its awaiter's values. What is spawned, gathered or put into a group inherits them, and
// what it sets is seen by neither its parent nor its siblings.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/task_local_value.hpp>

#include <utility>

namespace simul {

template <class T> class task_local {
public:
    task_local() = default;
    explicit task_local(T fallback) : fallback_(std::move(fallback)) {}
    task_local(const task_local&) = delete;
    task_local& operator=(const task_local&) = delete;

    /// The value set last in this line of work, or inherited; else the fallback.
    const T& get() const noexcept
    {
        const executor* const here = executor::current();
        if (here && here->running())
            for (auto* each = here->running()->locals; each; each = each->older)
                if (each->key == this)
                    return static_cast<const value*>(each)->held;
        return fallback_;
    }

    /// *Throws:* `invalid_state` outside of a task.
    void set(T to)
    {
        executor& here = executor::require("task_local::set");
        if (!here.running())
            throw invalid_state("task_local::set was called outside of a task");
        detail::task_local_value*& list = here.running()->locals;
        list = new value(this, list, std::move(to));
    }

private:
    struct value final : detail::task_local_value {
        value(const void* key_of, detail::task_local_value* next, T&& to)
            : task_local_value(key_of, next), held(std::move(to))
        {
        }
        T held;
    };

    T fallback_{};
};

} // namespace simul
