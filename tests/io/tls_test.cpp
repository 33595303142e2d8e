// SPDX-License-Identifier: MIT
#include "tls_fixture.hpp"

#include <simul/io/dns.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/fault.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace simul::testing;
using simul::stream;
using simul::task;
namespace tls = simul::tls;

std::string text_of(const std::string& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

task<> echo(stream& peer)
{
    for (;;) {
        const simul::bytes some = co_await peer.read_some();
        if (some.empty())
            break;
        co_await peer.write(some);
    }
    co_await peer.shutdown();
}

// What is to work in virtual time and on the real system alike.
#define TLS_TEST(name)                                                                                                 \
    task<> name();                                                                                                     \
    SIMUL_TEST(Tls, name)                                                                                              \
    {                                                                                                                  \
        co_await name();                                                                                               \
    }                                                                                                                  \
    SIMUL_TEST_REAL(TlsReal, name)                                                                                     \
    {                                                                                                                  \
        co_await name();                                                                                               \
    }                                                                                                                  \
    task<> name()

// ---- streams

TLS_TEST(CarriesBytesBothWaysAndSaysGoodbye)
{
    auto [client, server] = co_await meet();
    CO_ASSERT_EQ(client.problem + server.problem, "");
    co_await client.made.write("ping\n");
    EXPECT_EQ(co_await server.made.read_line(), "ping");
    co_await server.made.write("pong\nand more");
    EXPECT_EQ(co_await client.made.read_line(), "pong");
    co_await simul::gather(server.made.close(), [](stream& of) -> task<> {
        EXPECT_EQ(co_await of.read_all(), "and more");
        co_await of.close();
    }(client.made));
    EXPECT_FALSE(client.made);
}

TLS_TEST(EchoesAMegabyte)
{
    auto [client, server] = co_await meet();
    CO_ASSERT_EQ(client.problem + server.problem, "");
    std::string megabyte(1 << 20, '\0');
    for (std::size_t i = 0; i < megabyte.size(); ++i)
        megabyte[i] = static_cast<char>(i * 7 + i / 251);
    auto [got, sent, echoed] = co_await simul::gather(
        client.made.read_all(),
        [](stream& to, const std::string& all) -> task<int> {
            co_await to.write_all(all);
            co_await to.shutdown();
            co_return 1;
        }(client.made, megabyte),
        [](stream& peer) -> task<int> {
            co_await echo(peer);
            co_return 1;
        }(server.made));
    EXPECT_TRUE(got == megabyte);
    EXPECT_EQ(sent + echoed, 2);
}

TLS_TEST(FindsOutThatItWasCutOff)
{
    auto [client, server] = co_await meet();
    CO_ASSERT_EQ(client.problem + server.problem, "");
    co_await server.made.write("all of it?");
    co_await server.made.flush();
    server.made.abort();
    EXPECT_EQ(co_await client.made.read_exactly(10), "all of it?");
    try {
        co_await client.made.read_some();
        ADD_FAILURE() << "took it for the end";
    } catch (const tls::truncated& found) {
        EXPECT_STREQ(found.what(),
                     "read from localhost: the connection ended without a goodbye; what was read may not be all");
    }
    co_await client.made.close();
}

TLS_TEST(StartsInTheMiddleOfAConversation)
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    auto serves = simul::spawn([](simul::listener& at) -> task<> {
        stream peer = co_await at.accept();
        EXPECT_EQ(co_await peer.read_line(), "STARTTLS");
        co_await peer.write("220 go\r\n");
        peer = co_await tls::accept(std::move(peer), tls::server_context(server_with()));
        EXPECT_EQ(co_await peer.read_line(), "secret");
        co_await peer.close();
    }(door));
    stream peer = co_await simul::tcp::connect(door.local());
    co_await peer.write("STARTTLS\r\n");
    EXPECT_EQ(co_await peer.read_line(), "220 go");
    peer = co_await tls::start_tls(std::move(peer), "localhost", tls::client_context(trusting_client()));
    co_await peer.write("secret\n");
    EXPECT_EQ(co_await peer.read_all(), "");
    co_await peer.close();
    co_await serves;
}

