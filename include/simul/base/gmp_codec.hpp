// SPDX-License-Identifier: MIT
//
// mpz_class and mpq_class as arguments and results of jobs in other processes. simul doesn't know GMP, so include it
// first:
//
//     #include <gmpxx.h>
//     #include <simul/base/gmp_codec.hpp>
#pragma once

#include <simul/base/codec.hpp>

#ifdef __GMP_PLUSPLUS__

/// Its sign and its limbs, as they are in memory.
template <> struct simul::codec<mpz_class> {
    static constexpr bool keeps = true;

    static void encode(encoder& out, const mpz_class& value)
    {
        const std::size_t limbs = mpz_size(value.get_mpz_t());
        out.put(mpz_sgn(value.get_mpz_t()) < 0);
        out.put_size(limbs);
        out.align(sizeof(mp_limb_t));
        out.write_part(mpz_limbs_read(value.get_mpz_t()), limbs * sizeof(mp_limb_t));
    }
    static mpz_class decode(decoder& in)
    {
        const bool negative = in.get<bool>();
        const std::size_t limbs = in.get_count();
        in.align(sizeof(mp_limb_t));
        if (limbs > in.left() / sizeof(mp_limb_t))
            decoder::fail("a number is longer than its bytes");
        mpz_class value;
        if (limbs > 0) {
            in.read_into(mpz_limbs_write(value.get_mpz_t(), static_cast<mp_size_t>(limbs)), limbs * sizeof(mp_limb_t));
            mpz_limbs_finish(value.get_mpz_t(),
                             negative ? -static_cast<mp_size_t>(limbs) : static_cast<mp_size_t>(limbs));
        }
        return value;
    }
};

template <> struct simul::codec<mpq_class> {
    static constexpr bool keeps = true;

    static void encode(encoder& out, const mpq_class& value)
    {
        out.put<mpz_class>(value.get_num());
        out.put<mpz_class>(value.get_den());
    }
    static mpq_class decode(decoder& in)
    {
        mpz_class numerator = in.get<mpz_class>();
        mpz_class denominator = in.get<mpz_class>();
        if (denominator == 0)
            decoder::fail("a fraction has the denominator 0");
        mpq_class value(numerator, denominator);
        value.canonicalize();
        return value;
    }
};

#endif
