// SPDX-License-Identifier: MIT
//
// Digest authentication (RFC 7616), the client's side: a server gives a challenge with its 401, and each request then shows that
// its sender knows the password, without saying it.
//
//     auto challenge = digest_challenge::of(answer.headers());
//     fields.add("Authorization", challenge->answer({.method = "GET", .target = "/", .name = "magnus", .password = "secret"}, nonce));
//
// Of the qualities of protection it has "auth", and none as before 1999.
#pragma once

#include <simul/http/headers.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace simul::http::detail {

class digest_challenge {
public:
    /// Who asks for what.
    struct asked {
        std::string_view method, target;
        std::string_view name, password;
    };

    /// The first of an answer that we can meet; none when there is no such.
    static std::optional<digest_challenge> of(const headers& answer);

    /// The field Authorization of the next request. `client_nonce`: nobody knows it before.
    std::string answer(const asked& by, std::string_view client_nonce);
    /// The answer to the one before was right, but for its age.
    bool is_stale() const noexcept { return stale_; }

private:
    void note(std::string_view name, std::string_view value);
    bool is_understood() const noexcept { return hash_ && has_nonce_ && quality_ != quality::unknown; }

    enum class quality : unsigned char { none, auth, unknown };

    std::string realm_, nonce_;
    std::optional<std::string> opaque_;
    std::string algorithm_;    ///< as it came; empty: not said
    const char* hash_ = "MD5"; ///< as OpenSSL calls it; null: unknown
    bool of_session_ = false;
    bool has_nonce_ = false;
    bool stale_ = false;
    quality quality_ = quality::none;
    unsigned answers_ = 0;
};

} // namespace simul::http::detail
