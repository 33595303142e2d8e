// SPDX-License-Identifier: MIT
#include <simul/detail/watch_set.hpp>

namespace simul::detail {

void watcher::served() noexcept
{
    set_.home_.post(*this);
}

void watcher::run() noexcept
{
    forget_queue();
    set_.came_back(*this);
}

// In the thread that completed the future, when the loop is closed at this moment: then the set, which is about to be
// abandoned by the loop's own thread, takes it from here. The lock of the future's queue lies between the two.
void watcher::drop() noexcept
{
    if (set_.listener_)
        dropped_ = true;
    else
        run();
}

bool watch_set::add(future_state_base& watched, std::size_t index)
{
    if (watched.done())
        return false;
    std::unique_ptr<watcher> added(new watcher(*this, watched, index));
    added->place_ = watchers_.size();
    watchers_.push_back(nullptr);
    if (!watched.enqueue(*added, [] {})) {
        watchers_.pop_back();
        return false;
    }
    ++outside_;
    watchers_.back() = added.release();
    return true;
}

void watch_set::came_back(watcher& w) noexcept
{
    const std::size_t index = w.index_;
    watchers_[w.place_] = nullptr;
    --outside_;
    delete &w;
    if (listener_)
        listener_->completed(index);
    else if (outside_ == 0)
        delete this;
}

void watch_set::abandon() noexcept
{
    for (watcher*& each : watchers_)
        if (each && (each->state_.dequeue(*each) || each->dropped_)) {
            each->forget_queue();
            delete each;
            each = nullptr;
            --outside_;
        }
    listener_ = nullptr;
    if (outside_ == 0)
        delete this; // else the last one that was posted already does it
}

} // namespace simul::detail
