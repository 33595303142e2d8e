// SPDX-License-Identifier: MIT
#include "tls_context.hpp"

#include "run/loop_parts.hpp"
#include "tls_engine.hpp"

#include <algorithm>
#include <cerrno>

namespace simul {
namespace detail {

using namespace openssl;

void tls_sessions::put(const std::string& with, session_ptr session)
{
    const std::lock_guard held(mutex_);
    if (sessions_.insert_or_assign(with, std::move(session)).second)
        by_age_.push_back(with);
    if (by_age_.size() > most) {
        sessions_.erase(by_age_.front());
        by_age_.pop_front();
    }
}

session_ptr tls_sessions::take(const std::string& with)
{
    const std::lock_guard held(mutex_);
    const auto found = sessions_.find(with);
    if (found == sessions_.end() || !found->second || !SSL_SESSION_is_resumable(found->second.get()))
        return nullptr;
    if (SSL_SESSION_get_protocol_version(found->second.get()) == TLS1_3_VERSION)
        return std::move(found->second);
    SSL_SESSION_up_ref(found->second.get());
    return session_ptr(found->second.get());
}

namespace {

[[noreturn]] void refuse(const std::string& what)
{
    throw error(std::errc::invalid_argument, what);
}

/// `given`: PEM, or where it is.
bio_ptr open_pem(const std::string& given, const char* what)
{
    if (given.find("-----BEGIN ") != given.npos)
        return bio_ptr(BIO_new_mem_buf(given.data(), static_cast<int>(given.size())));
    bio_ptr file(BIO_new_file(given.c_str(), "r"));
    if (!file) {
        const int reason = errno;
        ERR_clear_error();
        throw error::from_errno(reason, std::string("read the ") + what + " " + given);
    }
    return file;
}

/// For errors: a path, but no text of a key.
std::string shown(const std::string& given, const char* what)
{
    return std::string(what) + (given.find("-----BEGIN ") != given.npos ? "" : " " + given);
}

std::vector<certificate_ptr> read_certificates(const std::string& given, const char* what)
{
    const bio_ptr source = open_pem(given, what);
    std::vector<certificate_ptr> found;
    while (certificate_ptr next{PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr)})
        found.push_back(std::move(next));
    const bool at_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string problem = last_error();
    if (!at_the_end)
        refuse("the " + shown(given, what) + ": " + problem);
    if (found.empty())
        refuse("the " + shown(given, what) + ": there is no certificate in it");
    return found;
}

key_ptr read_key(const std::string& given)
{
    const bio_ptr source = open_pem(given, "key");
    const auto no_password = [](char*, int, int, void*) { return -1; };
    key_ptr key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_password, nullptr));
    if (!key) {
        const bool locked = ERR_GET_REASON(ERR_peek_error()) == PEM_R_BAD_PASSWORD_READ ||
                            ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ;
        const std::string problem = last_error();
        refuse("the " + shown(given, "key") + ": " +
               (locked ? "it is encrypted; a key is used as it is" : "there is no usable key in it (" + problem + ")"));
    }
    return key;
}

void use_identity(SSL_CTX* context, const std::string& certificate, const std::string& key)
{
    std::vector<certificate_ptr> chain = read_certificates(certificate, "certificate");
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
        refuse("the " + shown(certificate, "certificate") + ": " + last_error());
    for (auto issuer = chain.begin() + 1; issuer != chain.end(); ++issuer)
        SSL_CTX_add1_chain_cert(context, issuer->get());
    const key_ptr own = read_key(key);
    if (SSL_CTX_use_PrivateKey(context, own.get()) != 1) {
        ERR_clear_error();
        refuse("the " + shown(key, "key") + " does not belong to the " + shown(certificate, "certificate"));
    }
}

void trust(SSL_CTX* context, const std::vector<certificate_ptr>& authorities)
{
    for (const certificate_ptr& each : authorities)
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get());
}

