// SPDX-License-Identifier: MIT
#include "output.hpp"

#include <simul/io/standard_streams.hpp>

#include <exception>
#include <utility>

namespace fetch {

using simul::task;

task<> output::open(std::string path, bool go_on)
{
    file_ = co_await simul::fs::open(path, go_on ? "a+" : "w");
    if (!go_on)
        co_return;
    const simul::bytes all = co_await file_.read_at(0, co_await file_.size());
    std::size_t begin = 0;
    for (std::size_t end = all.find('\n'); end != simul::bytes::npos; end = all.find('\n', begin)) {
        before_.push_back(all.substr(begin, end - begin));
        begin = end + 1;
    }
    if (begin < all.size())
        co_await file_.truncate(begin);
    size_ = begin;
}

task<> output::write(const std::string& line)
{
    if (file_.native_handle() < 0) {
        co_await simul::stdout_().write_all(line);
        co_return;
    }
    std::exception_ptr failure;
    try {
        co_await file_.write(line);
    } catch (...) { // also when it is cancelled
        failure = std::current_exception();
    }
    if (failure) {
        co_await take_back_part();
        std::rethrow_exception(failure);
    }
    size_ += line.size();
}

/// A part of a line may have found room. In what is no file it is gone.
task<> output::take_back_part()
{
    try {
        co_await file_.truncate(size_);
    } catch (const simul::error&) {
    }
}

task<> output::put(std::size_t number, std::optional<std::string> line)
{
    const auto mine = co_await writing_.lock();
    if (!ordered_) {
        if (line)
            co_await write(*line);
        co_return;
    }
    waiting_.emplace(number, std::move(line));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_; first = waiting_.begin()) {
        ++next_;
        const auto now = waiting_.extract(first);
        if (now.mapped())
            co_await write(*now.mapped());
    }
}

task<> output::close()
{
    if (file_.native_handle() >= 0)
        co_await file_.close();
}

} // namespace fetch
