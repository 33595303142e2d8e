// SPDX-License-Identifier: MIT
#include "io/tls_engine.hpp"
#include "tls_fixture.hpp"

#include <simul/task/spawn.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

namespace simul::detail {
namespace {

using simul::testing::server_with;
using simul::testing::trusting_client;

/// A client and a server, and a wire that can be cut and bent.
struct conversation {
    conversation() : client(client_side().shared(), "localhost", {}), server(server_side().shared(), "the client") {}

    static const tls::client_context& client_side()
    {
        static const tls::client_context made(trusting_client());
        return made;
    }
    static const tls::server_context& server_side()
    {
        static const tls::server_context made(server_with());
        return made;
    }

    /// At most so many bytes each way. False: nothing was under way.
    bool carry(std::size_t most = std::string::npos)
    {
        const bool any = !client.output().empty() || !server.output().empty();
        const auto move = [most](tls_engine& from, tls_engine& to) {
            to.input().append(from.output().take(std::min(most, from.output().size())));
        };
        move(client, server);
        move(server, client);
        return any;
    }
    void shake_hands(std::size_t most = std::string::npos)
    {
        bool a = false, b = false;
        while (!a || !b) {
            a = a || client.shake_hands();
            b = b || server.shake_hands();
            ASSERT_TRUE(carry(most) || (a && b)) << "neither goes on";
        }
    }

