// SPDX-License-Identifier: MIT
//
// How far a long job is, on standard error: a bar on a terminal, else a line for each tenth, or ten seconds.
//
//     progress shown("simul fetch", urls.size());
//     group.spawn(shown.keep_showing());
//     shown.done(bytes); shown.failed();
//     shown.say("https://...: 404 Not Found");       // a line above the bar
#pragma once

#include <simul/base/time.hpp>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

/// Whether that is a terminal that can be drawn on: not in a CI, not a dumb one.
bool can_draw(int descriptor);
/// Whether what goes there may have colours: on such a terminal, but not with NO_COLOR; always with CLICOLOR_FORCE.
bool wants_colour(int descriptor);

class progress {
public:
    progress(std::string title, std::size_t total);

    void done(std::size_t bytes) noexcept;
    void failed() noexcept { ++failed_; }
    void set_total(std::size_t total) noexcept { total_ = total; }
    /// Nothing but what is `say`d is shown.
    void set_quiet() noexcept { quiet_ = true; }

    /// A line of its own.
    void say(std::string_view line);
    /// Until it is cancelled.
    simul::task<> keep_showing();
    /// Takes the bar away; the next step of `keep_showing` draws it again.
    void erase();
    /// While it lives there is no bar, for something else goes to the terminal.
    class pause {
    public:
        explicit pause(progress& of) : of_(of)
        {
            of_.erase();
            ++of_.pauses_;
        }
        pause(const pause&) = delete;
        ~pause() { --of_.pauses_; }

    private:
        progress& of_;
    };

    std::size_t done_count() const noexcept { return done_; }
    std::size_t failed_count() const noexcept { return failed_; }
    std::uint64_t bytes() const noexcept { return bytes_; }
    /// Since it was made.
    simul::duration elapsed() const noexcept { return simul::now() - began_; }

private:
    std::string line() const;
    void draw();
    void tell();

    std::string title_;
    std::size_t total_;
    std::size_t done_ = 0;
    std::size_t failed_ = 0;
    std::uint64_t bytes_ = 0;
    bool quiet_ = false;
    bool drawn_ = false; // the bar is on the screen
    int pauses_ = 0;
    const bool draws_;
    simul::time_point began_;
    simul::time_point told_;
    std::size_t told_tenth_ = 0;
};

/// "1.5 MB"
std::string size_text(std::uint64_t bytes);

} // namespace cli
