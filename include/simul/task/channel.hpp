// SPDX-License-Identifier: MIT
//
// channel<T>: values from task to task, one receiver for each, as in Go.
//
//     simul::channel<int> numbers;                              // unbuffered; channel<int> numbers(8) holds up to 8
//
//     simul::task<> produce() { for (int i = 0; i < 3; ++i) co_await numbers.send(i); numbers.close(); }
//     simul::task<> consume() { while (auto n = co_await numbers.receive()) fmt::print("{}\n", *n); }
//
// Unbuffered, a send is over when the value was received: the two meet. Buffered, it is over when there is room. Either
// way the first to come is the first served, and a value goes straight into the hand of the receiver that waits longest.
//
// `close` says that nothing will be sent any more: receivers still get what is there, then nullopt; senders get
// `closed_error`, those that wait too. Whoever sends should close, once.
//
// Costs a spin lock per operation; a wait allocates nothing.
#pragma once

#include <simul/detail/conduit.hpp>
#include <simul/detail/item_stores.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

namespace simul {
namespace detail {

struct channel_kind {
    static constexpr const char* name = "channel";
    static constexpr const char* put_refused = "send: the channel is closed";
    template <class T> static std::optional<T> received(std::optional<T>& item) noexcept { return std::move(item); }
};

} // namespace detail

/// *Cancel:* a cancelled send has sent nothing, a cancelled receive has received nothing.
/// *Lifetime:* outlives who uses it; a task that still waits when it is destroyed gets `invalid_state`.
/// *Threads:* all of it, from any.
template <class T> class channel : private detail::conduit<T, detail::fifo_store<T>, detail::channel_kind> {
    using base = detail::conduit<T, detail::fifo_store<T>, detail::channel_kind>;

public:
    using value_type = T;

    explicit channel(std::size_t capacity = 0) : base(capacity) {}

    /// `co_await` it: waits for a receiver, or for room. *Throws:* `closed_error`.
    auto send(T value) { return typename base::template put_awaiter<T>(*this, std::move(value)); }
    /// As `send`, but moves from `value` only when it is really sent: neither a cancellation nor a `select` that goes
    /// another way costs the value. *Lifetime:* `value` outlives the await.
    auto send_from(T& value) noexcept { return typename base::template put_awaiter<T&>(*this, value); }
    /// `co_await` it: the next value; nullopt when the channel is closed and nothing is left.
    auto receive() noexcept { return typename base::get_awaiter(*this); }

    /// False, and `value` untouched, when `send` would have to wait. *Throws:* `closed_error`.
    bool try_send(T&& value) { return this->put_now(value); }
    bool try_send(const T& value)
        requires std::copy_constructible<T>
    {
        T copy(value);
        return this->put_now(copy);
    }
    /// nullopt when `receive` would have to wait, and at the end.
    std::optional<T> try_receive() { return this->get_now(); }

    /// *Throws:* `invalid_state` when it is closed already.
    void close()
    {
        const detail::guard held(this->waiters_);
        if (this->closed_)
            throw invalid_state("close: the channel is closed already");
        this->end_locked();
    }
    /// Whether `close` was called; there may be values left.
    bool closed() const noexcept
    {
        const detail::guard held(this->waiters_);
        return this->closed_;
    }

    using base::empty;
    using base::size;
    std::size_t capacity() const noexcept { return this->capacity_; }
    bool full() const noexcept { return this->size() >= capacity(); }
};

} // namespace simul
