// SPDX-License-Identifier: MIT
#include "tls_engine.hpp"

#include <simul/base/assert.hpp>
#include <simul/io/address.hpp>

#include <algorithm>
#include <ctime>
#include <fmt/core.h>
#include <limits>
#include <new>

namespace simul::detail {

using namespace openssl;

namespace {

class certificate_category final : public std::error_category {
public:
    const char* name() const noexcept override { return "certificate"; }
    std::string message(int code) const override { return X509_verify_cert_error_string(code); }
};

std::error_code certificate_code(int code) noexcept
{
    static const certificate_category only;
    return {code, only};
}

// ---- certificates in words

/// What anybody may have written into a certificate, for a terminal or a log.
std::string printable(std::string text)
{
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f || c == '"'; }, '?');
    return text;
}

std::string text_of(const ASN1_TIME* time)
{
    std::tm parts = {};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return "an unreadable date";
    return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/// "Example Authority": the common name, or all there is.
std::string text_of(const X509_NAME* name)
{
    char common[256];
    if (X509_NAME_get_text_by_NID(name, NID_commonName, common, sizeof common) > 0)
        return "\"" + printable(common) + "\"";
    const bio_ptr memory(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);
    return "\"" + printable(openssl::text_of(memory.get())) + "\"";
}

std::string text_of(const GENERAL_NAME& name)
{
    if (name.type == GEN_DNS)
        return printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name.d.dNSName)),
                          static_cast<std::size_t>(ASN1_STRING_length(name.d.dNSName))});
    if (name.type != GEN_IPADD)
        return {};
    char* const text = i2s_ASN1_OCTET_STRING(nullptr, name.d.iPAddress); // "7F:00:00:01"
    std::string digits = text ? text : "";
    OPENSSL_free(text);
    const bool four = digits.size() == 11;
    std::string shown;
    for (std::size_t at = 0; at + 1 < digits.size(); at += 3) {
        const int byte = std::stoi(digits.substr(at, 2), nullptr, 16);
        if (four)
            shown += (at ? "." : "") + std::to_string(byte);
        else
            shown += (at && at % 6 == 0 ? ":" : "") + fmt::format("{:02x}", byte);
    }
    return address::try_ip(shown, 0) ? address::ip(shown, 0).host() : shown;
}

/// Whom it is for: "example.org, www.example.org".
std::string subjects(const X509* certificate)
{
    const names_ptr names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    constexpr int most = 5;
    std::string list;
    int shown = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const std::string name = text_of(*sk_GENERAL_NAME_value(names.get(), i));
        if (name.empty())
            continue;
        if (++shown > most)
            return list + ", ...";
        list += (list.empty() ? "" : ", ") + name;
    }
    return list.empty() ? "no host" : list;
}

std::string problem_in_words(int problem, int depth, X509* certificate, const std::string& host)
{
    const std::string who = depth == 0 ? "it" : "its issuer " + text_of(X509_get_subject_name(certificate));
    switch (problem) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "is for " + subjects(certificate) + "; expected " + host;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return (depth == 0 ? "" : who + " ") + "expired on " + text_of(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return (depth == 0 ? "" : who + " ") + "is not valid before " + text_of(X509_get0_notBefore(certificate));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "is signed by itself, and not trusted here";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return who + " is not trusted here";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "is issued by " + text_of(X509_get_issuer_name(certificate)) + ", which is not trusted here";
    default:
        return X509_verify_cert_error_string(problem);
    }
}

/// Of what the peer complained about. OpenSSL has two lists of it, and neither is whole.
std::string alert_in_words(unsigned long code)
{
    const int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
    if (const std::string known = SSL_alert_desc_string_long(alert); known != "unknown")
        return known;
    const char* const reason = ERR_reason_error_string(code); // "tlsv13 alert certificate required"
    const std::string text = reason ? reason : "alert " + std::to_string(alert);
    constexpr std::string_view lead = " alert ";
    const std::size_t place = text.find(lead);
    return place == text.npos ? text : text.substr(place + lead.size());
}

