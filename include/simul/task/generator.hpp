// SPDX-License-Identifier: MIT
//
// generator<T>: values one after another, computed as they are asked for.
//
//     simul::generator<int> squares() { for (int i = 0;; ++i) co_yield i * i; }
//     for (int s : squares()) if (s > 100) break;
//
// Plain code: no loop, no waiting. Leaving early destroys what the generator holds. About 2 ns a step.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/frame_pool.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace simul {

template <class T> class [[nodiscard("a generator does nothing until it is iterated")]] generator {
public:
    using value_type = std::remove_cvref_t<T>;
    using reference = std::conditional_t<std::is_reference_v<T>, T, T&>;

    class promise_type : public detail::pooled {
    public:
        generator get_return_object() noexcept
        {
            return generator(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() noexcept { error_ = std::current_exception(); }

        std::suspend_always yield_value(std::remove_reference_t<T>& value) noexcept
        {
            value_ = std::addressof(value);
            return {};
        }
        /// A temporary lives in the frame until the next step.
        std::suspend_always yield_value(std::remove_reference_t<T>&& value) noexcept
            requires(!std::is_lvalue_reference_v<T>)
        {
            value_ = std::addressof(value);
            return {};
        }
        template <class Awaitable> std::suspend_never await_transform(Awaitable&&)
        {
            static_assert(std::is_void_v<Awaitable>, // never
                          "simul: a generator is plain code and can't wait: make it an async_generator<T>");
            return {};
        }

    private:
        friend generator;
        std::remove_reference_t<T>* value_ = nullptr;
        std::exception_ptr error_;
    };

    class iterator {
    public:
        using value_type = generator::value_type;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        iterator() noexcept = default;
        explicit iterator(generator& from) : from_(&from) {}

        reference operator*() const noexcept { return static_cast<reference>(*from_->frame_.promise().value_); }
        iterator& operator++()
        {
            from_->step();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return from_->frame_.done(); }

    private:
        generator* from_ = nullptr;
    };

    generator(generator&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)), begun_(other.begun_) {}
    generator& operator=(generator&& other) noexcept
    {
        std::swap(frame_, other.frame_);
        std::swap(begun_, other.begun_);
        return *this;
    }
    ~generator()
    {
        if (frame_)
            frame_.destroy();
    }

    /// Computes the first value. Once. *Throws:* what the generator throws, as does each step; `invalid_state` the second time.
    iterator begin()
    {
        if (!frame_ || std::exchange(begun_, true))
            throw invalid_state("a generator can be iterated once: make another");
        step();
        return iterator(*this);
    }
    std::default_sentinel_t end() const noexcept { return std::default_sentinel; }

private:
    explicit generator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    void step()
    {
        frame_.resume();
        if (frame_.promise().error_) [[unlikely]]
            std::rethrow_exception(std::exchange(frame_.promise().error_, nullptr));
    }

    std::coroutine_handle<promise_type> frame_;
    bool begun_ = false;
};

} // namespace simul
