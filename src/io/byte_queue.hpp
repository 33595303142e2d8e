// SPDX-License-Identifier: MIT
//
// Bytes that come in at the back and go out at the front. Holds no memory while it is empty for long.
#pragma once

#include <simul/base/bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace simul::detail {

class byte_queue {
public:
    byte_queue() = default;
    byte_queue(byte_queue&& other) noexcept
        : memory_(std::move(other.memory_)),
          capacity_(std::exchange(other.capacity_, 0)),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0))
    {
    }
    byte_queue& operator=(byte_queue&& other) noexcept
    {
        std::swap(memory_, other.memory_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        return *this;
    }

    bool empty() const noexcept { return begin_ == end_; }
    std::size_t size() const noexcept { return end_ - begin_; }
    bytes_view view() const noexcept { return {memory_.get() + begin_, size()}; }

    /// Room behind the last byte, at least `least` of it; all that there is, to be filled and then `commit`ted.
    std::span<char> room(std::size_t least)
    {
        if (capacity_ - end_ < least)
            make_room(least);
        return {memory_.get() + end_, capacity_ - end_};
    }
    void commit(std::size_t size) noexcept { end_ += size; }
    void append(bytes_view added)
    {
        if (added.empty())
            return;
        std::memcpy(room(added.size()).data(), added.data(), added.size());
        commit(added.size());
    }

    /// Drops the first bytes.
    void consume(std::size_t size) noexcept
    {
        begin_ += size;
        if (begin_ == end_)
            begin_ = end_ = 0;
    }
    /// Moves as much as fits.
    std::size_t take(std::span<char> into) noexcept
    {
        const std::size_t moved = std::min(into.size(), size());
        if (moved > 0)
            std::memcpy(into.data(), memory_.get() + begin_, moved);
        consume(moved);
        return moved;
    }
    bytes take(std::size_t most)
    {
        bytes taken(view().substr(0, most));
        consume(taken.size());
        return taken;
    }
    /// An empty one that has grown gives its memory back.
    void shrink() noexcept
    {
        if (empty() && capacity_ > kept)
            *this = byte_queue();
    }

private:
    static constexpr std::size_t kept = 1024;
    static constexpr std::size_t smallest = 256;

    void make_room(std::size_t least)
    {
        const std::size_t held = size();
        if (begin_ >= held && capacity_ - held >= least) { // moving is cheap, and enough
            std::memcpy(memory_.get(), memory_.get() + begin_, held);
        } else {
            const std::size_t grown = std::max({smallest, 2 * capacity_, held + least});
            auto moved = std::make_unique_for_overwrite<char[]>(grown);
            if (held > 0)
                std::memcpy(moved.get(), memory_.get() + begin_, held);
            memory_ = std::move(moved);
            capacity_ = grown;
        }
        begin_ = 0;
        end_ = held;
    }

    std::unique_ptr<char[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace simul::detail
