// SPDX-License-Identifier: MIT
//
// Where an outcome waits until somebody takes it: nothing yet, a value, or an error. References and void travel too.
#pragma once

#include <simul/detail/failure.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace simul::detail {

/// What a slot of `T` stores: a pointer for a reference, a box for what is aligned too strictly for a promise.
template <class T> struct stored {
    using type = std::conditional_t<(alignof(T) > 2 * sizeof(void*)), std::unique_ptr<T>, T>;
    template <class... Args> static type make(Args&&... args)
    {
        if constexpr (std::is_same_v<type, T>)
            return T(std::forward<Args>(args)...);
        else
            return std::make_unique<T>(std::forward<Args>(args)...);
    }
    static T& get(type& held) noexcept
    {
        if constexpr (std::is_same_v<type, T>)
            return held;
        else
            return *held;
    }
};
template <class T> struct stored<T&> {
    using type = T*;
    static type make(T& value) noexcept { return &value; }
    static T& get(type& held) noexcept { return *held; }
};
template <> struct stored<void> {
    struct type {};
    static type make() noexcept { return {}; }
    static void get(type&) noexcept {}
};

template <class T> class result_slot {
    using store = stored<T>;
    using held_type = typename store::type;

public:
    using lvalue = std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<T>>;

    result_slot() noexcept {}
    ~result_slot() { clear(); }
    result_slot(result_slot&& other) noexcept(std::is_nothrow_move_constructible_v<held_type>) { move_from(other); }
    result_slot& operator=(result_slot&& other) noexcept(std::is_nothrow_move_constructible_v<held_type>)
    {
        if (this != &other) {
            clear();
            move_from(other);
        }
        return *this;
    }

    bool empty() const noexcept { return state_ == state::empty; }
    bool failed() const noexcept { return state_ == state::failed; }
    bool has_value() const noexcept { return state_ == state::value; }

    template <class... Args> void emplace(Args&&... args)
    {
        clear();
        ::new (&value_) held_type(store::make(std::forward<Args>(args)...));
        state_ = state::value;
    }
    void fail(failure error) noexcept
    {
        clear();
        failure_ = failure::keep(std::move(error));
        state_ = state::failed;
    }
    const failure& error() const noexcept { return *failure_; }

    /// The value where it is. *Throws:* the error.
    lvalue get()
    {
        if (failed())
            failure_->rethrow();
        return store::get(value_);
    }
    /// The value, moved out. *Throws:* the error.
    T take()
    {
        if constexpr (std::is_reference_v<T> || std::is_void_v<T>)
            return get();
        else
            return std::move(get());
    }

private:
    enum class state : std::uint8_t { empty, value, failed };

    void clear() noexcept
    {
        if (state_ == state::value)
            value_.~held_type();
        else if (state_ == state::failed)
            failure::give_back(failure_);
        state_ = state::empty;
    }
    void move_from(result_slot& other)
    {
        if (other.state_ == state::value)
            ::new (&value_) held_type(std::move(other.value_));
        else if (other.state_ == state::failed)
            failure_ = other.failure_;
        state_ = other.state_;
        if (other.state_ == state::failed)
            other.state_ = state::empty;
    }

    union {
        held_type value_;
        const failure* failure_; ///< owned
    };
    state state_ = state::empty;
};

} // namespace simul::detail
