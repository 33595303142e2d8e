// SPDX-License-Identifier: MIT
//
// What is in a directory, as a page with links.
#pragma once

#include "io/file_beneath.hpp"

#include <simul/http/response.hpp>
#include <simul/task/task.hpp>

#include <string_view>

namespace simul::http::detail {

/// `path`, of the request, ends with a slash. Links on it are relative.
task<response> directory_page(const simul::detail::found_file& directory, std::string_view path, bool with_hidden);

} // namespace simul::http::detail
