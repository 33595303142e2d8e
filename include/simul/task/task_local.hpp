// SPDX-License-Identifier: MIT
//
// task_local: a value that follows a task and what it starts.
//
//     inline simul::task_local<std::string> request_id{"-"};
//     request_id.set("42");                  // seen by this line of work and by what it starts from here on
//     fmt::print("{}", request_id.get());
//
// A plainly awaited task shares its awaiter's values. What is spawned, gathered or put into a group inherits them, and
// what it sets is seen by neither its parent nor its siblings. So it is with a call that is made by `to_thread`.
#pragma once

#include <simul/detail/task_local_value.hpp>

#include <utility>

namespace simul {
namespace detail {

/// What was set for it here; null when nothing was.
const task_local_value* find_task_local(const void* key) noexcept;
/// *Throws:* `invalid_state` outside of a task, or of a job of one.
task_local_value*& task_locals_to_set();

} // namespace detail

template <class T> class task_local {
public:
    task_local() = default;
    explicit task_local(T fallback) : fallback_(std::move(fallback)) {}
    task_local(const task_local&) = delete;
    task_local& operator=(const task_local&) = delete;

    /// The value set last in this line of work, or inherited; else the fallback.
    const T& get() const noexcept
    {
        const auto* const found = detail::find_task_local(this);
        return found ? static_cast<const value*>(found)->held : fallback_;
    }

    /// *Throws:* `invalid_state` outside of a task.
    void set(T to)
    {
        detail::task_local_value*& list = detail::task_locals_to_set();
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