/// Of a failure that is no certificate's.
std::string reason_in_words(unsigned long code)
{
    const int reason = ERR_GET_REASON(code);
    const char* const text = code ? ERR_reason_error_string(code) : nullptr;
    std::string plain = text ? text : "unknown error";
    if (reason > SSL_AD_REASON_OFFSET)
        return "the peer refused: " + alert_in_words(code);
    switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return "the peer speaks HTTP, not TLS";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_RECORD_LENGTH_MISMATCH:
        return "the peer does not speak TLS (" + plain + ")";
    default:
        return plain;
    }
}

} // namespace

// ---- the queues as OpenSSL sees them

BIO_METHOD* tls_engine::queues()
{
    static BIO_METHOD* const made = [] {
        BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "simul");
        BIO_meth_set_read(method, give_input);
        BIO_meth_set_write(method, take_output);
        BIO_meth_set_ctrl(method, control);
        return method;
    }();
    return made;
}

int tls_engine::give_input(BIO* from, char* into, int size) noexcept
{
    auto& self = *static_cast<tls_engine*>(BIO_get_data(from));
    BIO_clear_retry_flags(from);
    if (self.input_.empty()) {
        if (self.input_ended_)
            return 0;
        BIO_set_retry_read(from);
        return -1;
    }
    return static_cast<int>(self.input_.take(std::span(into, static_cast<std::size_t>(size))));
}

int tls_engine::take_output(BIO* to, const char* data, int size) noexcept
{
    try {
        static_cast<tls_engine*>(BIO_get_data(to))->output_.append({data, static_cast<std::size_t>(size)});
        return size;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

long tls_engine::control(BIO* of, int what, long, void*) noexcept
{
    const auto& self = *static_cast<const tls_engine*>(BIO_get_data(of));
    switch (what) {
    case BIO_CTRL_EOF:
        return self.input_ended_ && self.input_.empty();
    case BIO_CTRL_FLUSH:
        return 1;
    default:
        return 0;
    }
}

// ---- making one

tls_engine::tls_engine(std::shared_ptr<tls::client_context::state> context, const std::string& host,
                       std::string sessions_with)
    : client_(std::move(context)), peer_(host), sessions_with_(std::move(sessions_with))
{
    set_up(client_->native.get());
    SSL* const ssl = connection_.get();
    SSL_set_connect_state(ssl);
    const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    const auto literal = address::try_ip(name, 0);
    if (!literal && !name.empty())
        SSL_set_tlsext_host_name(ssl, name.c_str());
    if (client_->checks_host) {
        if (name.empty() || name.find('\0') != name.npos)
            throw error(std::errc::invalid_argument, "tls: without a host there is nobody to check");
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        const int taken = literal ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), literal->host().c_str())
                                  : SSL_set1_host(ssl, name.c_str());
        if (taken != 1)
            throw error(std::errc::invalid_argument, "tls: " + name + " is no host: " + last_error());
    }
    if (const session_ptr known = client_->sessions.take(sessions_with_))
        SSL_set_session(ssl, known.get());
}

tls_engine::tls_engine(std::shared_ptr<tls::server_context::state> context, std::string peer)
    : server_(std::move(context)), peer_(std::move(peer))
{
    set_up(server_->native.get());
    SSL_set_accept_state(connection_.get());
}

void tls_engine::set_up(SSL_CTX* native)
{
    connection_.reset(SSL_new(native));
    BIO* const bio = BIO_new(queues());
    if (!connection_ || !bio)
        throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(connection_.get(), bio, bio);
    SSL_set_app_data(connection_.get(), this);
}

tls_engine::~tls_engine()
{
    if (!broken_) // a connection that was dropped doesn't spoil its session
        SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

// ---- what it does

bool tls_engine::shake_hands()
{
    if (broken_)
        std::rethrow_exception(broken_);
    ERR_clear_error();
    const int result = SSL_do_handshake(connection_.get());
    if (result == 1)
        return shaken_ = true;
    if (SSL_get_error(connection_.get(), result) == SSL_ERROR_WANT_READ)
        return false;
    fail("TLS handshake with", result);
}

std::optional<std::size_t> tls_engine::read(std::span<char> room)
{
    if (broken_)
        std::rethrow_exception(broken_);
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(connection_.get(), room.data(), room.size(), &size);
    if (result == 1)
        return size;
    switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return std::nullopt;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        fail("read from", result);
    }
}

