// SPDX-License-Identifier: MIT
//
// Futures for the tests of what watches many of them.
#pragma once

#include <simul/task/future.hpp>

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

namespace flights {

using futures = std::vector<simul::future<int>>;

/// A range that gives each future several times.
class repeated {
public:
    class iterator {
    public:
        iterator(futures& all, std::size_t times, std::size_t at) noexcept : all_(&all), times_(times), at_(at) {}
        simul::future<int>& operator*() const { return (*all_)[at_ / times_]; }
        iterator& operator++()
        {
            ++at_;
            return *this;
        }
        bool operator==(const iterator&) const = default;

    private:
        futures* all_;
        std::size_t times_;
        std::size_t at_;
    };

    repeated(std::size_t times, futures of) : all(std::move(of)), times_(times) {}
    iterator begin() { return {all, times_, 0}; }
    iterator end() { return {all, times_, times_ * all.size()}; }

    futures all;

private:
    std::size_t times_;
};

/// Futures that another thread completes meanwhile, with 1 each.
class completed_elsewhere {
public:
    explicit completed_elsewhere(std::size_t count) : writers_(count)
    {
        for (auto& each : writers_)
            all.push_back(each.get_future());
        other_ = std::thread([this] {
            for (auto& each : writers_)
                each.set_value(1);
        });
    }
    ~completed_elsewhere() { other_.join(); }
    completed_elsewhere(const completed_elsewhere&) = delete;
    completed_elsewhere& operator=(const completed_elsewhere&) = delete;

    futures all;

private:
    std::vector<simul::promise<int>> writers_;
    std::thread other_;
};

} // namespace flights
