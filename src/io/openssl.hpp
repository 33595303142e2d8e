// SPDX-License-Identifier: MIT
//
// OpenSSL's objects with owners. The only place that includes it.
#pragma once

#include <simul/base/error.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string>
#include <string_view>

namespace simul::detail::openssl {

template <auto Free> struct freed_by {
    void operator()(auto* owned) const noexcept { Free(owned); }
};

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;
using context_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using connection_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
using session_ptr = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;

/// Of the call that has just failed, in words. Takes all errors of this thread.
inline std::string last_error()
{
    const unsigned long code = ERR_peek_last_error();
    const char* const reason = code ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    return reason ? reason : "unknown error";
}

/// What a memory BIO holds.
inline std::string text_of(BIO* memory)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

/// By "MD5", "SHA1", "SHA256": in hexadecimal digits. *Throws:* `error` where that is not to be had.
inline std::string hex_digest(const char* by, std::string_view of)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::size_t size = digest.size();
    if (EVP_Q_digest(nullptr, by, nullptr, of.data(), of.size(), digest.data(), &size) != 1)
        throw error(std::errc::not_supported, std::string(by) + " is not to be had: " + last_error());
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[digest[i] >> 4];
        text += digits[digest[i] & 15];
    }
    return text;
}

} // namespace simul::detail::openssl