TLS_TEST(KeepsWhatHasArrivedWhenItStarts)
{
    const tls::client_context client(trusting_client());
    const tls::server_context server(server_with());
    auto door = simul::tcp::listen("127.0.0.1:0");
    auto serves = simul::spawn([](simul::listener& at, tls::server_context with) -> task<std::string> {
        stream peer = co_await at.accept();
        co_await simul::sleep(20ms); // the line and the client's first flight arrive in one piece
        EXPECT_EQ(co_await peer.read_line(), "STARTTLS");
        EXPECT_GT(peer.buffered().size(), 0u);
        peer = co_await tls::accept(std::move(peer), with);
        co_return co_await peer.read_all();
    }(door, server));
    stream peer = co_await simul::tcp::connect(door.local());
    co_await peer.write("STARTTLS\r\n");
    peer = co_await tls::start_tls(std::move(peer), "localhost", client);
    co_await peer.write("secret");
    co_await peer.shutdown();
    EXPECT_EQ(co_await serves, "secret");
}

SIMUL_TEST(Tls, TakesNothingForSecretThatCameBefore)
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    auto serves = simul::spawn([](simul::listener& at) -> task<attempt> {
        stream peer = co_await at.accept();
        EXPECT_EQ(co_await peer.read_line(), "STARTTLS");
        co_return co_await attempted(tls::accept(std::move(peer), tls::server_context(server_with())));
    }(door));
    stream peer = co_await simul::tcp::connect(door.local());
    co_await peer.write("STARTTLS\r\nEVIL COMMAND\r\n"); // somebody in the middle added the second line
    auto client =
        co_await attempted(tls::start_tls(std::move(peer), "localhost", tls::client_context(trusting_client())));
    EXPECT_NE(client.problem, "");
    EXPECT_NE((co_await serves).problem.find("the peer does not speak TLS"), std::string::npos);
}

SIMUL_TEST(Tls, MayCloseOneDirectionOnly)
{
    auto [client, server] = co_await meet();
    co_await client.made.write("question");
    co_await client.made.shutdown();
    CO_ASSERT_THROW(co_await client.made.write("x"), simul::closed_error);
    EXPECT_EQ(co_await server.made.read_all(), "question");
    co_await server.made.write("answer");
    co_await server.made.shutdown();
    EXPECT_EQ(co_await client.made.read_all(), "answer");
}

SIMUL_TEST(Tls, WaitsForTheOthersGoodbyeForSoLong)
{
    auto [client, server] = co_await meet();
    const auto before = simul::now();
    co_await client.made.close();
    EXPECT_EQ(simul::now(), before + 30s);
    EXPECT_EQ(co_await server.made.read_all(), "");
    co_await server.made.close(); // nobody is left, and that is no error
}

SIMUL_TEST(Tls, AConnectionThatBreaksIsAnError)
{
    auto [client, server] = co_await meet();
    co_await server.made.write("unread");
    co_await client.made.write("unread");
    co_await client.made.flush();
    server.made.abort();
    CO_ASSERT_THROW(co_await client.made.read_all(), simul::error);
    CO_ASSERT_THROW(co_await client.made.read_all(), simul::error);
}

// ---- who it is

task<std::string> refusal(tls::client_options client, std::string certificate, std::string host = "localhost")
{
    auto [one, other] = co_await meet(tls::client_context(client), tls::server_context(server_with(certificate)), host);
    EXPECT_EQ(one.problem.empty(), other.problem.empty()) << one.problem << " | " << other.problem;
    co_return one.problem;
}

void use_test_hosts()
{
    std::map<std::string, std::vector<std::string>> hosts;
    for (const char* host : {"localhost", "example.org", "a.wild.example", "a.b.wild.example", "wild.example"})
        hosts[host] = {"127.0.0.1"};
    simul::dns::use_hosts(hosts);
}