/// Each with its length before it.
std::string in_wire_form(const std::vector<std::string>& protocols)
{
    std::string wire;
    for (const std::string& each : protocols) {
        if (each.empty() || each.size() > 255)
            refuse("alpn: a protocol's name has 1 to 255 bytes, not " + std::to_string(each.size()));
        wire += static_cast<char>(each.size());
        wire += each;
    }
    return wire;
}

context_ptr make_native(const SSL_METHOD* method)
{
    context_ptr made(SSL_CTX_new(method));
    if (!made)
        throw error(std::errc::not_enough_memory, "tls: " + last_error());
    SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
    // Of TLS 1.2, what keeps its secrets when the server's key is stolen later, and has no padding to guess at.
    SSL_CTX_set_cipher_list(made.get(), "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20");
    SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS); // an idle connection needs no 32 KiB
    SSL_CTX_set_read_ahead(made.get(), 1);
    return made;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* context)
{
    const bytes_view wire(reinterpret_cast<const char*>(offered), offered_size);
    for (const std::string& ours : static_cast<const tls::server_context::state*>(context)->alpn)
        for (std::size_t at = 0; at < wire.size(); at += 1 + static_cast<unsigned char>(wire[at]))
            if (wire.substr(at + 1, static_cast<unsigned char>(wire[at])) == ours) {
                *chosen = offered + at + 1;
                *size = static_cast<unsigned char>(ours.size());
                return SSL_TLSEXT_ERR_OK;
            }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

} // namespace
} // namespace detail

namespace tls {

using namespace detail;

client_context::client_context(const client_options& options)
    : state_(std::make_shared<state>(make_native(TLS_client_method()), options.handshake_timeout,
                                     options.goodbye_timeout, !options.danger_accept_any_certificate))
{
    SSL_CTX* const native = state_->native.get();
    if (options.danger_accept_any_certificate)
        SSL_CTX_set_verify(native, SSL_VERIFY_NONE, nullptr);
    else
        SSL_CTX_set_verify(native, SSL_VERIFY_PEER, tls_engine::check_certificate);
    if (!options.authorities.empty())
        trust(native, read_certificates(options.authorities, "authorities"));
    else if (!options.danger_accept_any_certificate)
        SSL_CTX_set_default_verify_paths(native);
    if (!options.certificate.empty() || !options.key.empty())
        use_identity(native, options.certificate, options.key);
    if (!options.alpn.empty()) {
        const std::string wire = in_wire_form(options.alpn);
        SSL_CTX_set_alpn_protos(native, reinterpret_cast<const unsigned char*>(wire.data()),
                                static_cast<unsigned>(wire.size()));
    }
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(native, tls_engine::keep_session);
}

client_context client_context::standard()
{
    static const char key = 0;
    std::shared_ptr<void>& place = loop::current().internals().belongings[&key];
    if (!place)
        place = client_context(client_options{}).state_;
    return client_context(std::static_pointer_cast<state>(place));
}

server_context::server_context(const server_options& options)
    : state_(std::make_shared<state>(make_native(TLS_server_method()), options.handshake_timeout,
                                     options.goodbye_timeout, options.alpn))
{
    SSL_CTX* const native = state_->native.get();
    use_identity(native, options.certificate, options.key);
    if (!options.client_authorities.empty()) {
        const std::vector<certificate_ptr> authorities =
            read_certificates(options.client_authorities, "client authorities");
        trust(native, authorities);
        for (const certificate_ptr& each : authorities)
            SSL_CTX_add_client_CA(native, each.get());
        SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, tls_engine::check_certificate);
    }
    if (!options.alpn.empty()) {
        in_wire_form(options.alpn); // complains
        SSL_CTX_set_alpn_select_cb(native, choose_protocol, state_.get());
    }
    // Sessions are with the clients, in tickets.
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    constexpr unsigned char ours[] = "simul";
    SSL_CTX_set_session_id_context(native, ours, sizeof ours);
}

} // namespace tls
} // namespace simul
