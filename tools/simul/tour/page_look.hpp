// SPDX-License-Identifier: MIT
//
// What is the same on every page of a tour: how it looks, and what draws its pictures.
#pragma once

#include <string_view>

namespace tour {

/// Up to and with <body>.
extern const std::string_view page_begin;
/// Draws each <canvas data-job="..."> from the JSON in the element "rows", and ends the page.
extern const std::string_view page_end;

} // namespace tour