void tls_engine::write(bytes_view data)
{
    if (broken_)
        std::rethrow_exception(broken_);
    if (said_goodbye_)
        throw closed_error("write to " + peer_ + ": its writing end was shut down");
    ERR_clear_error();
    std::size_t written = 0;
    if (!data.empty())
        if (const int result = SSL_write_ex(connection_.get(), data.data(), data.size(), &written); result != 1)
            fail("write to", result);
    SIMUL_ASSERT(written == data.size()); // the output takes everything
}

void tls_engine::say_goodbye() noexcept
{
    if (broken_ || said_goodbye_ || !shaken_)
        return;
    said_goodbye_ = true;
    ERR_clear_error();
    SSL_shutdown(connection_.get()); // the peer's is read like everything else
    ERR_clear_error();
}

void tls_engine::fail(const char* operation, int result)
{
    const std::string what = std::string(operation) + " " + peer_ + ": ";
    const bool protocol = SSL_get_error(connection_.get(), result) == SSL_ERROR_SSL;
    const unsigned long code = ERR_peek_error();
    ERR_clear_error();
    if (certificate_problem_ != X509_V_OK)
        break_with(std::make_exception_ptr(tls::certificate_error(
            certificate_code(certificate_problem_), "certificate of " + peer_ + ": " + certificate_words_)));
    const bool cut = !protocol || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (cut)
        output_ = byte_queue(); // nobody is there to hear a complaint
    if (cut && !shaken_)
        break_with(std::make_exception_ptr(tls::truncated(std::make_error_code(std::errc::connection_aborted),
                                                          what + "the peer closed the connection")));
    if (cut)
        break_with(std::make_exception_ptr(
            tls::truncated(std::make_error_code(std::errc::connection_aborted),
                           what + "the connection ended without a goodbye; what was read may not be all")));
    break_with(std::make_exception_ptr(
        tls::failure(std::make_error_code(std::errc::protocol_error), what + reason_in_words(code))));
}

void tls_engine::break_with(std::exception_ptr failure)
{
    broken_ = std::move(failure);
    std::rethrow_exception(broken_);
}

duration tls_engine::handshake_timeout() const noexcept
{
    return client_ ? client_->handshake_timeout : server_->handshake_timeout;
}

duration tls_engine::goodbye_timeout() const noexcept
{
    return client_ ? client_->goodbye_timeout : server_->goodbye_timeout;
}

tls::connection_info tls_engine::info() const
{
    SSL* const ssl = connection_.get();
    tls::connection_info found;
    found.version = SSL_get_version(ssl);
    found.cipher = SSL_get_cipher_name(ssl);
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    if (protocol)
        found.alpn.assign(reinterpret_cast<const char*>(protocol), size);
    if (const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
        found.server_name = name;
    if (X509* const certificate = SSL_get0_peer_certificate(ssl)) {
        const bio_ptr memory(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(memory.get(), certificate);
        found.peer_certificate = openssl::text_of(memory.get());
    }
    found.resumed = SSL_session_reused(ssl) == 1;
    return found;
}

// ---- callbacks

int tls_engine::check_certificate(int accepted, X509_STORE_CTX* store) noexcept
{
    if (!accepted) {
        auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        static_cast<tls_engine*>(SSL_get_app_data(ssl))->note_problem(store);
    }
    return accepted;
}

void tls_engine::note_problem(X509_STORE_CTX* store)
{
    certificate_problem_ = X509_STORE_CTX_get_error(store);
    certificate_words_ = problem_in_words(certificate_problem_, X509_STORE_CTX_get_error_depth(store),
                                          X509_STORE_CTX_get_current_cert(store), peer_);
}

int tls_engine::keep_session(SSL* connection, SSL_SESSION* session) noexcept
{
    auto& self = *static_cast<tls_engine*>(SSL_get_app_data(connection));
    self.client_->sessions.put(self.sessions_with_, session_ptr(session));
    return 1; // ours now
}

} // namespace simul::detail
