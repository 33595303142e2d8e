// SPDX-License-Identifier: MIT
//
// What is refused, and why, is in smuggling.hpp.
#include "cuts.hpp"
#include "transcript.hpp"

#include <simul/base/time.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace simul::http::h1 {
namespace {

/// Also whatever its cut.
void expect(const std::string& input, const std::string& expected, const reading& how = {})
{
    EXPECT_EQ(transcript(input, how), expected) << "of " << input.substr(0, 200);
    expect_same_when_cut(input, expected, how);
}
std::string repeated(std::string_view text, int times)
{
    std::string made;
    while (times-- > 0)
        made += text;
    return made;
}

TEST(H1Parser, UnderstandsARequest)
{
    const std::string input = wire("PUT /a%20b?c=d HTTP/1.1$Host: example.org:8080$Content-Length: 5$"
                                   "Accept:text/html$accept:  */* $X-Empty:$$hello");
    parser reads(role::server);
    auto found = reads.next(input);
    ASSERT_EQ(found.what, event::head);
    const head& of = reads.head();
    EXPECT_EQ(of.method, method::put);
    EXPECT_EQ(of.method_name(), "PUT");
    EXPECT_EQ(of.target, "/a%20b?c=d");
    EXPECT_EQ(of.local_target(), "/a%20b?c=d");
    EXPECT_EQ(of.authority(), "example.org:8080");
    EXPECT_EQ(of.form, target_form::origin);
    EXPECT_EQ(of.version, version::http_1_1);
    EXPECT_EQ(of.body, framing::sized);
    EXPECT_EQ(of.length, 5u);
    EXPECT_TRUE(of.keep_alive);
    EXPECT_FALSE(of.upgrade);
    EXPECT_EQ(of.fields, (headers{{"Host", "example.org:8080"},
                                  {"Content-Length", "5"},
                                  {"Accept", "text/html"},
                                  {"accept", "*/*"},
                                  {"X-Empty", ""}}));

    std::string_view rest = std::string_view(input).substr(found.used);
    found = reads.next(rest);
    EXPECT_EQ(found.what, event::body);
    EXPECT_EQ(found.piece.data(), rest.data()) << "a view of the input";
    EXPECT_EQ(found.piece, "hello");
    EXPECT_EQ(found.used, 5u);
    EXPECT_EQ(reads.next({}).what, event::end);
    EXPECT_TRUE(reads.is_between_messages());
    EXPECT_EQ(reads.next({}).what, event::starved);
    reads.end_input();
    EXPECT_EQ(reads.next({}).what, event::closed);
    EXPECT_EQ(reads.next({}).what, event::closed);
}

TEST(H1Parser, UnderstandsAResponse)
{
    const std::string input = wire("HTTP/1.1 404 Not there$Transfer-Encoding: chunked$X: y$$3;a=b$abc$0$Sum: 7$$");
    parser reads(role::client);
    reads.expect({.to = method::get});
    auto found = reads.next(input);
    ASSERT_EQ(found.what, event::head);
    EXPECT_EQ(reads.head().status, 404);
    EXPECT_EQ(reads.head().reason, "Not there");
    EXPECT_EQ(reads.head().body, framing::chunked);
    EXPECT_EQ(reads.head().fields.get("x"), "y");
    const headers taken = std::move(reads.head().fields); // what comes next doesn't need them

    std::string_view rest = std::string_view(input).substr(found.used);
    found = reads.next(rest);
    EXPECT_EQ(found.piece, "abc");
    found = reads.next(rest.substr(found.used));
    EXPECT_EQ(found.what, event::end);
    EXPECT_EQ(reads.trailers(), (headers{{"Sum", "7"}}));
    EXPECT_EQ(taken.size(), 2u);
}

TEST(H1Parser, ReadsPipelinedRequestsInTheirOrder)
{
    expect(
        wire("GET /1 HTTP/1.1$Host: a$$POST /2 HTTP/1.1$Host: a$Content-Length: 2$$hi"
             "POST /3 HTTP/1.1$Host: a$Transfer-Encoding: chunked$$1$x$0$$GET /4 HTTP/1.1$Host: a$Connection: close$$"),
        "GET /1 | end | POST /2 sized 2 | hi | end | POST /3 chunked | x | end | GET /4 close | end | closed");

    std::string many, expected;
    for (int i = 0; i < 100; ++i) {
        many += wire("GET /" + std::to_string(i) + " HTTP/1.1$Host: a$$");
        expected += "GET /" + std::to_string(i) + " | end | ";
    }
    EXPECT_EQ(transcript(many), expected + "closed");
}

TEST(H1Parser, ForgetsTheMessageBefore)
{
    parser reads(role::server);
    std::string input = wire("POST /1 HTTP/1.1$Host: a$Expect: 100-continue$Connection: upgrade$Upgrade: x$"
                             "Transfer-Encoding: chunked$$1$x$0$Sum: 1$$POST /2 HTTP/1.1$Host: b$Content-Length: 1$$x"
                             "GET /3 HTTP/1.1$Host: c$$");
    std::string_view rest = input;
    const auto next = [&] {
        const auto [what, used, piece] = reads.next(rest);
        rest.remove_prefix(used);
        return what;
    };
    EXPECT_EQ(next(), event::head);
    EXPECT_EQ(next(), event::body);
    EXPECT_EQ(next(), event::end);
    EXPECT_EQ(next(), event::head);
    EXPECT_EQ(reads.head().fields, (headers{{"Host", "b"}, {"Content-Length", "1"}}));
    EXPECT_EQ(reads.head().expects, expectation::none);
    EXPECT_FALSE(reads.head().upgrade);
    EXPECT_TRUE(reads.trailers().empty());
    EXPECT_EQ(next(), event::body);
    EXPECT_EQ(next(), event::end);
    EXPECT_EQ(next(), event::head);
    EXPECT_EQ(reads.head().fields, (headers{{"Host", "c"}}));
    EXPECT_EQ(reads.head().length, 0u);
    EXPECT_EQ(reads.head().body, framing::none);

    expect(wire("HTTP/1.1 200 OK$Content-Length: 1$$xHTTP/1.1 200 OK$$"), "200 sized 1 | x | end | 200 | switched",
           {.as = role::client, .awaited = {{}, {.to = method::connect}}});
    expect(wire("HTTP/1.1 103 E$$HTTP/1.1 204 N$$HTTP/1.1 103 E$$HTTP/1.1 204 N$$"),
           "interim 103 | 204 | end | interim 103 | 204 | end | closed",
           {.as = role::client, .within = {.interim_responses = 1}});
    const std::string chunked = "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$1;abc$x$0$$";
    expect(wire(repeated(chunked, 3)), repeated("POST / chunked | x | end | ", 3) + "closed",
           {.within = {.chunk_extensions = 6}});
}

TEST(H1Parser, HoldsFieldsInOneWayHoweverTheyWereSpaced)
{
    parser reads(role::server);
    EXPECT_EQ(reads.next(wire("GET / HTTP/1.1$Host:a$A:\tb$C:d $E:  f$G:h\t$I: j \t$K:$L: $$")).what, event::head);
    EXPECT_EQ(
        reads.head().fields,
        (headers{{"Host", "a"}, {"A", "b"}, {"C", "d"}, {"E", "f"}, {"G", "h"}, {"I", "j"}, {"K", ""}, {"L", ""}}));
    EXPECT_EQ(reads.head().fields.get("C"), "d");
}

TEST(H1Parser, KnowsTheFormsOfTargets)
{
    const auto target = [](const std::string& line) {
        parser reads(role::server);
        EXPECT_EQ(reads.next(wire(line + " HTTP/1.1$Host: Example.org:81$$")).what, event::head) << line;
        return std::tuple(reads.head().form, std::string(reads.head().local_target()),
                          std::string(reads.head().authority()));
    };
    using enum target_form;
    EXPECT_EQ(target("GET /a?b"), std::tuple(origin, "/a?b", "Example.org:81"));
    EXPECT_EQ(target("GET http://example.org:81/a?b"), std::tuple(absolute, "/a?b", "example.org:81"));
    EXPECT_EQ(target("GET HTTPS://example.org:81"), std::tuple(absolute, "/", "example.org:81"));
    EXPECT_EQ(target("OPTIONS *"), std::tuple(asterisk, "*", "Example.org:81"));
    EXPECT_EQ(target("CONNECT [::1]:443"), std::tuple(authority, "", "[::1]:443"));
}

TEST(H1Parser, KnowsWhichResponsesHaveNoBody)
{
    const auto read = [](const std::string& input, method to) {
        const std::string text = wire(input);
        const reading how = {.as = role::client, .awaited = {{.to = to}, {.to = to}}};
        const std::string made = transcript(text, how);
        expect_same_when_cut(text, made, how);
        return made;
    };
    const std::string two = "HTTP/1.1 200 OK$Content-Length: 3$$HTTP/1.1 200 OK$Transfer-Encoding: chunked$$";
    EXPECT_EQ(read(two, method::head), "200 | end | 200 | end | closed");
    EXPECT_EQ(read("HTTP/1.1 200 OK$$", method::head), "200 | end | closed");
    EXPECT_EQ(read("HTTP/1.1 304 Not Modified$$HTTP/1.1 204 No Content$$", method::get),
              "304 | end | 204 | end | closed");
    EXPECT_EQ(read("HTTP/1.1 205 Reset$Content-Length: 0$$", method::get), "205 sized 0 | end | closed");

    parser reads(role::client);
    reads.expect({.to = method::head});
    reads.next(wire("HTTP/1.1 200 OK$Content-Length: 12345$$"));
    EXPECT_EQ(reads.head().length, 12345u) << "what GET would get";
}

TEST(H1Parser, LeavesOtherProtocolsAlone)
{
    const std::string upgrade =
        wire("HTTP/1.1 101 Switching Protocols$Connection: Upgrade$Upgrade: websocket$$\x81\x02hi");
    expect(upgrade, "101 upgrade | switched", {.as = role::client, .awaited = {{.upgrade_offered = true}}});
    expect(wire("HTTP/1.1 101 What$$"), "400 another protocol that nobody has asked for",
           {.as = role::client, .awaited = {{.upgrade_offered = true}}});

    // Whatever such an answer says about a body.
    expect(wire("HTTP/1.1 200 Here you are$Content-Length: 3$Transfer-Encoding: chunked$$\x16\x03\x01"),
           "200 | switched", {.as = role::client, .awaited = {{.to = method::connect}}});
    expect(wire("HTTP/1.1 407 Who are you$Content-Length: 2$$no"), "407 sized 2 | no | end | closed",
           {.as = role::client, .awaited = {{.to = method::connect}}});

    parser reads(role::client);
    reads.expect({.upgrade_offered = true});
    EXPECT_EQ(upgrade.size() - reads.next(upgrade).used, 4u) << "the rest is not touched";
    EXPECT_EQ(reads.next("\x81\x02hi").used, 0u);
}

TEST(H1Parser, RefusesAResponseThatNobodyHasAskedFor)
{
    parser reads(role::client);
    EXPECT_EQ(reads.next({}).what, event::starved);
    EXPECT_EQ(reads.next("H").what, event::failed);
    EXPECT_STREQ(reads.failure().why, "a response that nobody has asked for");

    reads.expect({}); // too late
    EXPECT_EQ(reads.next("H").what, event::failed);

    parser again(role::client);
    again.expect({});
    const std::string poison = wire("HTTP/1.1 200 OK$Content-Length: 0$$HTTP/1.1 200 OK$$");
    const std::size_t used = again.next(poison).used;
    EXPECT_EQ(again.next(std::string_view(poison).substr(used)).what, event::end);
    EXPECT_EQ(again.next(std::string_view(poison).substr(used)).what, event::failed);
}

TEST(H1Parser, TellsAnEndBetweenMessagesFromOneWithin)
{
    expect("", "closed");
    expect("\r\n", "closed");
    expect("\r", "400 the connection ended within a message");
    expect("G", "400 the connection ended within a message");
    expect(wire("GET / HTTP/1.1$Host: a$"), "400 the connection ended within a message");

    expect(wire("HTTP/1.1 100 Continue$$"), "interim 100 | 400 the connection ended within a message",
           {.as = role::client});

    parser reads(role::client);
    reads.expect({});
    EXPECT_TRUE(reads.is_between_messages());
    reads.end_input();
    EXPECT_EQ(reads.next({}).what, event::closed) << "before a response: who waits for it knows that it does";
}

TEST(H1Parser, LimitsTheFirstLine)
{
    const limits within = {.start_line = 24};
    expect(wire("GET /" + std::string(10, 'a') + " HTTP/1.1$Host: a$$"), "GET /aaaaaaaaaa | end | closed",
           {.within = within});
    expect(wire("GET /" + std::string(11, 'a') + " HTTP/1.1$Host: a$$"), "414 the first line is too long",
           {.within = within});
    expect(wire("GET /" + std::string(99, 'a')), "414 the first line is too long", {.within = within});
    expect(wire("GET /" + std::string(30, 'a') + "\n"), "414 the first line is too long",
           {.within = within}); // not looked at
    expect(wire("GET /" + std::string(30, 'a') + " HTTP/1.1$Host: a$$"), "414 the first line is too long",
           {.within = {.head = 40}});
    EXPECT_EQ(transcript(wire("GET /" + std::string(8 * 1024 - 14, 'a') + " HTTP/1.1$Host: a$$")).substr(0, 6),
              "GET /a");
    EXPECT_EQ(transcript(wire("GET /" + std::string(8 * 1024 - 13, 'a') + " HTTP/1.1$Host: a$$")),
              "414 the first line is too long");
}

TEST(H1Parser, LimitsFields)
{
    const std::string get = "GET / HTTP/1.1$Host: a$";
    const limits narrow = {.field_line = 10};
    expect(wire(get + "X: 3456789$$"), "GET / | end | closed", {.within = narrow});
    expect(wire(get + "X: 34567890$$"), "431 a field is too long", {.within = narrow});
    expect(wire(get + "X23456789012345"), "431 a field is too long", {.within = narrow});

    const limits few = {.fields = 3};
    expect(wire(get + repeated("X: y$", 2) + "$"), "GET / | end | closed", {.within = few});
    expect(wire(get + repeated("X: y$", 3) + "$"), "431 too many fields", {.within = few});
    EXPECT_EQ(transcript(wire(get + repeated("X: y$", 99) + "$")), "GET / | end | closed");
    EXPECT_EQ(transcript(wire(get + repeated("X: y$", 100) + "$")), "431 too many fields");

    const limits small = {.head = 61}; // of which 25 are the first line and the Host
    expect(wire(get + repeated("X: y$", 6) + "$"), "GET / | end | closed", {.within = small});
    expect(wire(get + repeated("X: y$", 5) + "X: yy$$"), "431 too many bytes of fields", {.within = small});
    expect(wire(get + repeated("X: y$", 7) + "$"), "431 too many bytes of fields", {.within = small});
    EXPECT_EQ(transcript(wire(get + repeated("X: " + std::string(8000, 'y') + "$", 5) + "$")),
              "431 too many bytes of fields");

    EXPECT_EQ(transcript(wire(get + repeated("X: " + std::string(8000, 'y') + "$", 4) + "$")), "GET / | end | closed");

    EXPECT_EQ(transcript(wire(get + std::string(1024, 'x') + ": y$$")), "GET / | end | closed");
    EXPECT_EQ(transcript(wire(get + std::string(1025, 'x') + ": y$$")), "431 a field's name is too long");

    expect(wire("HTTP/1.1 200 OK$X: 34567890$$"), "431 a field is too long", {.as = role::client, .within = narrow});
}

TEST(H1Parser, LimitsWhatHasNoLimit)
{
    constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    const reading how = {
        .within = {.start_line = none, .field_line = none, .fields = none, .head = none, .chunk_extensions = none}};
    const std::string post = "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$";
    const std::string long_one(512 * 1024 + 100, 'a');
    EXPECT_EQ(transcript(wire(post + "X: " + std::string(400'000, 'x') + "$$0;a$$"), how),
              "POST / chunked | end | closed");
    EXPECT_EQ(transcript("GET /" + long_one, how), "414 the first line is too long");
    EXPECT_EQ(transcript(wire(post + "X: " + long_one), how), "431 too many bytes of fields");
    EXPECT_EQ(transcript(wire(post + repeated("X:$", 200'000)), how), "431 too many bytes of fields");
    EXPECT_EQ(transcript(wire(post + "$1;" + long_one), how),
              "POST / chunked | 400 chunks with too much behind their sizes");
}

TEST(H1Parser, LimitsTrailersAsFields)
{
    const std::string post = "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$0$";
    const limits few = {.fields = 3};
    expect(wire(post + repeated("X: y$", 3) + "$"), "POST / chunked | end X: y X: y X: y | closed", {.within = few});
    expect(wire(post + repeated("X: y$", 4) + "$"), "POST / chunked | 431 too many fields", {.within = few});
    const limits small = {.head = 62}; // the head has 53
    expect(wire(post + repeated("X: y$", 10) + "$"), "POST / chunked | end" + repeated(" X: y", 10) + " | closed",
           {.within = small});
    expect(wire(post + repeated("X: y$", 11) + "$"), "POST / chunked | 431 too many bytes of fields",
           {.within = small});
}

TEST(H1Parser, LimitsBodies)
{
    const limits three = {.body = 3};
    const std::string post = "POST / HTTP/1.1$Host: a$";
    expect(wire(post + "Content-Length: 3$$abc"), "POST / sized 3 | abc | end | closed", {.within = three});
    expect(wire(post + "Content-Length: 4$$abcd"), "POST / sized 4 | 413 the body is too large", {.within = three});
    expect(wire(post + "Transfer-Encoding: chunked$$1$a$2$bc$0$$"), "POST / chunked | abc | end | closed",
           {.within = three});
    expect(wire(post + "Transfer-Encoding: chunked$$1$a$3$bcd$0$$"), "POST / chunked | a | 413 the body is too large",
           {.within = three});
    expect(wire("HTTP/1.1 200 OK$$abc"), "200 until close close | abc | end | closed",
           {.as = role::client, .within = three});
    expect(wire("HTTP/1.1 200 OK$$abcd"), "200 until close close | abc | 413 the body is too large",
           {.as = role::client, .within = three});
}

TEST(H1Parser, TakesAnotherLimitForOneBody)
{
    const std::string input =
        wire("POST / HTTP/1.1$Host: a$Content-Length: 4$$abcdPOST / HTTP/1.1$Host: a$Content-Length: 4$$");
    parser reads(role::server, {.body = 3});
    auto found = reads.next(input);
    std::string_view rest = std::string_view(input).substr(found.used);
    reads.limit_body(4);
    EXPECT_EQ(reads.next(rest).what, event::body);
    rest.remove_prefix(4);
    EXPECT_EQ(reads.next(rest).what, event::end);
    EXPECT_EQ(reads.next(rest).what, event::head);
    EXPECT_EQ(reads.next({}).what, event::failed) << "before a byte of it has come";
    EXPECT_EQ(reads.failure().status, 413);

    const std::string chunks = wire("POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$4$abcd$1$e$0$$");
    parser lowered(role::server);
    rest = chunks;
    for (const event expected : {event::head, event::body}) {
        found = lowered.next(rest);
        EXPECT_EQ(found.what, expected);
        rest.remove_prefix(found.used);
    }
    lowered.limit_body(2); // when more has come already
    EXPECT_EQ(lowered.next(rest).what, event::failed);
    EXPECT_EQ(lowered.failure().status, 413);
}

TEST(H1Parser, LimitsWhatChunksCarryBesideTheirData)
{
    const std::string post = "POST / HTTP/1.1$Host: a$Transfer-Encoding: chunked$$";
    const limits eight = {.chunk_extensions = 8};
    expect(wire(post + "1;abc$x$1;abc$y$0$$"), "POST / chunked | xy | end | closed", {.within = eight});
    expect(wire(post + "1;abc$x$1;abcd$y$0$$"), "POST / chunked | x | 400 chunks with too much behind their sizes",
           {.within = eight});
    expect(wire(post + "1;" + std::string(40, 'a')), "POST / chunked | 400 chunks with too much behind their sizes",
           {.within = eight});
    EXPECT_EQ(transcript(wire(post + repeated("1;a$x$", 513))).substr(14, 4), " | x");
    EXPECT_TRUE(
        transcript(wire(post + repeated("1;a$x$", 513))).ends_with("400 chunks with too much behind their sizes"));
}

TEST(H1Parser, LimitsInterimResponses)
{
    const std::string early = wire("HTTP/1.1 103 Early Hints$$"), last = wire("HTTP/1.1 204 No Content$$");
    const reading how = {.as = role::client, .within = {.interim_responses = 2}};
    expect(repeated(early, 2) + last, "interim 103 | interim 103 | 204 | end | closed", how);
    expect(repeated(early, 3) + last, "interim 103 | interim 103 | 400 too many interim responses", how);
}

TEST(H1Parser, SaysNothingMoreAfterAFailure)
{
    parser reads(role::server);
    EXPECT_EQ(reads.next("\n").what, event::failed);
    EXPECT_EQ(reads.next(wire("GET / HTTP/1.1$Host: a$$")).what, event::failed);
    EXPECT_EQ(reads.next({}).used, 0u);
    reads.end_input();
    EXPECT_EQ(reads.next({}).what, event::failed);
}

TEST(H1Parser, FindsWhatIsWrongBeforeTheLineHasEnded)
{
    parser reads(role::server);
    EXPECT_EQ(reads.next("GET / HTTP/1.1\nHo").what, event::failed);
    parser tls(role::server);
    EXPECT_EQ(tls.next("\x16").what, event::failed);
}

TEST(H1Parser, TakesALongHeadByteByByteInLinearTime)
{
    // Quadratic would be 500 million bytes to look at.
    const std::string input = wire("GET / HTTP/1.1$Host: a$X: " + std::string(32'000, 'x') + "$$");
    parser reads(role::server, {.field_line = 64 * 1024, .head = 64 * 1024});
    const auto begin = std::chrono::steady_clock::now();
    std::size_t kept_from = 0;
    event last = event::starved;
    for (std::size_t end = 1; end <= input.size(); ++end) {
        const auto found = reads.next(std::string_view(input).substr(kept_from, end - kept_from));
        kept_from += found.used;
        last = found.what;
    }
    EXPECT_EQ(last, event::head);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

} // namespace
} // namespace simul::http::h1
