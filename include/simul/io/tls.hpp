// SPDX-License-Identifier: MIT
//
// tls: streams that nobody else can read, with a peer that is who it says.
//
//     simul::stream peer = co_await simul::tls::connect("example.org", 443);
//     co_await peer.write("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
//     fmt::print("{}", co_await peer.read_all());
//     co_await peer.close();
//
// On the other side, of a connection that was accepted:
//
//     const simul::tls::server_context site({.certificate = "site.pem", .key = "site.key"});
//     simul::stream peer = co_await simul::tls::accept(std::move(accepted), site);
//
// What comes out is a stream as any other. TLS 1.2 and 1.3. The certificate must lead to an authority that the system
// trusts (SSL_CERT_FILE and SSL_CERT_DIR say otherwise), and be for that host. A connection that ends without the
// peer's goodbye is an error, not an end: somebody may have cut it off.
#pragma once

#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace simul::tls {

/// The peers did not come to terms, or one broke the protocol.
class failure : public error {
public:
    using error::error;
};

/// The peer is not proven to be whom we want: "certificate of example.org: expired on 2024-05-01 12:00:00 UTC". The
/// code is OpenSSL's (X509_V_ERR_*).
class certificate_error : public failure {
public:
    using failure::failure;
};

/// The connection ended without the peer's goodbye: what was read may not be all.
class truncated : public failure {
public:
    using failure::failure;
};

// Certificates and keys are PEM: the text itself, or the path of a file with it.

struct client_options {
    std::string authorities = {};       ///< trusted instead of the system's
    std::vector<std::string> alpn = {}; ///< protocols to offer: {"h2", "http/1.1"}
    std::string certificate = {};       ///< ours, and those up to its authority, for servers that want one
    std::string key = {};
    duration handshake_timeout = std::chrono::seconds(60);
    duration goodbye_timeout = std::chrono::seconds(30); ///< how long `close` waits for the peer's
    /// Talks with anybody who says to be the host: for tests, and where something else proves it.
    bool danger_accept_any_certificate = false;
};

struct server_options {
    std::string certificate = {}; ///< and those up to its authority
    std::string key = {};
    std::vector<std::string> alpn = {};  ///< that we speak, the favourite first; who offers none of them is refused
    std::string client_authorities = {}; ///< when given, clients must have a certificate of one of these
    duration handshake_timeout = std::chrono::seconds(60);
    duration goodbye_timeout = std::chrono::seconds(30);
};

/// Options made ready, and the sessions that later connections go on with. A handle: copies share one; usable from
/// any loop.
class client_context {
public:
    /// Reads what the options name; blocks as long as that takes. *Throws:* `error` saying what is wrong with it.
    explicit client_context(const client_options& options);

    /// This loop's, with all defaults.
    static client_context standard();

    struct state;
    const std::shared_ptr<state>& shared() const noexcept { return state_; }

private:
    explicit client_context(std::shared_ptr<state> made) noexcept : state_(std::move(made)) {}

    std::shared_ptr<state> state_;
};

class server_context {
public:
    /// As above.
    explicit server_context(const server_options& options);

    struct state;
    const std::shared_ptr<state>& shared() const noexcept { return state_; }

private:
    std::shared_ptr<state> state_;
};

/// *Throws:* also what `tcp::connect` does; `certificate_error`, `failure`, `timeout_error`.
task<stream> connect(std::string host, std::uint16_t port);
task<stream> connect(std::string host, std::uint16_t port, client_context with);
task<stream> connect(std::string host, std::uint16_t port, const client_options& with);

/// Goes on in TLS over a stream that both have talked on before; what has arrived already is not lost. `host` is whom
/// the certificate must be for. When it fails, the stream is closed.
task<stream> start_tls(stream plain, std::string host);
task<stream> start_tls(stream plain, std::string host, client_context with);

/// The server's side of both.
task<stream> accept(stream plain, server_context with);

struct connection_info {
    std::string version;          ///< "TLSv1.3"
    std::string cipher;           ///< "TLS_AES_256_GCM_SHA384"
    std::string alpn;             ///< the protocol that was chosen; "" when none was
    std::string server_name;      ///< whom the client asked for; "" when it didn't say
    std::string peer_certificate; ///< PEM; "" when it showed none
    bool resumed = false;         ///< goes on with the keys of an earlier connection
};

/// *Throws:* `invalid_state` for a stream without TLS.
connection_info info(const stream& of);

} // namespace simul::tls
