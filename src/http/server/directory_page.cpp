// SPDX-License-Identifier: MIT
#include "directory_page.hpp"

#include <simul/text/html.hpp>
#include <simul/text/url.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace simul::http::detail {

namespace {

/// "./" before it: a name may look like the beginning of a URL.
std::string link_to(const fs::entry& entry)
{
    const std::string_view behind = entry.type == fs::file_type::directory ? "/" : "";
    return "<li><a href=\"./" + percent_encode(entry.name).append(behind) + "\">" +
           html::escape(entry.name).append(behind) + "</a>\n";
}

} // namespace

task<response> directory_page(const simul::detail::found_file& directory, std::string_view path, bool with_hidden)
{
    auto entries = co_await list(directory.open, directory.path);
    if (!with_hidden)
        std::erase_if(entries, [](const fs::entry& each) { return each.name.starts_with('.'); });
    const std::string title = html::escape(path);
    std::string page = "<!DOCTYPE html>\n<html>\n<meta charset=\"utf-8\">\n<title>" + title + "</title>\n<h1>" + title +
                       "</h1>\n<ul>\n";
    if (path != "/")
        page += "<li><a href=\"../\">../</a>\n";
    for (const fs::entry& each : entries)
        page += link_to(each);
    response made = http::html(page + "</ul>\n</html>\n");
    made.headers().add("X-Content-Type-Options", "nosniff");
    co_return made;
}

} // namespace simul::http::detail