SIMUL_TEST(Tls, SaysWhatIsWrongWithACertificate)
{
    use_test_hosts();
    const auto trusting = trusting_client();
    EXPECT_EQ(co_await refusal(trusting, "server.pem"), "");
    EXPECT_EQ(co_await refusal(trusting, "chain.pem"), "");
    EXPECT_EQ(co_await refusal(trusting, "other.pem", "example.org"),
              "certificate of example.org: is for other.example, 192.0.2.1, 2001:db8::1; expected example.org");
    EXPECT_EQ(co_await refusal(trusting, "other.pem", "127.0.0.1"),
              "certificate of 127.0.0.1: is for other.example, 192.0.2.1, 2001:db8::1; expected 127.0.0.1");
    EXPECT_EQ(co_await refusal(trusting, "expired.pem"),
              "certificate of localhost: expired on 2021-02-03 04:05:06 UTC");
    EXPECT_EQ(co_await refusal(trusting, "future.pem"),
              "certificate of localhost: is not valid before 2125-01-01 00:00:00 UTC");
    EXPECT_EQ(co_await refusal(trusting, "self_signed.pem"),
              "certificate of localhost: is signed by itself, and not trusted here");
    EXPECT_EQ(co_await refusal(trusting, "unknown.pem"),
              "certificate of localhost: is issued by \"Somebody Else\", which is not trusted here");
    EXPECT_EQ(co_await refusal({}, "server.pem"),
              "certificate of localhost: is issued by \"Authority of Simul's Tests\", which is not trusted here");
}

SIMUL_TEST(Tls, GivesTheCodeOfWhatIsWrong)
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    auto server = simul::spawn(attempted(accept_tls(door, tls::server_context(server_with("expired.pem")))));
    try {
        co_await tls::connect("localhost", door.local().port(), trusting_client());
        ADD_FAILURE();
    } catch (const tls::certificate_error& wrong) {
        EXPECT_EQ(wrong.code().message(), "certificate has expired");
        EXPECT_STREQ(wrong.code().category().name(), "certificate");
    }
    const std::string heard = (co_await server).problem;
    EXPECT_EQ(heard.substr(0, 29), "TLS handshake with 127.0.0.1:");
    EXPECT_EQ(heard.substr(heard.find(": ") + 2), "the peer refused: certificate expired");
}

SIMUL_TEST(Tls, KnowsWildcardsAndOtherNames)
{
    use_test_hosts();
    const auto trusting = trusting_client();
    EXPECT_EQ(co_await refusal(trusting, "server.pem", "example.org"), "");
    EXPECT_EQ(co_await refusal(trusting, "server.pem", "a.wild.example"), "");
    EXPECT_EQ(co_await refusal(trusting, "server.pem", "127.0.0.1"), "");
    const std::string others = "localhost, example.org, *.wild.example, 127.0.0.1, ::1";
    EXPECT_EQ(co_await refusal(trusting, "server.pem", "a.b.wild.example"),
              "certificate of a.b.wild.example: is for " + others + "; expected a.b.wild.example");
    EXPECT_EQ(co_await refusal(trusting, "server.pem", "wild.example"),
              "certificate of wild.example: is for " + others + "; expected wild.example");
}

SIMUL_TEST(Tls, AcceptsAnybodyWhenToldTo)
{
    use_test_hosts();
    for (const char* certificate : {"self_signed.pem", "expired.pem", "other.pem"})
        EXPECT_EQ(co_await refusal({.danger_accept_any_certificate = true}, certificate, "example.org"), "");
}

SIMUL_TEST(Tls, TakesCertificatesFromMemory)
{
    const tls::server_context server(
        {.certificate = text_of(data_file("server.pem")), .key = text_of(data_file("server.key"))});
    const tls::client_context client({.authorities = text_of(data_file("authority.pem"))});
    const auto [one, other] = co_await meet(client, server);
    EXPECT_EQ(one.problem + other.problem, "");
}

