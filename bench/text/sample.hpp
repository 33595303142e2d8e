// SPDX-License-Identifier: MIT
//
// The texts that every program of this area reads: made here, alike for all; peers/python.py makes the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct user {
    std::uint64_t id;
    std::string name;
    std::string description;
    bool verified;
    double score;
    std::vector<std::int64_t> followers;
};

/// 1 MB of JSON, like what services send: short strings, some long, some escapes, numbers of all kinds.
inline std::string sample_json()
{
    std::string text = "[";
    for (std::uint64_t i = 0; text.size() < 1'000'000; ++i) {
        const std::string number = std::to_string(i);
        if (i > 0)
            text += ",";
        text += "\n  {\"id\": " + std::to_string(i * 7'919'000'003 % 1'000'000'007) + ", \"name\": \"user " + number +
                "\", \"description\": \"Number " + number +
                " says \\\"hello\\\" to the wörld, and tells a story that goes on for a while\", \"verified\": " +
                (i % 3 == 0 ? "true" : "false") + ", \"score\": " + std::to_string(i * 37 % 1000) + "." +
                std::to_string(i % 89 + 10) + ", \"followers\": [" + number + ", " + std::to_string(i * i) + ", -" +
                std::to_string(i % 17) + "]}";
    }
    return text + "\n]\n";
}

/// About 200 KB of HTML, like an article: the heading is near the beginning, links and lists are everywhere.
inline std::string sample_html()
{
    std::string text =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sample</title>"
        "<link rel=\"stylesheet\" href=\"/style.css\"><script>var a = 1 < 2;</script></head>\n<body class=\"page\">\n"
        "<h1 id=\"heading\">A <i>sample</i> page</h1>\n";
    for (int i = 0; text.size() < 198'000; ++i) {
        const std::string number = std::to_string(i);
        text += "<div class=\"section s" + number + "\"><h2>Section " + number +
                "</h2>\n<p>Some text with a <a href=\"/wiki/Link_" + number + "\" title=\"Link " + number +
                "\">link</a>, an &amp; entity, and <b>bold</b> w&ouml;rds that make up most of a page&#8217;s "
                "text, as it goes on and on.</p>\n<ul><li>one<li>two <a href=\"#n" +
                number + "\">[" + number + "]</a></ul></div>\n";
    }
    return text + "</body></html>\n";
}

} // namespace bench
