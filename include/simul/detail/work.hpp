// SPDX-License-Identifier: MIT
//
// What an executor runs: intrusive, so that queuing something allocates nothing and can't fail.
#pragma once

#include <utility>

namespace simul::detail {

class work {
public:
    virtual void run() noexcept = 0;
    /// Its loop was closed: it will never run.
    virtual void drop() noexcept {}

    work* next = nullptr; ///< of the one list it stands in

protected:
    ~work() = default;
};

/// Taken from the front.
class work_chain {
public:
    work_chain() = default;
    explicit work_chain(work* first) noexcept : first_(first) {}

    bool empty() const noexcept { return first_ == nullptr; }

    work* pop_front() noexcept
    {
        work* const taken = first_;
        if (taken)
            first_ = taken->next;
        return taken;
    }
    /// Brings the next one nearer while something else runs.
    void prefetch_front() const noexcept { __builtin_prefetch(first_); }

protected:
    work* first_ = nullptr;
};

/// First in, first out.
class work_list : public work_chain {
public:
    void push_back(work& added) noexcept
    {
        added.next = nullptr;
        (first_ ? last_->next : first_) = &added;
        last_ = &added;
    }

    /// All that it holds. (To copy the list as a whole would stall: a load that is wider than the stores just before it.)
    work_chain take_all() noexcept { return work_chain(std::exchange(first_, nullptr)); }

private:
    work* last_ = nullptr;
};

} // namespace simul::detail
