// SPDX-License-Identifier: MIT
//
// A `spawned` that comes to its place from elsewhere: the virtual time of who submitted it stands still until that one is
// told that it has ended.
#pragma once

#include <simul/detail/failure.hpp>
#include <simul/detail/outside_job.hpp>

#include <coroutine>
#include <utility>

namespace simul::detail {

template <class Spawned> class newcomer : public Spawned {
public:
    using Spawned::Spawned;

    /// Before it goes there.
    void set_out() noexcept { outside_ = outside_job::begin(); }

    /// Nothing takes it there: it ends with `why`, and is gone but for its future.
    void turn_back(failure why) noexcept
    {
        this->result_.fail(std::move(why));
        let_go();
        this->complete();
        this->release();
    }

protected:
    std::coroutine_handle<> over() noexcept override
    {
        const outside_job ends_after_it_is_told = std::move(outside_);
        return Spawned::over();
    }
    void let_go() noexcept override
    {
        Spawned::let_go();
        outside_ = {};
    }

private:
    outside_job outside_;
};

} // namespace simul::detail
