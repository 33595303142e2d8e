// SPDX-License-Identifier: MIT
//
// Jobs for tests of what is described and not begun, under the names that Celery's captures have.
#pragma once

#include "cluster/signature.hpp"

#include <simul/cluster/workflow.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster_tests {

namespace cluster = simul::cluster;
namespace json = simul::json;
using namespace cluster::detail;

inline int sum_of_two(int x, int y)
{
    return x + y;
}
inline int sum_of_all(const std::vector<int>& numbers)
{
    return std::accumulate(numbers.begin(), numbers.end(), 0);
}
inline void complain(const std::string&)
{
}
inline std::string scale(std::string_view image, double factor, std::optional<int> quality)
{
    return std::string(image) + std::to_string(factor) + std::to_string(quality.value_or(0));
}

/// Only while a test runs, as others have jobs of these names.
struct described_jobs : testing::Test {
    const cluster::job<&sum_of_two> add_job{"tasks.add", {"x", "y"}};
    const cluster::job<&sum_of_all> total_job{"tasks.xsum", {"numbers"}};
    const cluster::job<&complain> complain_job{"tasks.boom", {"id"}};
    const cluster::job<&scale> scale_job{"images.scale", {"image", "factor", "quality"}};
};

template <class Signature> json::value signature_of(Signature made)
{
    return std::move(made).take().signature;
}
template <class Signature> expansion begun(Signature made)
{
    return expand(signature_of(std::move(made)), {});
}

} // namespace cluster_tests
