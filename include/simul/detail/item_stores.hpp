// SPDX-License-Identifier: MIT
//
// Where queues and channels keep their items: in order of arrival, the newest first, or the smallest first. All have
// `size`, `empty`, `push` and `pop`. They allocate when they grow, and not before the first item.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::detail {

/// First in, first out: a ring that doubles when it is full.
template <class T> class fifo_store {
public:
    fifo_store() = default;
    fifo_store(fifo_store&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)),
          room_(std::exchange(other.room_, 0)),
          first_(std::exchange(other.first_, 0)),
          size_(std::exchange(other.size_, 0))
    {
    }
    fifo_store& operator=(fifo_store&&) = delete;
    ~fifo_store()
    {
        while (!empty())
            drop_first();
        if (slots_)
            std::allocator<T>().deallocate(slots_, room_);
    }

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    T& operator[](std::size_t i) noexcept { return slots_[(first_ + i) & (room_ - 1)]; }

    void push(T&& item)
    {
        if (size_ == room_)
            grow();
        std::construct_at(&(*this)[size_], std::move(item));
        ++size_;
    }
    T pop() noexcept
    {
        T item = std::move((*this)[0]);
        drop_first();
        return item;
    }
    void drop_first() noexcept
    {
        std::destroy_at(&(*this)[0]);
        ++first_;
        --size_;
    }

private:
    void grow()
    {
        const std::size_t room = room_ ? 2 * room_ : 8;
        T* const slots = std::allocator<T>().allocate(room);
        for (std::size_t i = 0; i < size_; ++i) {
            std::construct_at(slots + i, std::move((*this)[i]));
            std::destroy_at(&(*this)[i]);
        }
        if (slots_)
            std::allocator<T>().deallocate(slots_, room_);
        slots_ = slots;
        room_ = room;
        first_ = 0;
    }

    T* slots_ = nullptr;
    std::size_t room_ = 0; ///< a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

/// Last in, first out.
template <class T> class lifo_store {
public:
    bool empty() const noexcept { return items_.empty(); }
    std::size_t size() const noexcept { return items_.size(); }
    void push(T&& item) { items_.push_back(std::move(item)); }
    T pop() noexcept
    {
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }

private:
    std::vector<T> items_;
};

/// The smallest first; among equals, the first that came. `Less` must not throw.
template <class T, class Less> class sorted_store {
public:
    sorted_store() = default;
    explicit sorted_store(Less less) : later_{std::move(less)} {}

    bool empty() const noexcept { return items_.empty(); }
    std::size_t size() const noexcept { return items_.size(); }
    void push(T&& item)
    {
        items_.push_back({std::move(item), pushed_});
        ++pushed_;
        sift_up();
    }
    T pop() noexcept
    {
        std::pop_heap(items_.begin(), items_.end(), later_);
        T item = std::move(items_.back().item);
        items_.pop_back();
        return item;
    }

private:
    struct entry {
        T item;
        std::uint64_t sequence;
    };
    struct comes_later {
        Less less;
        bool operator()(const entry& a, const entry& b) const
        {
            return less(b.item, a.item) || (!less(a.item, b.item) && a.sequence > b.sequence);
        }
    };

    void sift_up() noexcept { std::push_heap(items_.begin(), items_.end(), later_); }

    std::vector<entry> items_;
    std::uint64_t pushed_ = 0;
    comes_later later_;
};

/// `a < b`, and nothing else is ever asked of the items.
struct ascending {
    template <class T> bool operator()(const T& a, const T& b) const { return a < b; }
};

} // namespace simul::detail
