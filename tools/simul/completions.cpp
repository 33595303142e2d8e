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
};

std::vector<described_command> described_commands()
{
    std::vector<described_command> all;
    for (const command_entry& each : commands()) {
        command_line line;
        each.make()->declare(line); // of the options nothing but the words is used
        all.push_back({each, line.options()});
    }
    return all;
}

std::string names_of(const std::vector<described_command>& all)
{
    std::string names;
    for (const auto& [entry, options] : all)
        names += fmt::format("{} ", entry.name);
    return names + "--help --version";
}

std::string words_of(const std::vector<command_line::option_info>& options)
{
    std::string words = "--help";
    for (const auto& each : options)
        for (const std::string& name : {each.names.short_name, each.names.long_name})
            if (!name.empty())
                words += " " + name;
    return words;
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
    for (const auto& [entry, options] : all)
        for (const auto& option : options)
            if (!option.choices.empty())
                script += fmt::format("        {}:{}) words='{}' ;;\n", entry.name, option.names.long_name,
                                      fmt::join(option.choices, " "));
    for (const auto& [entry, options] : all)
        script += fmt::format("        {}:*) [[ $word == -* ]] && words='{}' ;;\n", entry.name, words_of(options));
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
    for (const auto& [entry, options] : all)
        script += fmt::format("    {}\n", quoted(fmt::format("{}:{}", entry.name, entry.summary)));
    script += ")\nif ((CURRENT == 2)); then _describe command commands; return; fi\ncase ${words[2]} in\n";
    for (const auto& [entry, options] : all)
        script += fmt::format("{}) compadd -- {}; _files ;;\n", entry.name, words_of(options));
    return script + "esac\n";
}

std::string for_fish()
{
    std::string script = "# simul completions fish: ~/.config/fish/completions/simul.fish\n";
    for (const auto& [entry, options] : described_commands()) {
        script += fmt::format("complete -c simul -n __fish_use_subcommand -a {} -d {}\n", entry.name, quoted(entry.summary));
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
    void declare(command_line& line) override { line.argument("SHELL", shell_); }

    int run() override
    {
        if (shell_ == "bash")
            fmt::print("{}", for_bash());
        else if (shell_ == "zsh")
            fmt::print("{}", for_zsh());
        else if (shell_ == "fish")
            fmt::print("{}", for_fish());
        else
            throw usage_error(fmt::format("SHELL is bash, zsh or fish, not \"{}\"", shell_));
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
