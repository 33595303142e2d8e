// SPDX-License-Identifier: MIT
//
// What a router holds: a tree of the parts of its patterns, and whose middleware goes around what.
#pragma once

#include "request_maker.hpp"

#include <simul/http/router.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http::detail {

/// The middleware of one router, and the router that it is mounted in.
struct scope {
    const scope* outer = nullptr;
    std::vector<std::unique_ptr<middleware>> own;
    std::vector<middleware*> all; ///< from the outermost on; when it serves
};

class routes {
public:
    routes();
    ~routes();

    void add(std::string_view method, std::string_view pattern, std::unique_ptr<handler> made);
    void add(std::unique_ptr<middleware> made);
    void mount(std::string_view prefix, routes& sub);

    /// No more is added from now on, until as many calls of `thaw`.
    void freeze();
    void thaw() noexcept { --serving_; }

    /// What answers: the handler, or 404, 405, and what OPTIONS asks; with the middleware around it. Tells the request about its
    /// route. `values` is room to work in.
    next find(request& of, const path_parts& parts, path_parts& values) const;
    /// The same for a request whose path makes no sense.
    next refuse_path() const;

private:
    struct endpoint;
    struct node;
    class search;

    void check_open() const;
    node& reach(std::string_view pattern, std::vector<std::string>& names);
    static void merge(node& into, node&& from, const std::string& prefix, const std::vector<std::string>& names);

    std::unique_ptr<node> top_;
    std::vector<std::unique_ptr<scope>> scopes_; ///< ours, and those of what was mounted
    int serving_ = 0;
};

} // namespace simul::http::detail
