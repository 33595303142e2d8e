// SPDX-License-Identifier: MIT
//
// Reading and writing 1 MB of JSON as structs, and the heading of a page. Figures are µs for one.
#include "../program.hpp"
#include "sample.hpp"

#include <simul/text/html.hpp>
#include <simul/text/json.hpp>
#include <simul/text/url.hpp>

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
    us_each("json_parse", 500, [&] { bench::keep(simul::json::parse<std::vector<bench::user>>(json)); });
    us_each("json_value", 500, [&] { bench::keep(simul::json::parse(json)); });
    const auto users = simul::json::parse<std::vector<bench::user>>(json);
    us_each("json_dump", 500, [&] { bench::keep(simul::json::dump(users)); });

    const std::string page = bench::sample_html();
    us_each("html_title", 200, [&] { bench::keep(simul::html::parse(page).find("h1")->text()); });
    us_each("url_parse", 1'000'000,
            [&] { bench::keep(simul::url::parse("https://example.org/wiki/Some_page?action=view#top")); });
}
