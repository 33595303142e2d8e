// SPDX-License-Identifier: MIT
//
// Something of which a process has one: made at first use, closed at the end of the process, never destroyed, as a thread
// may still be about to leave it. A child of fork() makes its own.
#pragma once

#include "os_thread.hpp"

#include <atomic>
#include <memory>

namespace simul::detail {

/// `T::close()` is its end.
template <class T> class one_per_process {
public:
    static T& here()
    {
        static const at_exit closes;
        if (T* const made = if_made())
            return *made;
        auto made = std::make_unique<kept>();
        made->of_the_parent = of_the_parent;
        kept* first = nullptr;
        if (the_only.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) // acquire: if_made's, of another's
            return *made.release();
        return *first;
    }
    static T* if_made() noexcept { return the_only.load(std::memory_order_acquire); } // pairs with the exchange in here

private:
    struct kept : T {
        kept* of_the_parent = nullptr; ///< untouched; but without this it would look like a leak
    };
    struct at_exit {
        at_exit() { in_forked_children([] { of_the_parent = the_only.exchange(nullptr, std::memory_order_relaxed); }); }
        ~at_exit()
        {
            if (T* const made = if_made())
                made->close();
        }
    };

    static inline std::atomic<kept*> the_only{nullptr};
    static inline kept* of_the_parent = nullptr;
};

} // namespace simul::detail
