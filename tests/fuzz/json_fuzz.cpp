// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include <simul/text/charset.hpp>
#include <simul/text/json.hpp>

#include <map>

namespace json = simul::json;

namespace {

struct item {
    std::string name;
    std::optional<double> price;
    std::vector<int> tags;
    std::unique_ptr<item> next;
};

template <class T> void read_as(std::string_view text)
{
    try {
        const T read = json::parse<T>(text, {.duplicates = json::duplicates::last_wins});
        const std::string dumped = json::dump(read);
        require(json::dump(json::parse<T>(dumped)) == dumped, "what was written is read");
    } catch (const json::error& e) {
        require(simul::is_utf8(e.what()), "messages are text");
    }
}

} // namespace

void fuzz(std::string_view input)
{
    read_as<item>(input);
    read_as<std::vector<item>>(input);
    read_as<std::map<std::string, json::value>>(input);
    read_as<std::tuple<int, std::string, bool>>(input);
    read_as<std::vector<std::uint8_t>>(input);
    try {
        const json::value value = json::parse(input);
        require(json::parse(json::dump(value)) == value, "what was written is read");
        require(json::parse(json::dump(value, {.indent = 2})) == value, "with spaces, too");
        read_as<json::value>(input);
        value.as<std::vector<item>>();
    } catch (const json::error& e) {
        require(simul::is_utf8(e.what()), "messages are text");
        require(e.line() > 0 || e.path() != "", "messages tell where: the scanner finds what simdjson found");
    }
}
