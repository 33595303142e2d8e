// SPDX-License-Identifier: MIT
#include <simul/cluster/order.hpp>

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace {

using namespace simul::cluster::detail;
namespace json = simul::json;

std::vector<json::value> some()
{
    return {json::array{1, 2}, json::array{3}};
}

TEST(OrderResults, OfAJobAreOne)
{
    std::vector<json::value> from = some();
    EXPECT_EQ(one_result<std::vector<int>>::read(from), (std::vector<int>{1, 2}));
    static_assert(std::is_void_v<one_result<void>::type>);
}

TEST(OrderResults, OfChunksAreOneList)
{
    std::vector<json::value> from = some(), none;
    EXPECT_EQ(chunks_of_results<int>::read(from), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(chunks_of_results<int>::read(none), std::vector<int>());
}

TEST(OrderResults, OfDifferentJobsAreATupleWithoutTheVoidOnes)
{
    std::vector<json::value> from{3, nullptr, "big"};
    EXPECT_EQ((tuple_of_results<int, void, std::string>::read(from)), std::tuple(3, std::string("big")));
}

TEST(OrderResults, ThatDoNotFitAreRefused)
{
    std::vector<json::value> from{1, "two"};
    EXPECT_THROW(list_of_results<int>::read(from), json::error);
}

TEST(ProgressHandler, IsAnyFunctionButANullOne)
{
    int told = 0;
    const simul::cluster::progress_handler handler(
        [&told](const simul::cluster::progress& p) { told = p.value.as<int>(); });
    handler({.id = "a", .state = "PROGRESS", .value = 7});
    EXPECT_EQ(told, 7);
    EXPECT_FALSE(simul::cluster::progress_handler());
    void (*null)(const simul::cluster::progress&) = nullptr;
    EXPECT_THROW(simul::cluster::progress_handler{null}, simul::error);
}

} // namespace
