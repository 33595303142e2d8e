// SPDX-License-Identifier: MIT
#include <simul/testing/print.hpp>

#include <cstdint>

namespace simul::testing {

std::string readable(duration d)
{
    struct unit {
        std::uint64_t ns;
        const char* name;
    };
    const bool negative = d < duration::zero();
    const auto signed_count = static_cast<std::uint64_t>(d.count());
    const std::uint64_t count = negative ? 0 - signed_count : signed_count;
    unit in{1, "ns"};
    for (const unit larger : {unit{1'000, "us"}, unit{1'000'000, "ms"}, unit{1'000'000'000, "s"}})
        if (count >= larger.ns)
            in = larger;
    std::string fraction = std::to_string(in.ns + count % in.ns).substr(1); // with its leading zeros
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return (negative ? "-" : "") + std::to_string(count / in.ns) + (fraction.empty() ? "" : "." + fraction) + " " + in.name;
}

} // namespace simul::testing
