// SPDX-License-Identifier: MIT
//
// What an executor runs: intrusive, so that queuing something allocates nothing and can't fail.
#pragma once

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

/// First in, first out.
class work_list {
public:
    bool empty() const noexcept { return first_ == nullptr; }

    void push_back(work& added) noexcept
    {
        added.next = nullptr;
        (first_ ? last_->next : first_) = &added;
        last_ = &added;
    }

    work* pop_front() noexcept
    {
        work* const taken = first_;
        if (taken)
            first_ = taken->next;
        return taken;
    }

    /// Takes over what `other` holds; this one is empty. Moves no more than it must: a copy of the whole object would
    /// stall, as a load that is wider than the stores just before it.
    void take_all(work_list& other) noexcept
    {
        first_ = other.first_;
        last_ = other.last_;
        other.first_ = nullptr;
    }

private:
    work* first_ = nullptr;
    work* last_ = nullptr;
};

} // namespace simul::detail
