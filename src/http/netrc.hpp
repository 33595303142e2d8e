// SPDX-License-Identifier: MIT
//
// Names and passwords by host, as curl, wget and requests find them in ~/.netrc:
//
//     machine example.org login magnus password secret
//     default login anonymous password "two words"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace simul::http::detail {

class netrc {
public:
    /// What $NETRC names, else ~/.netrc; nothing, where there is no such file. *Throws:* as `parse`.
    static netrc from_environment();
    /// *Throws:* `error` that tells the line of `name`, and nothing that stands in it.
    static netrc parse(std::string_view text, std::string_view name);

    bool empty() const noexcept { return entries_.empty(); }
    /// As the field Authorization has it; empty when there is nothing for that host.
    std::string authorization_for(std::string_view host) const;

private:
    struct entry {
        std::string machine = {}; ///< empty: all
        std::string login = {}, password = {};
    };

    std::vector<entry> entries_;
};

} // namespace simul::http::detail
