// SPDX-License-Identifier: MIT
//
// What a command takes: declared once, and then read, explained (--help, the manual page) and completed by the shell.
//
//     int limit = 16;
//     bool quiet = false;
//     std::vector<std::string> urls;
//     line.option({"-q", "--quiet"}, quiet, "says nothing but errors");
//     line.option({"-c", "--concurrency", "N"}, limit, "requests at once");
//     line.rest("URL", urls);
//     line.parse({"-c8", "https://example.org/"});
//
// As users expect it: "--name value", "--name=value", "-n value", "-nvalue", "-qv" for two switches, "--" before what only looks
// like an option, options also behind other arguments. What can't be understood is a usage_error in one sentence.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A number of bytes: "64M" is 64 MiB.
struct byte_count {
    std::size_t value = 0;
};

/// "-q" and "--quiet", or, with what it takes, "-c", "--concurrency" and "N". Either name may be missing.
struct option_names {
    option_names(const char* name) : option_names({std::string_view(name)}) {}
    option_names(std::initializer_list<std::string_view> parts);

    std::string short_name; ///< "-q"
    std::string long_name;  ///< "--quiet"
    std::string takes;      ///< "N"; empty: nothing
};

class command_line {
public:
    struct option_info {
        option_names names;
        std::string help;
        std::vector<std::string> choices;             ///< what its value may be; empty: anything
        std::function<void(std::string_view)> assign; ///< *Throws:* usage_error saying what was expected.
    };

    // ---- declaring. *Lifetime:* the variables, until the end of `parse`. What they hold is the default. An option without
    // help is for simul's own processes: nobody is told of it.

    void option(option_names names, bool& to, std::string help);
    void option(option_names names, std::string& to, std::string help);
    void option(option_names names, std::optional<std::string>& to, std::string help);
    /// May be given several times.
    void option(option_names names, std::vector<std::string>& to, std::string help);
    void option(option_names names, int& to, std::string help, int least = 0, int most = 1'000'000);
    /// "5s", "250ms", "2m", "1h"; a number alone is seconds.
    void option(option_names names, std::chrono::nanoseconds& to, std::string help);
    void option(option_names names, byte_count& to, std::string help);
    void option(option_names names, double& to, std::string help);
    /// One of these words.
    void choice(option_names names, std::string& to, std::vector<std::string> choices, std::string help);
    /// For what isn't above: `assign` throws a usage_error that says what it expected.
    void option(option_names names, std::function<void(std::string_view)> assign, std::string help);

    /// An argument without a name; it must be there unless it is optional. When there are `words`, it is one of them.
    void argument(std::string name, std::string& to, std::vector<std::string> words = {});
    void argument(std::string name, std::optional<std::string>& to);
    /// All further ones.
    void rest(std::string name, std::vector<std::string>& to, std::vector<std::string> words = {});

    // ---- using

    /// *Throws:* usage_error.
    void parse(const std::vector<std::string>& arguments) const;

    /// "[OPTIONS] [URL...]"
    std::string synopsis() const;
    /// A paragraph for each option, as `--help` shows it.
    std::string options_text() const;
    /// Those that users are told of.
    std::vector<option_info> options() const;
    /// Those that an argument without a name may be.
    std::vector<std::string> words() const;

private:
    struct positional {
        std::string name;
        std::vector<std::string> words; ///< what it may be; empty: anything
        std::function<void(std::string_view)> assign;
        bool optional;
        bool repeated;
    };

    void add(option_names names, std::string help, std::function<void(std::string_view)> assign,
             std::vector<std::string> choices = {});
    const option_info& find_long(std::string_view name) const;
    const option_info& find_short(char name) const;
    static void assign(const option_info& to, std::string_view shown, std::string_view value);
    void assign_positionals(const std::vector<std::string>& given) const;

    std::vector<option_info> options_;
    std::vector<positional> positionals_;
};

/// Of `known` the one that somebody may have meant who typed `text`; empty when none is near.
std::string_view nearest(std::string_view text, const std::vector<std::string_view>& known);

} // namespace cli
