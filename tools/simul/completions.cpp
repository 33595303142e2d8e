// SPDX-License-Identifier: MIT
//
// Scripts that make a shell complete commands, options and the words that an option can take.
#include "command.hpp"

#include <fmt/format.h>

namespace cli {

namespace {

struct described_command {
    const command_entry& entry;
    std::vector<command_line::option_info> options;
    std::vector<std::string> words; ///< that its other arguments may be
};

std::vector<described_command> described_commands()
{
    std::vector<described_command> all;
    for (const command_entry& each : commands()) {
        command_line line;
        each.make()->declare(line); // of the options nothing but the words is used
        all.push_back({each, line.options(), line.words()});
    }
    return all;
}

std::string names_of(const std::vector<described_command>& all)
{
    std::string names;
    for (const described_command& each : all)
        names += fmt::format("{} ", each.entry.name);
    return names + "help --help --version";
}

std::string option_names_of(const described_command& of)
{
    std::string names = "--help";
    for (const auto& each : of.options)
        for (const std::string& name : {each.names.short_name, each.names.long_name})
            if (!name.empty())
                names += " " + name;
    return names;
}

/// In single quotes, for any of the shells.
std::string quoted(std::string_view text)
{
    std::string safe = "'";
    for (const char c : text)
        safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return safe + "'";
}

std::string for_bash()
{
    const auto all = described_commands();
    std::string script = fmt::format("# simul completions bash: put this where your shell reads it\n"
                                     "_simul() {{\n"
                                     "    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=\n"
                                     "    if ((COMP_CWORD == 1)); then words='{}'; else\n"
                                     "        case ${{COMP_WORDS[1]}}:$before in\n",
                                     names_of(all));
    for (const described_command& each : all)
        for (const auto& option : each.options)
            if (!option.choices.empty())
                script += fmt::format("        {}:{}) words='{}' ;;\n", each.entry.name, option.names.long_name,
                                      fmt::join(option.choices, " "));
    for (const described_command& each : all)
        script += fmt::format("        {}:*) if [[ $word == -* ]]; then words='{}'; else words='{}'; fi ;;\n", each.entry.name,
                              option_names_of(each), fmt::join(each.words, " "));
    return script + "        esac\n"
                    "    fi\n"
                    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                    "}\n"
                    "complete -o default -F _simul simul\n";
}

std::string for_zsh()
{
    std::string script = "#compdef simul\n# simul completions zsh: a file _simul in a folder of $fpath\n"
                         "local -a commands\ncommands=(\n";
    const auto all = described_commands();
    for (const described_command& each : all)
        script += fmt::format("    {}\n", quoted(fmt::format("{}:{}", each.entry.name, each.entry.summary)));
    script += ")\nif ((CURRENT == 2)); then _describe command commands; return; fi\ncase ${words[2]} in\n";
    for (const described_command& each : all)
        script += fmt::format("{}) compadd -- {} {}; _files ;;\n", each.entry.name, option_names_of(each), fmt::join(each.words, " "));
    return script + "esac\n";
}

std::string for_fish()
{
    std::string script = "# simul completions fish: ~/.config/fish/completions/simul.fish\n";
    for (const auto& [entry, options, words] : described_commands()) {
        script += fmt::format("complete -c simul -n __fish_use_subcommand -a {} -d {}\n", entry.name, quoted(entry.summary));
        if (!words.empty())
            script += fmt::format("complete -c simul -n '__fish_seen_subcommand_from {}' -a '{}'\n", entry.name, fmt::join(words, " "));
        for (const auto& [names, help, choices, assign] : options) {
            script += fmt::format("complete -c simul -n '__fish_seen_subcommand_from {}'", entry.name);
            if (!names.short_name.empty())
                script += fmt::format(" -s {}", names.short_name.substr(1));
            if (!names.long_name.empty())
                script += fmt::format(" -l {}", names.long_name.substr(2));
            if (!names.takes.empty())
                script += " -r";
            if (!choices.empty())
                script += fmt::format(" -a {}", quoted(fmt::format("{}", fmt::join(choices, " "))));
            script += fmt::format(" -d {}\n", quoted(help));
        }
    }
    return script;
}

class completions final : public command {
public:
    void declare(command_line& line) override { line.argument("SHELL", shell_, {"bash", "zsh", "fish"}); }

    int run() override
    {
        fmt::print("{}", shell_ == "bash" ? for_bash() : shell_ == "zsh" ? for_zsh() : for_fish());
        return exit_code::ok;
    }

    std::string_view details() const override
    {
        return "SHELL is bash, zsh or fish. For this session:\n\n"
               "    source <(simul completions bash)\n";
    }

private:
    std::string shell_;
};

} // namespace

std::unique_ptr<command> make_completions()
{
    return std::make_unique<completions>();
}

} // namespace cli
