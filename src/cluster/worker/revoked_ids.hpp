// SPDX-License-Identifier: MIT
//
// revoked_ids: the jobs that somebody called back, for those that come later. As Celery, it keeps the last 50,000, for 3 hours.
#pragma once

#include <simul/base/time.hpp>
#include <simul/text/json.hpp>

#include <deque>
#include <string>
#include <unordered_map>

namespace simul::cluster::detail {

class revoked_ids {
public:
    void add(const std::string& id);
    bool contains(const std::string& id);

    json::array list();
    /// As workers tell each other: {id: time}. The time means something only where it was taken.
    json::value table();
    void add_table(const json::value& table);

private:
    struct entry {
        std::string id;
        time_point added;
    };

    void forget_old();

    std::deque<entry> in_order_;
    std::unordered_map<std::string, time_point> ids_;
};

} // namespace simul::cluster::detail
