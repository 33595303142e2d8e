// SPDX-License-Identifier: MIT
//
// Messages and results that Celery 5.2.6 wrote, as it wrote them; captures/ has them.
#pragma once

#include "cluster/message.hpp"

#include <simul/text/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace cluster_tests {

/// A file of captures/.
inline std::string captured(std::string_view name)
{
    std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "captures" / name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// One of captures/tasks.json.
inline simul::cluster::detail::message captured_task(std::string_view name)
{
    const simul::json::value whole = simul::json::parse(captured("tasks.json"))[name];
    const simul::json::value& properties = whole["properties"];
    return {.headers = whole["headers"].members(),
            .body = simul::json::dump(whole["body"]),
            .correlation_id = properties["correlation_id"].string(),
            .reply_to = properties["reply_to"].string(),
            .priority = properties["priority"].as<int>()};
}

} // namespace cluster_tests
