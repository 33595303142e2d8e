// SPDX-License-Identifier: MIT
//
// compression: middleware that sends text as gzip, br or zstd to clients that take it.
//
//     site.use(simul::http::compression());
//
// What is compressed already, or says `Cache-Control: no-transform`, goes as it is. A page that shows a secret beside what a
// stranger chose (a search term, say) shouldn't be compressed: how well it compresses tells of the secret (BREACH).
#pragma once

#include <simul/http/request.hpp>
#include <simul/http/response.hpp>
#include <simul/http/router.hpp>
#include <simul/task/task.hpp>

#include <cstddef>

namespace simul::http {

struct compression_options {
    std::size_t smallest = 1024; ///< bytes of content; less isn't worth it
};

class compression {
public:
    explicit compression(compression_options options = {}) noexcept : options_(options) {}

    task<response> operator()(request& asked, next rest) const;

private:
    compression_options options_;
};

} // namespace simul::http
