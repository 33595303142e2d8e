// SPDX-License-Identifier: MIT
//
// The page of a tour: one file that needs no other, for wide screens and narrow ones, light and dark.
#include "page_look.hpp"
#include "report.hpp"

#include <simul/text/html.hpp>

#include <fmt/format.h>
#include <string_view>

namespace tour {

namespace {

using simul::html::escape;

/// Data inside of a page: nothing in it may end the element.
std::string embedded(std::string json)
{
    for (std::size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at))
        json.replace(at, 1, "\\u003c");
    return json;
}

std::string table_row(const row& of)
{
    const auto& [heat, ideal, seen] = *of.what;
    return fmt::format("<tr{}><th scope=\"row\">{}<td>{:.2f}<td>{:.1f}×<td>{:.2f}<td>{:.2f}<td>{}<td>{:.0f}<td class=\"lesson\">{}\n",
                       of.fastest ? " class=\"best\"" : "", escape(heat->model), seen.wall, of.faster, ideal, seen.cpu,
                       most_at_once(seen.pieces), static_cast<double>(seen.peak_kib) / 1024, escape(heat->lesson));
}

std::string job_part(const report& all, std::string_view job)
{
    std::string part = fmt::format("<section>\n<h2>{}</h2>\n<table>\n<thead><tr><td><th>seconds<th>faster<th>ideal<th>CPU s<th>at once"
                                   "<th>MiB<td class=\"lesson\">\n<tbody>\n",
                                   title_of(all, job));
    for (const row& each : rows_of(all, job))
        part += table_row(each);
    return part + fmt::format("</table>\n<figure>\n<canvas data-job=\"{0}\" tabindex=\"0\" role=\"img\" aria-label=\"When each piece of {0} "
                              "was done, and by whom\"></canvas>\n<div class=\"tools\"><button data-zoom=\"0.5\" aria-label=\"closer\">+</button>"
                              "<button data-zoom=\"2\" aria-label=\"farther\">−</button><button data-zoom=\"0\">all of it</button>"
                              "<span></span></div>\n</figure>\n</section>\n",
                              job);
}

} // namespace

std::string page_of(const report& all)
{
    std::string page(page_begin);
    page += fmt::format("<h1>simul tour</h1>\n<p class=\"soft\">simul {} on {}</p>\n<p>The same jobs in several models. Each bar below is a "
                        "request, or a power: when it began, how long it took, and which task, thread or process did it. A dashed line "
                        "is the ideal: what the site's latencies, or the computing alone, would take.</p>\n",
                        escape(all.version), escape(machine_of(all)));
    std::string_view before;
    for (const result& each : all.results) {
        if (each.of->job != before)
            page += job_part(all, each.of->job);
        before = each.of->job;
    }
    page += "<h2>What the rows teach</h2>\n";
    for (const std::string& each : lessons_of(all))
        page += fmt::format("<p>{}</p>\n", escape(each));
    page += fmt::format("<script type=\"application/json\" id=\"rows\">{}</script>\n", embedded(json_of(all)));
    return page += page_end;
}

} // namespace tour
