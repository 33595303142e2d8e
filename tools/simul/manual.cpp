// SPDX-License-Identifier: MIT
//
// Manual pages, written from the same declarations as --help.
#include "command.hpp"

#include <simul/base/version.hpp>

#include <cctype>
#include <fmt/format.h>

namespace cli {

namespace {

/// Text for troff: a backslash, a dash and a dot at a line's beginning mean something there.
std::string escaped(std::string_view text)
{
    std::string safe;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\''))
            safe += "\\&";
        line_begins = c == '\n';
        if (c == '\\')
            safe += "\\e";
        else if (c == '-')
            safe += "\\-";
        else
            safe += c;
    }
    return safe;
}

std::string upper(std::string_view text)
{
    std::string capital;
    for (const char c : text)
        capital += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return capital;
}

class manual final : public command {
public:
    void declare(command_line& line) override { line.argument("COMMAND", name_, command_names()); }

    int run() override
    {
        fmt::print("{}", manual_of(*find_command(name_)));
        return exit_code::ok;
    }

private:
    std::string name_;
};

} // namespace

std::string manual_of(const command_entry& of)
{
    const auto described = of.make();
    command_line line;
    described->declare(line);
    std::string page = fmt::format(".TH SIMUL\\-{} 1 \"\" \"simul {}\"\n.SH NAME\nsimul\\-{} \\- {}\n.SH SYNOPSIS\n.B simul {}\n{}\n",
                                   upper(of.name), simul::version, of.name, escaped(of.summary), of.name,
                                   escaped(line.synopsis()));
    if (!line.options().empty())
        page += ".SH OPTIONS\n";
    for (const auto& [names, help, choices, assign] : line.options()) {
        const char* const comma = names.short_name.empty() || names.long_name.empty() ? "" : ", ";
        page += fmt::format(".TP\n\\fB{}{}{}\\fR{}{}\n{}\n", escaped(names.short_name), comma, escaped(names.long_name),
                            names.takes.empty() ? "" : " ", names.takes, escaped(help));
    }
    if (!described->details().empty())
        page += fmt::format(".SH DETAILS\n.nf\n{}\n.fi\n", escaped(described->details()));
    return page;
}

std::unique_ptr<command> make_manual()
{
    return std::make_unique<manual>();
}

} // namespace cli
