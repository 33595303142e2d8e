// SPDX-License-Identifier: MIT
#include "record.hpp"

#include <simul/base/error.hpp>
#include <simul/text/json.hpp>

#include <fmt/format.h>
#include <utility>

namespace fetch {

namespace {

void append_escaped(std::string& to, std::string_view value)
{
    for (const char c : value) {
        switch (c) {
        case '\t': to += "\\t"; break;
        case '\n': to += "\\n"; break;
        case '\r': to += "\\r"; break;
        case '\\': to += "\\\\"; break;
        default: to += c;
        }
    }
}

std::string unescaped(std::string_view value)
{
    std::string plain;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\' || i + 1 == value.size()) {
            plain += value[i];
            continue;
        }
        switch (value[++i]) {
        case 't': plain += '\t'; break;
        case 'n': plain += '\n'; break;
        case 'r': plain += '\r'; break;
        default: plain += value[i];
        }
    }
    return plain;
}

/// Of a line of JSON what every one has.
struct line_head {
    std::string url;
};

std::string tsv_line(const record& of, bool selected)
{
    std::string line;
    append_escaped(line, of.url);
    const auto column = [&line](std::string_view value) {
        line += '\t';
        append_escaped(line, value);
    };
    if (selected) {
        for (const auto& values : of.fields)
            column(fmt::format("{}", fmt::join(values, " | ")));
    } else {
        column(std::to_string(of.status));
        column(of.type);
        column(std::to_string(of.bytes));
        column(fmt::format("{:.3f}", of.seconds));
    }
    if (!of.file.empty())
        column(of.file);
    return line += '\n';
}

std::string json_line(const record& of, const std::vector<selection>& selected)
{
    // Written piece by piece, for the order of the columns is the user's.
    std::string line = "{\"url\":" + simul::json::dump(of.url);
    const auto member = [&line](const std::string& name, const std::string& value) {
        line += "," + simul::json::dump(name) + ":" + value;
    };
    for (std::size_t i = 0; i < of.fields.size(); ++i) {
        const auto& values = of.fields[i];
        member(selected[i].name, selected[i].all ? simul::json::dump(values)
                                 : values.empty() ? std::string("null")
                                                  : simul::json::dump(values.front()));
    }
    if (selected.empty()) {
        member("status", std::to_string(of.status));
        member("type", simul::json::dump(of.type));
        member("bytes", std::to_string(of.bytes));
        member("seconds", fmt::format("{:.3f}", of.seconds));
    }
    if (!of.file.empty())
        member("file", simul::json::dump(of.file));
    return line += "}\n";
}

} // namespace

std::string line_of(const record& of, const std::vector<selection>& selected, format as)
{
    return as == format::tsv ? tsv_line(of, !selected.empty()) : json_line(of, selected);
}

std::string header_of(const std::vector<selection>& selected, bool saved)
{
    std::string line = "url";
    for (const selection& each : selected) {
        line += '\t';
        append_escaped(line, each.name);
    }
    if (selected.empty())
        line += "\tstatus\ttype\tbytes\tseconds";
    return line += saved ? "\tfile\n" : "\n";
}

std::optional<std::string> url_of_line(std::string_view line, format as)
{
    if (as == format::tsv)
        return unescaped(line.substr(0, line.find('\t')));
    try {
        return simul::json::parse<line_head>(line).url;
    } catch (const simul::json::error&) {
        return std::nullopt;
    }
}

} // namespace fetch
