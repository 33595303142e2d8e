// SPDX-License-Identifier: MIT
//
// Another library whose values own what they hold. (RapidJSON 1.1, as Debian has it, doesn't compile with clang 19.)
#include "../../program.hpp"
#include "../sample.hpp"

#include <nlohmann/json.hpp>

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const std::string json = bench::sample_json();
    program.figure("json_value", 50, [&](long n) {
        return bench::timed([&] {
                   for (long i = 0; i < n; ++i)
                       bench::keep(nlohmann::json::parse(json));
               }) /
               1000;
    });
    const auto value = nlohmann::json::parse(json);
    program.figure("json_dump", 50, [&](long n) {
        return bench::timed([&] {
                   for (long i = 0; i < n; ++i)
                       bench::keep(value.dump());
               }) /
               1000;
    });
}