SIMUL_TEST(Tls, WantsACertificateOfTheClientWhenToldTo)
{
    tls::server_options strict = server_with();
    strict.client_authorities = data_file("authority.pem");
    const tls::server_context server(strict);

    tls::client_options known = trusting_client();
    known.certificate = data_file("client.pem");
    known.key = data_file("server.key");
    {
        auto [client, served] = co_await meet(tls::client_context(known), server);
        CO_ASSERT_EQ(client.problem + served.problem, "");
        EXPECT_EQ(tls::info(served.made).peer_certificate, text_of(data_file("client.pem")));
    }
    {
        auto [client, served] = co_await meet(tls::client_context(trusting_client()), server);
        EXPECT_NE(served.problem.find("peer did not return a certificate"), std::string::npos) << served.problem;
        CO_ASSERT_EQ(client.problem, ""); // TLS 1.3's client is done before the server has looked
        try {
            co_await client.made.read_some();
            ADD_FAILURE();
        } catch (const tls::failure& refused) {
            EXPECT_STREQ(refused.what(), "read from localhost: the peer refused: certificate required");
        }
    }
    known.certificate = data_file("self_signed.pem");
    auto [client, served] = co_await meet(tls::client_context(known), server);
    EXPECT_NE(served.problem.find("is signed by itself, and not trusted here"), std::string::npos) << served.problem;
}

// ---- what they agree on

SIMUL_TEST(Tls, TellsWhatWasAgreedOn)
{
    auto [client, server] = co_await meet();
    const tls::connection_info seen = tls::info(client.made);
    EXPECT_EQ(seen.version, "TLSv1.3");
    EXPECT_EQ(seen.cipher.substr(0, 4), "TLS_");
    EXPECT_EQ(seen.alpn, "");
    EXPECT_EQ(seen.peer_certificate, text_of(data_file("server.pem")));
    EXPECT_FALSE(seen.resumed);
    EXPECT_EQ(tls::info(server.made).server_name, "localhost");
    EXPECT_EQ(tls::info(server.made).peer_certificate, "");

    auto door = simul::tcp::listen("127.0.0.1:0");
    const stream plain = co_await simul::tcp::connect(door.local());
    CO_ASSERT_THROW(tls::info(plain), simul::invalid_state);
    CO_ASSERT_THROW(tls::info(stream()), simul::closed_error);
}

SIMUL_TEST(Tls, ChoosesTheServersFavouriteProtocol)
{
    const auto agreed = [](std::vector<std::string> ours, std::vector<std::string> theirs) -> task<std::string> {
        tls::client_options client = trusting_client();
        client.alpn = std::move(ours);
        tls::server_options server = server_with();
        server.alpn = std::move(theirs);
        auto [one, other] = co_await meet(tls::client_context(client), tls::server_context(server));
        if (!one.problem.empty())
            co_return one.problem;
        EXPECT_EQ(tls::info(one.made).alpn, tls::info(other.made).alpn);
        co_return tls::info(one.made).alpn;
    };
    EXPECT_EQ(co_await agreed({"http/1.1", "h2"}, {"h2", "http/1.1"}), "h2");
    EXPECT_EQ(co_await agreed({"http/1.1"}, {"h2", "http/1.1"}), "http/1.1");
    EXPECT_EQ(co_await agreed({"http/1.1"}, {}), "");
    EXPECT_EQ(co_await agreed({}, {"h2"}), "");
    EXPECT_EQ(co_await agreed({"spdy"}, {"h2"}),
              "TLS handshake with localhost: the peer refused: no application protocol");
}

SIMUL_TEST(Tls, GoesOnWithAnEarlierSession)
{
    use_test_hosts();
    const tls::server_context server(server_with());
    auto door = simul::tcp::listen("127.0.0.1:0");
    const auto resumed = [&](const tls::client_context& with, const char* host) -> task<bool> {
        auto serves = simul::spawn([](simul::listener& at, tls::server_context how) -> task<> {
            stream peer = co_await accept_tls(at, how);
            co_await peer.write("x");
            co_await peer.close();
        }(door, server));
        stream peer = co_await tls::connect(host, door.local().port(), with);
        const bool was = tls::info(peer).resumed;
        EXPECT_EQ(co_await peer.read_all(), "x"); // the session comes along
        co_await peer.close();
        co_await serves;
        co_return was;
    };
    const tls::client_context client(trusting_client());
    EXPECT_FALSE(co_await resumed(client, "localhost"));
    EXPECT_TRUE(co_await resumed(client, "localhost"));
    EXPECT_TRUE(co_await resumed(client, "localhost"));
    EXPECT_FALSE(co_await resumed(client, "example.org"));
    EXPECT_FALSE(co_await resumed(tls::client_context(trusting_client()), "localhost"));
}

