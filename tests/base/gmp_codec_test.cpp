// SPDX-License-Identifier: MIT
#if __has_include(<gmpxx.h>)
#include <gmpxx.h>

#include <simul/base/gmp_codec.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace {

TEST(GmpCodec, CarriesNumbersOfAllSizesAndSigns)
{
    mpz_class power;
    mpz_ui_pow_ui(power.get_mpz_t(), 7, 100'000);
    for (const mpz_class& each :
         {mpz_class(0), mpz_class(1), mpz_class(-1), mpz_class("18446744073709551616"), power, mpz_class(-power)})
        EXPECT_EQ(simul::from_bytes<mpz_class>(simul::to_bytes(each)), each);
    const std::vector<mpq_class> fractions{mpq_class(1, 3), mpq_class(-22, 7), mpq_class(power, 5)};
    EXPECT_EQ(simul::from_bytes<std::vector<mpq_class>>(simul::to_bytes(fractions)), fractions);
}

TEST(GmpCodec, RefusesBytesThatAreCutOff)
{
    const auto bytes = simul::to_bytes(mpz_class("123456789012345678901234567890"));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW(simul::from_bytes<mpz_class>(std::span(bytes).first(size)), simul::error);
}

} // namespace
#endif
