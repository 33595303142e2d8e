// SPDX-License-Identifier: MIT
#include "cuts.hpp"
#include "http/h1/writer.hpp"
#include "transcript.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <random>

namespace simul::http::h1 {
namespace {

std::string refusal(const auto& call)
{
    try {
        call();
    } catch (const error& e) {
        return e.what();
    }
    return "taken";
}

std::string response(int status, body_plan plan, const answered_request& to, const headers& fields = {})
{
    writer writes(role::server);
    bytes out;
    writes.response(out, status, {}, fields, plan, to);
    writes.body(out, "ab");
    writes.body(out, "");
    writes.body(out, "c");
    writes.end(out);
    return out + (writes.keep_alive() ? "" : "|");
}

TEST(H1Writer, WritesRequests)
{
    const headers fields = {{"Host", "a"}, {"X", "y"}};
    writer writes(role::client);
    bytes out;
    writes.request(out, "GET", "/a?b", fields, {});
    writes.end(out);
    EXPECT_EQ(out, wire("GET /a?b HTTP/1.1$Host: a$X: y$$"));
    out.clear();
    writes.request(out, "POST", "/", fields, {framing::sized, 0});
    writes.end(out);
    EXPECT_EQ(out, wire("POST / HTTP/1.1$Host: a$X: y$Content-Length: 0$$"));
    out.clear();
    writes.request(out, "PROPFIND", "http://a/", fields, {framing::chunked});
    writes.body(out, std::string(300, 'z'));
    writes.end(out, {{"Sum", "1"}});
    EXPECT_EQ(out, wire("PROPFIND http://a/ HTTP/1.1$Host: a$X: y$Transfer-Encoding: chunked$$12c$" +
                        std::string(300, 'z') + "$0$Sum: 1$$"));
    EXPECT_TRUE(writes.keep_alive());
    writes.request(out, "GET", "/", {{"Host", "a"}, {"Connection", "close"}}, {});
    EXPECT_FALSE(writes.keep_alive());
}

TEST(H1Writer, WritesResponses)
{
    EXPECT_EQ(response(200, {framing::sized, 3}, {}), wire("HTTP/1.1 200 OK$Content-Length: 3$$abc"));
    EXPECT_EQ(response(200, {framing::chunked}, {}), wire("HTTP/1.1 200 OK$Transfer-Encoding: chunked$$2$ab$1$c$0$$"));
    EXPECT_EQ(response(299, {framing::sized, 3}, {}, {{"X", "y"}}), wire("HTTP/1.1 299 $X: y$Content-Length: 3$$abc"));
    EXPECT_EQ(response(200, {framing::until_close}, {}), wire("HTTP/1.1 200 OK$Connection: close$$abc") + "|");

    writer writes(role::server);
    bytes out;
    writes.interim(out, 103, {{"Link", "</a>"}});
    writes.response(out, 404, "Nothing here", {}, {}, {});
    writes.end(out);
    EXPECT_EQ(out, wire("HTTP/1.1 103 Early Hints$Link: </a>$$HTTP/1.1 404 Nothing here$Content-Length: 0$$"));
}

TEST(H1Writer, LeavesOutBodiesThatCantBe)
{
    EXPECT_EQ(response(200, {framing::sized, 3}, {.method = method::head}),
              wire("HTTP/1.1 200 OK$Content-Length: 3$$"));
    EXPECT_EQ(response(200, {framing::chunked}, {.method = method::head}),
              wire("HTTP/1.1 200 OK$Transfer-Encoding: chunked$$"));
    EXPECT_EQ(response(200, {}, {.method = method::head}), wire("HTTP/1.1 200 OK$$"));
    EXPECT_EQ(response(204, {framing::sized, 3}, {}), wire("HTTP/1.1 204 No Content$$"));
    EXPECT_EQ(response(304, {framing::sized, 3}, {}), wire("HTTP/1.1 304 Not Modified$Content-Length: 3$$"));
    EXPECT_EQ(response(304, {}, {}), wire("HTTP/1.1 304 Not Modified$$"));
}

TEST(H1Writer, SaysWhetherAnotherMessageMayFollow)
{
    const body_plan three = {framing::sized, 3};
    using enum version;
    EXPECT_EQ(response(200, three, {.keep_alive = false}),
              wire("HTTP/1.1 200 OK$Content-Length: 3$Connection: close$$abc") + "|");
    EXPECT_EQ(response(200, three, {}, {{"Connection", "close"}}),
              wire("HTTP/1.1 200 OK$Connection: close$Content-Length: 3$$abc") + "|");
    EXPECT_EQ(response(200, three, {.version = http_1_0, .keep_alive = false}),
              wire("HTTP/1.1 200 OK$Content-Length: 3$Connection: close$$abc") + "|");
    EXPECT_EQ(response(200, three, {.version = http_1_0}),
              wire("HTTP/1.1 200 OK$Content-Length: 3$Connection: keep-alive$$abc"));
    EXPECT_EQ(response(200, three, {.version = http_1_0}, {{"Connection", "Keep-Alive"}}),
              wire("HTTP/1.1 200 OK$Connection: Keep-Alive$Content-Length: 3$$abc"));
    EXPECT_EQ(response(200, {framing::chunked}, {.version = http_1_0}),
              wire("HTTP/1.1 200 OK$Connection: close$$abc") + "|");
    EXPECT_EQ(response(200, {framing::chunked}, {.method = method::head, .version = http_1_0}),
              wire("HTTP/1.1 200 OK$Connection: keep-alive$$"));
}

TEST(H1Writer, GivesTheConnectionToOtherProtocols)
{
    const headers upgrade = {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
    EXPECT_EQ(response(101, {}, {}, upgrade),
              wire("HTTP/1.1 101 Switching Protocols$Connection: Upgrade$Upgrade: websocket$$") + "|");
    EXPECT_EQ(response(200, {}, {.method = method::connect, .keep_alive = false}), wire("HTTP/1.1 200 OK$$") + "|");
    EXPECT_EQ(response(407, {framing::sized, 3}, {.method = method::connect, .keep_alive = false}),
              wire("HTTP/1.1 407 Proxy Authentication Required$Content-Length: 3$Connection: close$$abc") + "|");
}

TEST(H1Writer, RefusesWhatCantBeSent)
{
    writer client(role::client);
    writer server(role::server);
    bytes out;
    const headers host = {{"Host", "a"}};
    const auto request = [&](std::string_view method, std::string_view target, const headers& fields,
                             body_plan plan = {}) {
        return refusal([&] { client.request(out, method, target, fields, plan); });
    };
    EXPECT_EQ(request("G T", "/", host), "HTTP: a method that is no word");
    EXPECT_EQ(request("", "/", host), "HTTP: a method that is no word");
    for (const char* target : {"", "/ x", "/\r\nX: y", "/\xe9", "/#a", "/\x7f"})
        EXPECT_TRUE(request("GET", target, host).starts_with("HTTP: a target that is empty")) << target;
    EXPECT_EQ(request("GET", "/", {}), "HTTP: a request needs one Host");
    EXPECT_EQ(request("GET", "/", {{"Host", "a"}, {"host", "a"}}), "HTTP: a request needs one Host");
    EXPECT_EQ(request("GET", "/", {{"Host", "a b"}}), "HTTP: a request needs one Host");
    EXPECT_EQ(request("GET", "/", host, {framing::until_close}),
              "HTTP: a request's body can't end with the connection");
    EXPECT_EQ(request("TRACE", "/", host, {framing::sized, 1}), "HTTP: CONNECT and TRACE have no body");
    EXPECT_EQ(request("CONNECT", "a:80", host, {framing::chunked}), "HTTP: CONNECT and TRACE have no body");
    for (const char* name : {"content-length", "Transfer-Encoding"})
        EXPECT_TRUE(request("GET", "/", {{"Host", "a"}, {name, "1"}}).find("can't be given") != std::string::npos);

    const auto response = [&](int status, std::string_view reason) {
        return refusal([&] { server.response(out, status, reason, {}, {}, {}); });
    };
    for (const int status : {0, 99, 100, 103, 1000, -200})
        EXPECT_EQ(response(status, ""), "HTTP: a response's status is between 200 and 999, or 101") << status;
    EXPECT_EQ(response(200, "OK\r\nX: y"), "HTTP: a reason with a control character");
    EXPECT_EQ(refusal([&] { server.interim(out, 101, {}); }),
              "HTTP: an interim response's status is between 100 and 199, and not 101");
    EXPECT_EQ(refusal([&] { server.interim(out, 200, {}); }),
              "HTTP: an interim response's status is between 100 and 199, and not 101");
    EXPECT_EQ(out, "") << "nothing is sent of what is refused";
}

TEST(H1Writer, RefusesBodiesThatArentAsAnnounced)
{
    bytes out;
    writer writes(role::server);
    EXPECT_EQ(refusal([&] { writes.body(out, "a"); }), "HTTP: a body without a head");
    EXPECT_EQ(refusal([&] { writes.end(out); }), "HTTP: the end of a message that wasn't begun");
    writes.response(out, 200, {}, {}, {framing::sized, 3}, {});
    out.clear();
    EXPECT_EQ(refusal([&] { writes.response(out, 200, {}, {}, {}, {}); }), "HTTP: the message before isn't over");
    EXPECT_EQ(refusal([&] { writes.body(out, "abcd"); }), "HTTP: a body longer than its Content-Length");
    EXPECT_EQ(out, "");
    writes.body(out, "ab");
    EXPECT_EQ(refusal([&] { writes.end(out); }), "HTTP: a body shorter than its Content-Length");
    EXPECT_FALSE(writes.is_between_messages());
    writes.body(out, "c");
    writes.end(out);
    EXPECT_TRUE(writes.is_between_messages());

    writes.response(out, 200, {}, {}, {framing::chunked}, {.keep_alive = false});
    EXPECT_EQ(refusal([&] { writes.end(out, {{"Content-Length", "1"}}); }),
              "HTTP: a trailer that belongs into the head");
    writes.begin_piece(out, 1);
    EXPECT_EQ(refusal([&] { writes.begin_piece(out, 1); }), "HTTP: the piece before isn't over");
    EXPECT_EQ(refusal([&] { writes.end(out); }), "HTTP: the piece before isn't over");
    writes.end_piece(out);
    writes.end(out);
    EXPECT_EQ(refusal([&] { writes.response(out, 200, {}, {}, {}, {}); }),
              "HTTP: the message before was the connection's last");

    writer client(role::client);
    EXPECT_EQ(refusal([&] { client.response(out, 200, {}, {}, {}, {}); }),
              "HTTP: servers send responses, clients send requests");
    client.request(out, "GET", "/", {{"Host", "a"}}, {});
    EXPECT_EQ(refusal([&] { client.body(out, "a"); }), "HTTP: a body where none was announced");
}

/// Messages of all kinds, one after the other on one connection, and what is to be read of them.
class random_messages {
public:
    explicit random_messages(unsigned seed) : random_(seed) {}

    std::string request(bytes& to)
    {
        headers fields = random_fields();
        fields.add("Host", "a.example:80");
        const char* method = one_of({"GET", "HEAD", "POST", "PUT", "PROPFIND", "DELETE"});
        const std::string target = one_of({"/", "/a?b=c", "http://a.example:80/x"});
        const body_plan plan = random_plan(false);
        writes_.request(to, method, target, fields, plan);
        std::string read = std::string(method) + " " + target;
        return read + write_body(to, plan.as, plan.length);
    }

    std::string response(bytes& to, const answered_request& answered)
    {
        const int status = *one_of({"2", "4"}) == '2' ? 200 : 404;
        const body_plan plan = random_plan(true);
        answers_.response(to, status, {}, random_fields(), plan, answered);
        std::string read = std::to_string(status);
        if (answered.method == method::head) {
            answers_.body(to, std::string(plan.length, 'x'));
            answers_.end(to);
            return read + " | end | ";
        }
        std::swap(writes_, answers_);
        read += write_body(to, plan.as, plan.length);
        std::swap(writes_, answers_);
        return read;
    }

private:
    unsigned below(unsigned end) { return random_() % end; }
    const char* one_of(std::initializer_list<const char*> all) { return all.begin()[below(unsigned(all.size()))]; }

    headers random_fields()
    {
        headers fields;
        for (unsigned i = below(6); i > 0; --i)
            fields.add(one_of({"X", "Accept", "User-Agent", "x-y-z"}),
                       one_of({"", "1", "a, b; c=\"d\"", "caf\xc3\xa9\t!"}));
        return fields;
    }
    body_plan random_plan(bool always)
    {
        switch (below(3)) {
        case 0:
            return always ? body_plan{framing::sized, 0} : body_plan{};
        case 1:
            return {framing::sized, below(40)};
        default:
            return {framing::chunked};
        }
    }
    std::string write_body(bytes& to, framing as, std::uint64_t length)
    {
        if (as == framing::none) {
            writes_.end(to);
            return " | end | ";
        }
        const bool sized = as == framing::sized;
        std::string body;
        for (unsigned left = sized ? unsigned(length) : below(40); left > 0;) {
            const std::string piece(1 + below(left), "\r\n0a"[below(4)]);
            writes_.body(to, piece);
            body += piece;
            left -= unsigned(piece.size());
        }
        headers trailers;
        if (!sized && below(2) == 0)
            trailers.add("Sum", "1");
        writes_.end(to, trailers);
        return (sized ? " sized " + std::to_string(length) : " chunked") + (body.empty() ? "" : " | " + body) +
               " | end" + (trailers.empty() ? "" : " Sum: 1") + " | ";
    }

    std::mt19937 random_;
    writer writes_{role::client};
    writer answers_{role::server};
};

TEST(H1Writer, WhatItWritesIsWhatIsRead)
{
    for (unsigned seed = 0; seed < 50; ++seed) {
        random_messages messages(seed);
        bytes out;
        std::string expected;
        for (int i = 0; i < 5; ++i)
            expected += messages.request(out);
        expected += "closed";
        ASSERT_EQ(transcript(out), expected) << "seed " << seed << ": " << out;
        expect_same_when_cut(out, expected);

        out.clear();
        expected.clear();
        std::vector<awaited_response> awaited;
        for (int i = 0; i < 5; ++i) {
            awaited.push_back({.to = (seed + unsigned(i)) % 3 == 0 ? method::head : method::get});
            expected += messages.response(out, {.method = awaited.back().to});
        }
        expected += "closed";
        const reading how = {.as = role::client, .awaited = awaited};
        ASSERT_EQ(transcript(out, how), expected) << "seed " << seed << ": " << out;
        expect_same_when_cut(out, expected, how);
    }
}

} // namespace
} // namespace simul::http::h1