TEST(Tls, ThreadsShareAContext)
{
    const tls::client_context client(trusting_client());
    const tls::server_context server(server_with());
    std::atomic<int> resumed = 0;
    const auto talks = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            auto door = simul::tcp::listen("127.0.0.1:0");
            auto serves = simul::spawn(accept_tls(door, server));
            stream plain = co_await simul::tcp::connect(door.local());
            stream peer = co_await tls::start_tls(std::move(plain), "localhost", client);
            stream other = co_await std::move(serves);
            co_await other.write("x");
            EXPECT_EQ(co_await peer.read_exactly(1), "x");
            resumed += tls::info(peer).resumed;
            co_await simul::gather(peer.close(), other.close());
        }
    };
    std::thread beside([&] { simul::run(talks()); });
    simul::run(talks());
    beside.join();
    EXPECT_GT(resumed, 0); // of 20; one that two want at once is only for one
}

// ---- what goes wrong

SIMUL_TEST(Tls, HearsThatThePeerSpeaksSomethingElse)
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    {
        auto serves = simul::spawn(attempted(accept_tls(door, tls::server_context(server_with()))));
        stream peer = co_await simul::tcp::connect(door.local());
        co_await peer.write("GET / HTTP/1.0\r\n\r\n");
        EXPECT_EQ((co_await serves).problem,
                  "TLS handshake with " + peer.local().text() + ": the peer speaks HTTP, not TLS");
    }
    {
        auto connects = simul::spawn(attempted(tls::connect("127.0.0.1", door.local().port(), trusting_client())));
        stream peer = co_await door.accept();
        co_await peer.write("220 smtp.example ready\r\n");
        EXPECT_EQ((co_await connects).problem,
                  "TLS handshake with 127.0.0.1: the peer does not speak TLS (wrong version number)");
    }
    {
        auto connects = simul::spawn(attempted(tls::connect("127.0.0.1", door.local().port(), trusting_client())));
        stream peer = co_await door.accept();
        co_await peer.shutdown();
        EXPECT_EQ((co_await connects).problem, "TLS handshake with 127.0.0.1: the peer closed the connection");
    }
}

SIMUL_TEST(Tls, GivesAHandshakeAMinute)
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    const auto before = simul::now();
    auto connects = simul::spawn(attempted(tls::connect("127.0.0.1", door.local().port(), trusting_client())));
    stream silent = co_await door.accept();
    EXPECT_EQ((co_await connects).problem, "TLS handshake with 127.0.0.1: not done within 60 s");
    EXPECT_EQ(simul::now(), before + 60s);

    tls::server_options hasty = server_with();
    hasty.handshake_timeout = 1500ms;
    auto accepts = simul::spawn(attempted(accept_tls(door, tls::server_context(hasty))));
    stream peer = co_await simul::tcp::connect(door.local());
    EXPECT_EQ((co_await accepts).problem, "TLS handshake with " + peer.local().text() + ": not done within 1.5 s");
}

SIMUL_TEST(Tls, MayBeCancelledAtEveryPoint)
{
    bool all_the_way = false;
    for (int turns = 0; turns < 200 && !all_the_way; ++turns) {
        auto flight = simul::spawn([]() -> task<> {
            auto [client, server] = co_await meet();
            co_await client.made.write("ping");
            EXPECT_EQ(co_await server.made.read_some(), "ping");
            co_await simul::gather(client.made.close(), server.made.close());
        });
        for (int i = 0; i < turns; ++i)
            co_await simul::yield();
        flight.cancel();
        try {
            co_await flight;
            all_the_way = true;
        } catch (const simul::cancelled&) {
        }
    }
    EXPECT_TRUE(all_the_way);
}

