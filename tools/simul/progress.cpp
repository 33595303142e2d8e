// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include "seconds.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace cli {

namespace {

using namespace std::chrono_literals;

bool is_set(const char* variable)
{
    const char* const value = std::getenv(variable);
    return value && *value;
}

std::size_t terminal_width()
{
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace

bool can_draw(int descriptor)
{
    const char* const terminal = std::getenv("TERM");
    return ::isatty(descriptor) && terminal && std::string_view(terminal) != "dumb" && !is_set("CI");
}

bool wants_colour(int descriptor)
{
    return is_set("CLICOLOR_FORCE") || (can_draw(descriptor) && !is_set("NO_COLOR"));
}

std::string size_text(std::uint64_t bytes)
{
    constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; size >= 1000 && unit + 1 < std::size(units); ++unit)
        size /= 1000;
    return fmt::format("{:.{}f} {}", size, unit > 0 && size < 100 ? 1 : 0, units[unit]);
}

progress::progress(std::string title, std::size_t total)
    : title_(std::move(title)), total_(total), draws_(can_draw(STDERR_FILENO)), began_(simul::now()), told_(began_)
{
}

void progress::done(std::size_t bytes) noexcept
{
    ++done_;
    bytes_ += bytes;
}

std::string progress::line() const
{
    const double rate = static_cast<double>(done_) / std::max(seconds(elapsed()), 1e-3);
    std::string text = fmt::format("{} of {}", done_ + failed_, total_);
    if (failed_ > 0)
        text += fmt::format(", {} failed", failed_);
    text += fmt::format("  {:.{}f}/s  {}", rate, rate < 10 ? 1 : 0, size_text(bytes_));
    const std::size_t left = total_ - std::min(total_, done_ + failed_);
    if (left > 0 && done_ > 0) {
        const auto wait = static_cast<long>(static_cast<double>(left) / rate + 0.5);
        text += fmt::format("  {}:{:02} left", wait / 60, wait % 60);
    }
    return text;
}

void progress::draw()
{
    const std::string text = line();
    const std::size_t width = terminal_width();
    std::string bar;
    if (width > text.size() + 14) {
        const std::size_t room = std::min<std::size_t>(width - text.size() - 4, 40);
        const std::size_t filled = total_ > 0 ? room * std::min(total_, done_ + failed_) / total_ : 0;
        bar = "[" + std::string(filled, '#') + std::string(room - filled, '.') + "] ";
    }
    fmt::print(stderr, "\r\x1b[K{}{}", bar, text.substr(0, width - 1));
    std::fflush(stderr);
    drawn_ = true;
}

void progress::erase()
{
    if (!std::exchange(drawn_, false))
        return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
}

void progress::say(std::string_view text)
{
    erase();
    fmt::print(stderr, "{}\n", text);
}

/// Where nothing can be drawn.
void progress::tell()
{
    const std::size_t tenth = total_ > 0 ? 10 * (done_ + failed_) / total_ : 0;
    if (tenth == told_tenth_ && simul::now() - told_ < 10s)
        return;
    told_tenth_ = tenth;
    told_ = simul::now();
    fmt::print(stderr, "{}: {}\n", title_, line());
}

simul::task<> progress::keep_showing()
{
    while (!quiet_) {
        co_await simul::sleep(100ms);
        if (!draws_)
            tell();
        else if (pauses_ == 0)
            draw();
    }
}

} // namespace cli
