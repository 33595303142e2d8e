// SPDX-License-Identifier: MIT
//
// static_files: a handler that answers with the files of a directory.
//
//     site.get("/assets/{path...}", simul::http::static_files("public"));
//     site.get("/photos/{path...}", simul::http::static_files("photos", {.list = true, .cache_control = "max-age=3600"}));
//
// It goes behind a route that ends in `{path...}`. Whatever is asked for, nothing outside of the directory is ever opened: the
// kernel resolves the path below it, without ".." and without symbolic links. Parts (Range), conditions (If-None-Match and the
// others), and files that were compressed beforehand are understood.
//
// A file up to 64 KiB is read at once, a larger one while it is sent, 32 KiB at a time. Nothing is kept in memory but by the
// kernel, and a file that is replaced is seen by the next request.
#pragma once

#include <simul/http/request.hpp>
#include <simul/http/response.hpp>
#include <simul/task/task.hpp>

#include <string>

namespace simul::http {

struct static_options {
    /// What "/assets/" and "/assets/sub/" are answered with, if it is there; empty: nothing.
    std::string index = "index.html";
    /// A page with links to what is in a directory that has no index. Without it that is 403.
    bool list = false;
    /// "a.css.br", "a.css.zst" or "a.css.gz", which is at least as new, instead of "a.css", for clients that take it.
    bool precompressed = true;
    /// Symbolic links, as long as they stay below the directory; absolute ones never do.
    bool follow_links = false;
    /// Files and directories whose names begin with a dot, such as ".git". Without it only "/.well-known/" is there.
    bool hidden = false;
    /// "max-age=3600", "public, max-age=31536000, immutable": how long it may be used without asking. Empty: it's not said, and
    /// browsers guess.
    std::string cache_control = {};
};

class static_files {
public:
    /// The directory may be a symbolic link; it is found anew for each request. *Throws:* `error` for an empty one, and when
    /// `cache_control` can't stand in a field.
    explicit static_files(std::string directory, static_options options = {});

    /// 200, 206 (a part), 301 (a directory, to the same with "/"), 304, 403, 404, 405, 412, or 416.
    /// *Throws:* `error` when the directory isn't there or a file can't be read; `invalid_state` when the route has no
    /// `{path...}`.
    task<response> operator()(request& asked) const;

private:
    std::string directory_;
    static_options options_;
};

} // namespace simul::http
