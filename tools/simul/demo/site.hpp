// SPDX-License-Identifier: MIT
//
// The site that the lesson's programs fetch from, at home: genres of music, one a request, and a wiki whose Special:Random
// leads to an article. It answers late, as the web does, and goes wrong as often as it is told to: always in the same way for
// the same seed and number of the request.
//
//     GET  /wp-json/genrenator/v1/genre/    "ambient gospel polka", as JSON
//     GET  /wiki/Special:Random             302 to
//     GET  /wiki/{title}                    an article of 30 to 120 KiB with an h1
//     GET  /demo/stats                      {"requests": 105, "peak": 10, "refused": 0, "failed": 0}
//     POST /demo/reset                      counts from zero again
#pragma once

#include <simul/base/time.hpp>
#include <simul/http/router.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace demo {

struct options {
    std::uint64_t seed = 1;
    simul::duration genre_latency = std::chrono::milliseconds(180); ///< the median
    simul::duration wiki_latency = std::chrono::milliseconds(60);
    double spread = 0.25;      ///< of latencies around their median: sigma of their logarithm. 0: all are the same
    double slow_share = 0.01;  ///< answered five times as late
    double failing_share = 0;  ///< answered with 500
    int at_once = 0;           ///< requests of one client; more are refused with 429. 0: no limit
};

struct stats {
    std::uint64_t requests = 0; ///< that were answered, also with an error
    std::uint64_t peak = 0;     ///< how many were at once
    std::uint64_t refused = 0;
    std::uint64_t failed = 0;
};

/// The routes of a site. For one loop.
simul::http::router site(const options& how);

/// "Silent Harbour of Ærholm": no two the same below 4096.
std::string title_of(std::uint64_t number);
std::string genre_of(std::uint64_t number);

/// How late the request of that number is answered; of a page: the redirect, and the article.
simul::duration genre_latency(const options& how, std::uint64_t number);
simul::duration page_latency(const options& how, std::uint64_t number);

} // namespace demo
