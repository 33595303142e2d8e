// SPDX-License-Identifier: MIT
//
// Those who listen to a broadcast or a watch: known to it, so that either side may be destroyed first.
#pragma once

#include <simul/detail/selectable.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>

namespace simul::detail {

class listener;

/// What is listened to. One lock guards it and the list.
class audience {
public:
    audience(const audience&) = delete;
    audience& operator=(const audience&) = delete;

protected:
    audience() = default;
    /// Each is told that it is gone; whoever waits gets `invalid_state`.
    ~audience();

    std::size_t listeners() const noexcept { return listeners_; }

    mutable wait_queue waiters_;

private:
    friend listener;
    friend class listener_wait;

    listener* first_ = nullptr;
    std::size_t listeners_ = 0;
};

class listener {
public:
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

protected:
    listener() noexcept = default;
    /// Takes the other's place. Not while the other waits.
    listener(listener&& other) noexcept;
    ~listener();

    // Under the lock.
    void join(audience& to) noexcept;
    void leave() noexcept;

    /// *Throws:* `invalid_state` once it is gone.
    audience& hub(const char* what) const;

    audience* hub_ = nullptr;

private:
    friend audience;
    friend class listener_wait;

    listener* next_ = nullptr;
    listener* previous_ = nullptr;
    bool waits_ = false;
};

/// A listener that waits for something to be there for it. It takes that when it runs: nobody else can.
class listener_wait : public queue_wait {
public:
    bool park() noexcept final;
    void unpark() noexcept final;

protected:
    listener_wait(audience& hub, listener& self) noexcept : queue_wait(hub.waiters_, side::get), listener_(self) {}
    ~listener_wait() { unpark(); }

    /// *Throws:* `invalid_state` when another task waits at the same listener.
    void check_alone(const char* what) const;
    /// `finish_wait`, and the listener may wait again.
    void end_listening(const char* what)
    {
        release_listener();
        finish_wait(what);
    }

private:
    void release_listener() noexcept;

    listener& listener_;
    bool parked_ = false;
};

} // namespace simul::detail
