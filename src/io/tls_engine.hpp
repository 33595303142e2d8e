// SPDX-License-Identifier: MIT
//
// One TLS connection without a network: what arrived is put in, what is to be sent comes out.
//
//     engine.input().append(arrived);
//     bool done = engine.shake_hands();         // false: needs more input
//     send(engine.output());                    // after every call
#pragma once

#include "byte_queue.hpp"
#include "tls_context.hpp"

#include <simul/io/tls.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace simul::detail {

class tls_engine {
public:
    /// A client's. `host` is whom the certificate must be for, `sessions_with` under what name sessions are kept.
    tls_engine(std::shared_ptr<tls::client_context::state> context, const std::string& host, std::string sessions_with);
    /// A server's. `peer` is for errors.
    tls_engine(std::shared_ptr<tls::server_context::state> context, std::string peer);
    ~tls_engine();
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;

    byte_queue& input() noexcept { return input_; }
    void end_input() noexcept { input_ended_ = true; }
    byte_queue& output() noexcept { return output_; }

    // All of these *throw* `tls::failure` and what derives from it; from then on always the same.

    /// False: needs more input.
    bool shake_hands();
    /// None: needs more input. 0: the peer has said goodbye.
    std::optional<std::size_t> read(std::span<char> room);
    void write(bytes_view data);
    /// Twice is nothing.
    void say_goodbye() noexcept;
    bool said_goodbye() const noexcept { return said_goodbye_; }
    bool is_broken() const noexcept { return broken_ != nullptr; }

    duration handshake_timeout() const noexcept;
    duration goodbye_timeout() const noexcept;
    const std::string& peer() const noexcept { return peer_; }
    tls::connection_info info() const;

    // For the context's callbacks.
    static int check_certificate(int accepted, X509_STORE_CTX* store) noexcept;
    static int keep_session(SSL* connection, SSL_SESSION* session) noexcept;

private:
    void set_up(SSL_CTX* native);
    [[noreturn]] void fail(const char* operation, int result);
    [[noreturn]] void break_with(std::exception_ptr failure);
    void note_problem(X509_STORE_CTX* store);

    static BIO_METHOD* queues();
    static int give_input(BIO* from, char* into, int size) noexcept;
    static int take_output(BIO* to, const char* data, int size) noexcept;
    static long control(BIO* of, int what, long, void*) noexcept;

    std::shared_ptr<tls::client_context::state> client_; ///< null in a server's
    std::shared_ptr<tls::server_context::state> server_;
    std::string peer_;
    std::string sessions_with_;
    byte_queue input_;
    byte_queue output_;
    bool input_ended_ = false;
    bool shaken_ = false; ///< hands
    bool said_goodbye_ = false;
    int certificate_problem_ = 0;   ///< X509_V_ERR_*
    std::string certificate_words_; ///< what is wrong with it
    std::exception_ptr broken_;
    openssl::connection_ptr connection_;
};

} // namespace simul::detail