SIMUL_TEST(Tls, GoesOnWithOneByteAtATime)
{
    fault::short_transfers(true);
    auto [client, server] = co_await meet();
    CO_ASSERT_EQ(client.problem + server.problem, "");
    co_await client.made.write("ping\n");
    EXPECT_EQ(co_await server.made.read_line(), "ping");
}

SIMUL_TEST(Tls, SaysSoWhenAnyOperationFails)
{
    for (const fault::on kind : {fault::on::connect, fault::on::send, fault::on::receive})
        for (unsigned nth = 1;; ++nth) {
            fault::fail(kind, nth, ECONNRESET);
            std::string got;
            try {
                auto [client, server] = co_await simul::timeout(2min, meet()); // one side may not hear of the other
                co_await client.made.write("ping");
                co_await client.made.shutdown();
                got = co_await server.made.read_all();
                co_await server.made.close();
            } catch (const simul::error&) { // some end of it was told
            }
            const bool struck = got != "ping";
            fault::forget();
            if (!struck)
                break;
            CO_ASSERT_LT(nth, 50u);
        }
}

SIMUL_TEST(Tls, ACancelledReadHasTakenNothing)
{
    auto [client, server] = co_await meet();
    auto reads = simul::spawn(client.made.read_line());
    co_await server.made.write("half a ");
    co_await simul::sleep(1s);
    reads.cancel();
    CO_ASSERT_THROW(co_await reads, simul::cancelled);
    co_await server.made.write("line\n");
    EXPECT_EQ(co_await client.made.read_line(), "half a line");
}

template <class Options> std::string complaint(const Options& options)
{
    using context =
        std::conditional_t<std::is_same_v<Options, tls::client_options>, tls::client_context, tls::server_context>;
    try {
        const context made(options);
        return "";
    } catch (const simul::error& wrong) {
        return wrong.what();
    }
}

TEST(Tls, SaysWhatIsWrongWithOptions)
{
    const std::string certificate = data_file("server.pem");
    const std::string key = data_file("server.key");
    using server = tls::server_options;
    EXPECT_EQ(complaint(server{.certificate = "/nowhere.pem", .key = key}),
              "read the certificate /nowhere.pem: No such file or directory");
    EXPECT_EQ(complaint(server{.certificate = key, .key = key}),
              "the certificate " + key + ": there is no certificate in it");
    const std::string no_key = "the key " + certificate + ": there is no usable key";
    EXPECT_EQ(complaint(server{.certificate = certificate, .key = certificate}).substr(0, no_key.size()), no_key);
    EXPECT_EQ(complaint(server{.certificate = data_file("authority.pem"), .key = key}),
              "the key " + key + " does not belong to the certificate " + data_file("authority.pem"));
    const std::string damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    EXPECT_EQ(complaint(server{.certificate = damaged, .key = key}).substr(0, 17), "the certificate: ");
    EXPECT_EQ(complaint(server{.certificate = certificate, .key = key, .alpn = {""}}),
              "alpn: a protocol's name has 1 to 255 bytes, not 0");
    EXPECT_EQ(complaint(tls::client_options{.authorities = "/nowhere.pem"}),
              "read the authorities /nowhere.pem: No such file or directory");
    EXPECT_EQ(complaint(tls::client_options{.alpn = {std::string(256, 'x')}}),
              "alpn: a protocol's name has 1 to 255 bytes, not 256");
    EXPECT_EQ(complaint(server{.certificate = certificate, .key = data_file("locked.key")}),
              "the key " + data_file("locked.key") + ": it is encrypted; a key is used as it is");
}

SIMUL_TEST(Tls, NeedsAHostToCheck)
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    stream peer = co_await simul::tcp::connect(door.local());
    CO_ASSERT_THROW(co_await tls::start_tls(std::move(peer), ""), simul::error);
}

} // namespace
