// SPDX-License-Identifier: MIT
#include "digest.hpp"

#include "field_parameters.hpp"
#include "field_syntax.hpp"
#include "io/openssl.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace simul::http::detail {

namespace {

struct algorithm {
    std::string_view name;
    const char* hash;
};
constexpr std::array<algorithm, 3> algorithms = {
    {{"MD5", "MD5"}, {"SHA-256", "SHA256"}, {"SHA-512-256", "SHA512-256"}}};
constexpr std::string_view session_suffix = "-sess";

void skip_blanks(std::string_view& rest) noexcept
{
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

/// Calls `scheme(name)` and `parameter(name, value)` in the order of `Basic realm="a", Digest realm="b", nonce="c"`.
template <class Scheme, class Parameter> void read_challenges(std::string_view text, Scheme scheme, Parameter parameter)
{
    for (;;) {
        text.remove_prefix(std::min(text.find_first_not_of(" \t,"), text.size()));
        if (text.empty())
            return;
        const std::string_view word = take_until(text, " \t,=");
        skip_blanks(text);
        if (!text.starts_with('=')) {
            scheme(word);
            continue;
        }
        text.remove_prefix(1);
        skip_blanks(text);
        if (text.starts_with('"'))
            parameter(word, take_quoted(text, backslash::escapes));
        else
            parameter(word, std::string(trimmed(take_until(text, ","))));
    }
}

void append(std::string& field, std::string_view name, std::string_view value)
{
    field.append(field.ends_with(' ') ? "" : ", ").append(name).append("=");
    field += value;
}

void append_quoted(std::string& field, std::string_view name, std::string_view value)
{
    std::string quoted = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    append(field, name, quoted += '"');
}

} // namespace

std::optional<digest_challenge> digest_challenge::of(const headers& answer)
{
    std::optional<digest_challenge> found, now;
    const auto finish = [&] {
        if (now && now->is_understood() && !found)
            found = std::move(now);
        now.reset();
    };
    for (const std::string_view field : answer.get_all("WWW-Authenticate")) {
        read_challenges(
            field,
            [&](std::string_view scheme) {
                finish();
                if (same_ignoring_case(scheme, "Digest"))
                    now.emplace();
            },
            [&](std::string_view name, const std::string& value) {
                if (now)
                    now->note(name, value);
            });
        finish();
    }
    return found;
}

void digest_challenge::note(std::string_view name, std::string_view value)
{
    if (same_ignoring_case(name, "realm")) {
        realm_ = value;
    } else if (same_ignoring_case(name, "nonce")) {
        nonce_ = value;
        has_nonce_ = true;
    } else if (same_ignoring_case(name, "opaque")) {
        opaque_ = value;
    } else if (same_ignoring_case(name, "stale")) {
        stale_ = same_ignoring_case(value, "true");
    } else if (same_ignoring_case(name, "algorithm")) {
        algorithm_ = value;
        std::string_view plain = value;
        of_session_ = plain.size() > session_suffix.size() &&
                      same_ignoring_case(plain.substr(plain.size() - session_suffix.size()), session_suffix);
        if (of_session_)
            plain.remove_suffix(session_suffix.size());
        const auto known = std::ranges::find_if(
            algorithms, [&](const algorithm& each) { return same_ignoring_case(each.name, plain); });
        hash_ = known == algorithms.end() ? nullptr : known->hash;
    } else if (same_ignoring_case(name, "qop")) {
        quality_ = quality::unknown;
        for_each_member(value, [&](std::string_view one) {
            if (same_ignoring_case(one, "auth"))
                quality_ = quality::auth;
        });
    }
}

std::string digest_challenge::answer(const asked& by, std::string_view client_nonce)
{
    const auto hash = [&](const std::string& text) { return simul::detail::openssl::hex_digest(hash_, text); };
    const std::string count = fmt::format("{:08x}", ++answers_);
    std::string secret = hash(fmt::format("{}:{}:{}", by.name, realm_, by.password));
    if (of_session_)
        secret = hash(fmt::format("{}:{}:{}", secret, nonce_, client_nonce));
    const std::string request = hash(fmt::format("{}:{}", by.method, by.target));
    const bool protects = quality_ == quality::auth;
    const std::string response =
        hash(protects ? fmt::format("{}:{}:{}:{}:auth:{}", secret, nonce_, count, client_nonce, request)
                      : fmt::format("{}:{}:{}", secret, nonce_, request));

    std::string field = "Digest ";
    append_quoted(field, "username", by.name);
    append_quoted(field, "realm", realm_);
    append_quoted(field, "nonce", nonce_);
    append_quoted(field, "uri", by.target);
    append_quoted(field, "response", response);
    if (!algorithm_.empty())
        append(field, "algorithm", algorithm_);
    if (opaque_)
        append_quoted(field, "opaque", *opaque_);
    if (protects) {
        append(field, "qop", "auth");
        append(field, "nc", count);
    }
    if (protects || of_session_)
        append_quoted(field, "cnonce", client_nonce);
    return field;
}

} // namespace simul::http::detail
