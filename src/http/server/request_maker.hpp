// SPDX-License-Identifier: MIT
//
// How a connection and the routes put a request together.
#pragma once

#include <simul/http/request.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http::detail {

/// The parts of a path between its slashes, decoded. Views of the request.
using path_parts = std::vector<std::string_view>;

class request_maker {
public:
    static request make(request_source& from) noexcept { return request(from); }

    /// Forgets the one before; its memory is kept where the next one needs it.
    static void clear(request& of) noexcept;

    // What a connection fills in. Strings are swapped.
    static void set_method(request& of, method known, std::string& other) noexcept
    {
        of.method_ = known;
        if (known == method::other)
            of.other_method_.swap(other);
    }
    static std::string& target(request& of) noexcept { return of.target_; }
    static std::string& host(request& of) noexcept { return of.host_; }
    static headers& fields(request& of) noexcept { return of.fields_; }

    /// Understands the target: false for one whose path is refused.
    static bool read_target(request& of, path_parts& parts);

    static void set_route(request& of, std::string_view pattern, const std::vector<std::string>& names,
                          const path_parts& values);
};

} // namespace simul::http::detail
