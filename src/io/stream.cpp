// SPDX-License-Identifier: MIT
#include <simul/io/stream.hpp>

#include "fd_transport.hpp"
#include "stream_core.hpp"

#include <simul/task/timeout.hpp>

#include <algorithm>
#include <vector>

namespace simul {

using detail::check_not_aborted;
using detail::fd_transport;
using detail::reading_here;
using detail::stream_core;

namespace {

constexpr std::size_t fetch_size = 4 * 1024;
constexpr std::size_t worth_no_copy = 32 * 1024;

/// Something from below into `room`, which is not empty; 0: the end.
task<std::size_t> obtain(stream_core& core, std::span<char> room)
{
    fd_transport& bottom = core.below->bottom();
    const bool is_bottom = core.below.get() == &bottom;
    for (;;) {
        if (const auto got = core.below->try_read(room))
            co_return *got;
        if (const std::size_t got = co_await bottom.input(is_bottom ? room : std::span<char>()); got > 0)
            co_return got;
        check_not_aborted(core);
    }
}

task<bool> fetch_more(stream_core& core)
{
    for (;;) {
        if (const auto more = core.try_fetch())
            co_return *more;
        co_await core.below->bottom().input({});
        check_not_aborted(core);
    }
}

task<> fill(stream_core& core, std::span<char> into)
{
    std::size_t filled = core.fetched.take(into);
    try {
        while (filled < into.size()) {
            const std::size_t got = co_await obtain(core, into.subspan(filled));
            if (got == 0)
                break;
            filled += got;
        }
    } catch (...) { // cancelled, or broken: the next read finds what came before
        core.fetched.append({into.data(), filled});
        throw;
    }
    core.fetched.shrink();
    if (filled < into.size())
        throw incomplete_read("read_exactly: the stream ended after " + std::to_string(filled) + " of " +
                                  std::to_string(into.size()) + " bytes",
                              bytes(into.data(), filled));
}

/// What else arrives is dropped. A peer that just goes has said enough.
task<> hear_goodbye(stream_core& core)
{
    bytes dropped(fetch_size, '\0');
    try {
        while (co_await obtain(core, dropped) > 0) {
        }
    } catch (const error&) {
    }
}

/// Sends what is left. A goodbye that can't be sent any more is no loss, what was written before it is.
task<> part(stream_core& core)
{
    fd_transport& bottom = core.below->bottom();
    const bool all_sent = bottom.unsent() == 0 && !bottom.output_failure();
    try {
        core.below->say_goodbye();
        co_await bottom.output(0);
    } catch (const error&) {
        if (!all_sent)
            throw;
        co_return;
    }
    if (const duration patience = core.below->goodbye_timeout(); patience > duration::zero() && !core.reading)
        co_await move_on_after(patience, hear_goodbye(core));
}

struct match {
    std::size_t begin;
    std::size_t end;
};

/// The one that ends first.
std::optional<match> find_first(bytes_view in, std::size_t from, const std::vector<bytes>& separators)
{
    std::optional<match> first;
    for (const bytes& each : separators)
        if (const std::size_t at = in.find(each, from); at != bytes_view::npos)
            if (!first || at + each.size() < first->end)
                first = {at, at + each.size()};
    return first;
}

[[noreturn]] void refuse_consume(std::size_t size, std::size_t most)
{
    throw error(std::errc::invalid_argument,
                "consume: " + std::to_string(size) + " bytes, but only " + std::to_string(most) + " are buffered");
}

/// Waits until a separator has arrived within `limit`; nothing is consumed. None: the end came first.
task<std::optional<match>> search(stream_core& core, std::vector<bytes> separators, std::size_t limit,
                                  const char* operation)
{
    std::size_t longest = 0;
    for (const bytes& each : separators)
        longest = std::max(longest, each.size());
    const bool senseless =
        separators.empty() || std::ranges::any_of(separators, [](const bytes& s) { return s.empty(); });
    if (senseless)
        throw error(std::errc::invalid_argument, std::string(operation) + ": a separator must have at least one byte");

    std::size_t searched = 0;
    for (;;) {
        const bytes_view have = core.fetched.view();
        const auto found = find_first(have, searched, separators);
        searched = have.size() >= longest ? have.size() - longest + 1 : 0;
        if ((found && found->begin > limit) || (!found && searched > limit))
            throw limit_exceeded(std::string(operation) + ": no separator in the first " + std::to_string(limit) +
                                 " bytes; they are kept, and can be read with read_some");
        if (found)
            co_return found;
        if (!co_await fetch_more(core))
            co_return std::nullopt;
    }
}

/// The peer sees all of `data`: what a cancellation cuts off is queued.
task<> send_all(fd_transport& at, bytes_view data)
{
    const bytes_view all = data;
    while (!data.empty()) {
        std::int32_t sent = 0;
        try {
            sent = co_await at.send_directly(data);
        } catch (const cancelled&) {
            if (data.size() < all.size())
                at.write(data);
            throw;
        }
        if (sent < 0) {
            at.output_broke(-sent);
            at.check_output();
        }
        data.remove_prefix(static_cast<std::size_t>(sent));
        if (at.is_sending()) { // somebody else wrote meanwhile: our rest comes behind, and may mix with theirs
            at.write(data);
            co_await at.output(0);
            co_return;
        }
    }
}

} // namespace

namespace detail {

stream stream_core::make(transport_ptr below, byte_queue fetched)
{
    auto core = std::make_unique<stream_core>(std::move(below));
    core->fetched = std::move(fetched);
    return stream(std::move(core));
}

std::unique_ptr<stream_core> stream_core::release(stream& of, const char* operation)
{
    if (of.core(operation).reading)
        throw invalid_state(std::string(operation) + ": a task is reading from this stream");
    return std::move(of.core_);
}

std::optional<bool> stream_core::try_fetch()
{
    fd_transport& bottom = below->bottom();
    const bool is_bottom = below.get() == &bottom;
    if (is_bottom && bottom.move_arrived(fetched))
        return true;
    char nothing = 0; // a bottom from which nothing can be moved gives nothing: only the end, or an error
    const std::span<char> room = is_bottom ? std::span(&nothing, 1) : fetched.room(fetch_size);
    if (const auto got = below->try_read(room)) {
        fetched.commit(*got);
        return *got > 0;
    }
    fetched.shrink();
    return std::nullopt;
}

reading_here::reading_here(stream_core& of, const char* operation) : of_(of)
{
    if (of.reading)
        throw invalid_state(std::string(operation) + ": another task is reading from this stream");
    of.reading = true;
}

void check_not_aborted(const stream_core& core)
{
    if (!core.below)
        throw closed_error("the stream was closed while it was being read");
}

} // namespace detail

stream::stream() noexcept = default;
stream::stream(std::unique_ptr<stream_core> core) noexcept : core_(std::move(core))
{
}
stream::stream(stream&& other) noexcept = default;
stream& stream::operator=(stream&& other) noexcept = default;
stream::~stream() = default;

stream::operator bool() const noexcept
{
    return core_ && core_->below;
}

stream_core& stream::core(const char* operation) const
{
    if (!*this)
        throw closed_error(std::string(operation) + ": the stream is closed");
    core_->below->bottom().check_loop(operation);
    return *core_;
}

// ---- reading

task<std::size_t> stream::read_some(std::span<char> into)
{
    stream_core& core = this->core("read_some");
    const reading_here guard(core, "read_some");
    if (into.empty())
        co_return 0;
    if (core.fetched.empty())
        co_return co_await obtain(core, into);
    const std::size_t taken = core.fetched.take(into);
    core.fetched.shrink();
    co_return taken;
}

task<bytes> stream::read_some(std::size_t most)
{
    stream_core& core = this->core("read_some");
    const reading_here guard(core, "read_some");
    if (most == 0)
        co_return bytes();
    if (core.fetched.empty() && !co_await fetch_more(core))
        co_return bytes();
    bytes taken = core.fetched.take(most);
    core.fetched.shrink();
    co_return taken;
}

task<> stream::read_exactly(std::span<char> into)
{
    stream_core& core = this->core("read_exactly");
    const reading_here guard(core, "read_exactly");
    co_await fill(core, into);
}

task<bytes> stream::read_exactly(std::size_t size)
{
    stream_core& core = this->core("read_exactly");
    const reading_here guard(core, "read_exactly");
    bytes all(size, '\0');
    co_await fill(core, all);
    co_return all;
}

task<bytes> stream::read_until(bytes separator, std::size_t limit)
{
    std::vector<bytes> one;
    one.push_back(std::move(separator));
    return read_until_any(std::move(one), limit);
}

task<bytes> stream::read_until_any(std::vector<bytes> separators, std::size_t limit)
{
    stream_core& core = this->core("read_until");
    const reading_here guard(core, "read_until");
    if (const auto found = co_await search(core, std::move(separators), limit, "read_until"))
        co_return core.fetched.take(found->end);
    throw incomplete_read("read_until: the stream ended before the separator", core.fetched.take(core.fetched.size()));
}

task<std::optional<bytes>> stream::read_line(std::size_t limit)
{
    stream_core& core = this->core("read_line");
    const reading_here guard(core, "read_line");
    const auto found = co_await search(core, {"\n"}, limit, "read_line");
    if (!found && core.fetched.empty())
        co_return std::nullopt;
    bytes line = core.fetched.take(found ? found->end : core.fetched.size());
    core.fetched.shrink();
    for (const char end : {'\n', '\r'})
        if (found && !line.empty() && line.back() == end)
            line.pop_back();
    co_return line;
}

async_generator<bytes> stream::lines(std::size_t limit)
{
    while (auto line = co_await read_line(limit))
        co_yield std::move(*line);
}

task<bytes> stream::read_all(std::size_t limit)
{
    stream_core& core = this->core("read_all");
    const reading_here guard(core, "read_all");
    do {
        if (core.fetched.size() > limit)
            throw limit_exceeded("read_all: there is more than " + std::to_string(limit) + " bytes");
    } while (co_await fetch_more(core));
    bytes all = core.fetched.take(core.fetched.size());
    core.fetched.shrink();
    co_return all;
}

bytes_view stream::buffered() const noexcept
{
    return core_ ? core_->fetched.view() : bytes_view();
}

task<bool> stream::fetch()
{
    stream_core& core = this->core("fetch");
    const reading_here guard(core, "fetch");
    co_return co_await fetch_more(core);
}

void stream::consume(std::size_t size)
{
    if (size == 0)
        return;
    if (const std::size_t most = buffered().size(); size > most)
        refuse_consume(size, most);
    core_->fetched.consume(size);
    if (!core_->reading)
        core_->fetched.shrink();
}

// ---- writing

task<> stream::write(bytes_view data)
{
    stream_core& core = this->core("write");
    core.below->write(data);
    if (core.below->bottom().unsent() > fd_transport::high_water)
        co_await core.below->bottom().output(fd_transport::low_water);
}

task<> stream::write(std::initializer_list<bytes_view> pieces)
{
    stream_core& core = this->core("write");
    for (const bytes_view piece : pieces)
        core.below->write(piece);
    if (core.below->bottom().unsent() > fd_transport::high_water)
        co_await core.below->bottom().output(fd_transport::low_water);
}

task<> stream::write_all(bytes_view data)
{
    stream_core& core = this->core("write_all");
    fd_transport& bottom = core.below->bottom();
    if (core.below.get() == &bottom && data.size() >= worth_no_copy && !bottom.is_sending()) {
        bottom.check_output();
        co_return co_await send_all(bottom, data);
    }
    core.below->write(data);
    co_await bottom.output(0);
}

task<> stream::flush()
{
    co_await core("flush").below->bottom().output(0);
}

task<> stream::shutdown()
{
    stream_core& core = this->core("shutdown");
    core.below->end_output();
    co_await core.below->bottom().output(0);
}

// ---- the end

task<> stream::close()
{
    if (!*this)
        co_return;
    stream_core& core = this->core("close");
    try {
        co_await part(core);
    } catch (...) {
        abort();
        throw;
    }
    abort();
}

void stream::abort() noexcept
{
    if (core_)
        core_->below.reset();
}

std::size_t stream::unsent() const noexcept
{
    return *this ? core_->below->bottom().unsent() : 0;
}

address stream::local() const
{
    return *this ? core_->below->bottom().local() : address();
}

address stream::peer() const
{
    return *this ? core_->below->bottom().peer() : address();
}

void stream::set_option(int level, int name, int value)
{
    core("set_option").below->bottom().set_option(level, name, value);
}

int stream::native_handle() const noexcept
{
    return *this ? core_->below->bottom().fd() : -1;
}

} // namespace simul
