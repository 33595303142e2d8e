// SPDX-License-Identifier: MIT
//
// The libraries underneath, used by hand for the same.
#include "../../program.hpp"
#include "../sample.hpp"

#include <gumbo.h>
#include <simdjson.h>

namespace {

std::vector<bench::user> parse(simdjson::dom::parser& parser, const std::string& text)
{
    std::vector<bench::user> users;
    for (const simdjson::dom::object each : parser.parse(text).get_array()) {
        bench::user& user = users.emplace_back();
        for (const auto& [key, value] : each) {
            if (key == "id")
                user.id = value.get_uint64();
            else if (key == "name")
                user.name = std::string_view(value);
            else if (key == "description")
                user.description = std::string_view(value);
            else if (key == "verified")
                user.verified = value.get_bool();
            else if (key == "score")
                user.score = value.get_double();
            else if (key == "followers")
                for (const std::int64_t follower : value.get_array())
                    user.followers.push_back(follower);
        }
    }
    return users;
}

void append_text(const GumboNode& node, std::string& to)
{
    if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE)
        to += node.v.text.text;
    else if (node.type == GUMBO_NODE_ELEMENT)
        for (unsigned i = 0; i < node.v.element.children.length; ++i)
            append_text(*static_cast<const GumboNode*>(node.v.element.children.data[i]), to);
}
const GumboNode* find_heading(const GumboNode& node)
{
    if (node.type != GUMBO_NODE_ELEMENT)
        return nullptr;
    if (node.v.element.tag == GUMBO_TAG_H1)
        return &node;
    for (unsigned i = 0; i < node.v.element.children.length; ++i)
        if (const GumboNode* const found =
                find_heading(*static_cast<const GumboNode*>(node.v.element.children.data[i])))
            return found;
    return nullptr;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const auto us_each = [&](std::string_view name, long count, auto&& body) {
        program.figure(name, count, [&](long n) {
            return bench::timed([&] {
                       for (long i = 0; i < n; ++i)
                           body();
                   }) /
                   1000;
        });
    };

    const std::string json = bench::sample_json();
    simdjson::dom::parser parser;
    us_each("json_parse", 500, [&] { bench::keep(parse(parser, json)); });
    const simdjson::dom::element parsed = parser.parse(json);
    us_each("json_dump", 200, [&] { bench::keep(simdjson::minify(parsed)); });

    const std::string page = bench::sample_html();
    us_each("html_title", 200, [&] {
        GumboOutput* const output = gumbo_parse_with_options(&kGumboDefaultOptions, page.data(), page.size());
        std::string text;
        append_text(*find_heading(*output->root), text);
        bench::keep(text);
        gumbo_destroy_output(&kGumboDefaultOptions, output);
    });
}