    tls_engine client;
    tls_engine server;
};

std::string read_all(tls_engine& from)
{
    std::string all;
    std::array<char, 100> room;
    for (;;) {
        const auto got = from.read(room);
        if (!got)
            return all + "...";
        if (*got == 0)
            return all;
        all.append(room.data(), *got);
    }
}

TEST(TlsEngine, TalksWithItself)
{
    conversation both;
    both.shake_hands();
    EXPECT_EQ(both.client.info().version, "TLSv1.3");
    both.client.write("ping");
    both.carry();
    EXPECT_EQ(read_all(both.server), "ping...");
    both.server.write("pong");
    both.server.say_goodbye();
    both.server.say_goodbye();
    both.carry();
    EXPECT_EQ(read_all(both.client), "pong");
    EXPECT_EQ(read_all(both.client), "");
    both.client.write("still there"); // the other direction is open
    both.client.say_goodbye();
    both.carry();
    EXPECT_EQ(read_all(both.server), "still there");
    EXPECT_THROW(both.server.write("x"), closed_error);
}

TEST(TlsEngine, GoesOnByteByByte)
{
    conversation both;
    both.shake_hands(1);
    const std::string text(40'000, 'x');
    both.client.write(text);
    both.client.say_goodbye();
    std::string got;
    std::array<char, 5000> room;
    for (bool more = true; more;) {
        both.carry(1);
        while (const auto size = both.server.read(room)) {
            more = *size > 0;
            if (!more)
                break;
            got.append(room.data(), *size);
        }
    }
    EXPECT_EQ(got, text);
}

/// What the server sends in a conversation, from the first byte to its goodbye.
std::string whole_answer(conversation& both, const std::string& text)
{
    std::string sent;
    bool a = false, b = false;
    while (!a || !b) {
        a = a || both.client.shake_hands();
        both.server.input().append(both.client.output().take(both.client.output().size()));
        b = b || both.server.shake_hands();
        const std::string part = both.server.output().take(both.server.output().size());
        sent += part;
        both.client.input().append(part);
    }
    both.server.write(text);
    both.server.say_goodbye();
    sent += both.server.output().take(both.server.output().size());
    return sent;
}

TEST(TlsEngine, FindsOutWhereverItIsCutOff)
{
    // The bytes differ each time, their number only a little.
    conversation measured;
    const std::size_t length = whole_answer(measured, "hello").size();
    int unfinished = 0;
    for (std::size_t cut = 0; cut + 1 < length; cut += 7) {
        conversation both;
        tls_engine& client = both.client;
        std::size_t left = cut;
        bool shaken = false;
        try {
            bool a = false, b = false;
            while (!a || !b) {
                shaken = a = a || client.shake_hands();
                both.server.input().append(client.output().take(client.output().size()));
                b = b || both.server.shake_hands();
                const std::size_t passed = std::min(left, both.server.output().size());
                client.input().append(both.server.output().take(passed));
                left -= passed;
                if (left == 0) {
                    client.end_input();
                    ASSERT_FALSE(!a && client.shake_hands() && !b) << "cut at " << cut;
                }
            }
            both.server.write("hello");
            both.server.say_goodbye();
            client.input().append(both.server.output().take(std::min(left, both.server.output().size())));
            client.end_input();
            read_all(client);
            ADD_FAILURE() << "cut at " << cut << " of " << length;
        } catch (const tls::truncated& found) {
            ++unfinished;
            const bool in_handshake = std::string(found.what()).starts_with("TLS handshake with localhost");
            EXPECT_TRUE(in_handshake || shaken) << found.what();
            EXPECT_THROW(read_all(client), tls::truncated); // for good
        }
    }
    EXPECT_GT(unfinished, 100);
}

TEST(TlsEngine, SurvivesEveryByteBent)
{
    conversation measured;
    const std::size_t length = whole_answer(measured, "hello").size();
    for (std::size_t at = 0; at < length; at += 5) {
        conversation both;
        std::size_t passed = 0;
        std::string got;
        try {
            for (int turn = 0; turn < 4; ++turn) {
                if (both.client.shake_hands())
                    got += read_all(both.client);
                both.server.input().append(both.client.output().take(both.client.output().size()));
                if (both.server.shake_hands() && !both.server.said_goodbye()) {
                    both.server.write("hello");
                    both.server.say_goodbye();
                }
                std::string part = both.server.output().take(both.server.output().size());
                if (at >= passed && at - passed < part.size())
                    part[at - passed] = static_cast<char>(part[at - passed] ^ 0x10);
                passed += part.size();
                both.client.input().append(part);
            }
            std::erase(got, '.'); // of "not yet"
            EXPECT_TRUE(got == "hello" || got.empty()) << got;
        } catch (const tls::failure&) {
        }
    }
}

TEST(TlsEngine, RefusesGarbage)
{
    for (const char* garbage : {"\x16\x03\x01\xff\xff", "hello, is anybody there?", "SSH-2.0-OpenSSH_9.2\r\n"}) {
        conversation both;
        both.server.input().append(garbage);
        both.server.end_input();
        EXPECT_THROW(both.server.shake_hands(), tls::failure) << garbage;
        EXPECT_THROW(both.server.shake_hands(), tls::failure) << garbage;
    }
}

// ---- a client of OpenSSL's that does what ours never would

task<> flush(BIO* from, stream& to)
{
    const std::string sent = openssl::text_of(from);
    static_cast<void>(BIO_reset(from));
    co_await to.write(sent);
}

task<> asks_without_listening(address at)
{
    const openssl::context_ptr context(SSL_CTX_new(TLS_client_method()));
    const openssl::connection_ptr connection(SSL_new(context.get()));
    SSL* const ssl = connection.get();
    BIO* const input = BIO_new(BIO_s_mem());
    BIO* const output = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, input, output);
    SSL_set_connect_state(ssl);
    stream peer = co_await tcp::connect(at);
    while (SSL_do_handshake(ssl) != 1) {
        co_await flush(output, peer);
        const bytes got = co_await peer.read_some();
        BIO_write(input, got.data(), static_cast<int>(got.size()));
    }
    for (int i = 0; i < 20'000; ++i) {
        SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(ssl);
        co_await flush(output, peer);
    }
    ADD_FAILURE() << "20,000 answers were kept for it";
}

SIMUL_TEST(TlsFlood, APeerThatAsksAndDoesNotListenIsLeft)
{
    auto door = tcp::listen("127.0.0.1:0");
    auto floods = spawn(asks_without_listening(door.local()));
    stream peer = co_await testing::accept_tls(door, conversation::server_side());
    try {
        co_await peer.read_some();
        ADD_FAILURE() << "what did it say?";
    } catch (const tls::failure& left) {
        EXPECT_NE(std::string(left.what()).find("the peer asks for answers and doesn't read them"), std::string::npos)
            << left.what();
    }
    EXPECT_LT(peer.unsent(), 200'000u);
    peer.abort();
    CO_ASSERT_THROW(co_await floods, error);
}

TEST(TlsSessions, GivesOneOfTls13OnceAndForgetsTheOldest)
{
    tls_sessions kept;
    EXPECT_EQ(kept.take("nobody"), nullptr);
    for (int i = 0; i <= 1000; ++i) {
        openssl::session_ptr made(SSL_SESSION_new());
        SSL_SESSION_set_protocol_version(made.get(), i % 2 ? TLS1_3_VERSION : TLS1_2_VERSION);
        kept.put(std::to_string(i), std::move(made));
    }
    // One without an id can't be gone on with.
    EXPECT_EQ(kept.take("1"), nullptr);
}

} // namespace
} // namespace simul::detail
