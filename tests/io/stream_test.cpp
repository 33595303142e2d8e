// SPDX-License-Identifier: MIT
#include "../task/outcome.hpp"

#include <simul/io/stream.hpp>
#include <simul/io/unix_socket.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/fault.hpp>
#include <simul/testing/gtest.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::error_of;
using outcome::raises;
using simul::bytes;
using simul::stream;
using simul::task;
namespace fault = simul::testing::fault;

/// Writes each piece by itself, with time between, so that each arrives alone.
task<> write_slowly(stream& to, std::vector<bytes> pieces)
{
    for (const bytes& each : pieces) {
        co_await to.write(each);
        co_await simul::sleep(1ms);
    }
    co_await to.shutdown();
}

std::vector<bytes> byte_by_byte(const bytes& all)
{
    std::vector<bytes> pieces;
    for (const char each : all)
        pieces.emplace_back(1, each);
    return pieces;
}

/// What `read(stream)` gives when the peer writes these pieces and then the end.
template <class Read> auto reading(std::vector<bytes> pieces, Read read) -> decltype(read(std::declval<stream&>()))
{
    auto [mine, peer] = simul::unix_::pair();
    auto writes = simul::spawn(write_slowly(peer, std::move(pieces)));
    auto result = co_await read(mine);
    co_await writes;
    co_return result;
}

// ---- reading

SIMUL_TEST(Stream, ReadsWhatHasArrivedAndThenTheEnd)
{
    auto [mine, peer] = simul::unix_::pair();
    co_await peer.write("hello");
    EXPECT_EQ(co_await mine.read_some(), "hello");
    co_await peer.close();
    EXPECT_EQ(co_await mine.read_some(), "");
    EXPECT_EQ(co_await mine.read_some(), "");
}

SIMUL_TEST(Stream, ReadsAtMostWhatIsAskedForAndKeepsTheRest)
{
    auto [mine, peer] = simul::unix_::pair();
    co_await peer.write("abcdef");
    EXPECT_EQ(co_await mine.read_some(2), "ab");
    EXPECT_EQ(co_await mine.read_some(std::size_t{0}), "");
    std::array<char, 3> room{};
    EXPECT_EQ(co_await mine.read_some(room), 3U);
    EXPECT_EQ(std::string(room.data(), 3), "cde");
    EXPECT_EQ(co_await mine.read_some(std::span<char>()), 0U);
    EXPECT_EQ(co_await mine.read_some(), "f");
}

SIMUL_TEST(Stream, ReadsExactlyWhateverThePieces)
{
    for (const auto& pieces :
         {std::vector<bytes>{"abcdefgh"}, byte_by_byte("abcdefgh"), {"abcd", "efgh"}, {"ab", "cdef", "gh"}}) {
        const auto result = co_await reading(pieces, [](stream& s) -> task<std::vector<bytes>> {
            std::vector<bytes> got;
            got.push_back(co_await s.read_exactly(4));
            got.push_back(co_await s.read_exactly(0));
            got.push_back(co_await s.read_exactly(4));
            got.push_back(co_await s.read_some());
            co_return got;
        });
        EXPECT_EQ(result, (std::vector<bytes>{"abcd", "", "efgh", ""}));
    }
}

SIMUL_TEST(Stream, ReadExactlySaysWhatCameBeforeTheEnd)
{
    auto [mine, peer] = simul::unix_::pair();
    co_await peer.write("abc");
    co_await peer.close();
    try {
        co_await mine.read_exactly(5);
        ADD_FAILURE();
    } catch (const simul::incomplete_read& cut) {
        EXPECT_EQ(cut.partial(), "abc");
        EXPECT_STREQ(cut.what(), "read_exactly: the stream ended after 3 of 5 bytes");
    }
    EXPECT_EQ(co_await mine.read_some(), "");
}

SIMUL_TEST(Stream, ReadUntilFindsASeparatorCutAnywhere)
{
    const bytes all = "one\r\ntwo\r\n\r\nrest";
    for (std::size_t cut = 1; cut < all.size(); ++cut)
        for (std::size_t second = cut; second < all.size(); ++second) {
            const std::vector<bytes> pieces{all.substr(0, cut), all.substr(cut, second - cut), all.substr(second)};
            const auto result = co_await reading(pieces, [](stream& s) -> task<std::vector<bytes>> {
                std::vector<bytes> got;
                got.push_back(co_await s.read_until("\r\n"));
                got.push_back(co_await s.read_until("\r\n\r\n"));
                got.push_back(co_await s.read_all());
                co_return got;
            });
            EXPECT_EQ(result, (std::vector<bytes>{"one\r\n", "two\r\n\r\n", "rest"}));
        }
}

SIMUL_TEST(Stream, OfSeveralSeparatorsTheOneThatEndsFirstCounts)
{
    const auto first = [](bytes all, std::vector<bytes> separators) {
        return reading(byte_by_byte(all), [=](stream& s) { return s.read_until_any(separators); });
    };
    EXPECT_EQ(co_await first("a;b,c", {",", ";"}), "a;");
    EXPECT_EQ(co_await first("ab--\nc", {"--\n", "\n"}), "ab--\n"); // both end there
    EXPECT_EQ(co_await first("abXYZ", {"XYZ", "XY"}), "abXY");
}

SIMUL_TEST(Stream, ReadUntilGivesWhatCameWhenTheEndDoes)
{
    auto [mine, peer] = simul::unix_::pair();
    co_await peer.write("half a li");
    co_await peer.close();
    try {
        co_await mine.read_until("\n");
        ADD_FAILURE();
    } catch (const simul::incomplete_read& cut) {
        EXPECT_EQ(cut.partial(), "half a li");
    }
    EXPECT_EQ(co_await mine.read_some(), "") << "it was given out";
}

SIMUL_TEST(Stream, TheLimitCountsWhatIsBeforeTheSeparatorAndLosesNothing)
{
    const auto limited = [](bytes all, std::size_t limit) {
        return reading(byte_by_byte(all), [=](stream& s) -> task<std::string> {
            bytes got;
            try {
                got = co_await s.read_until("--", limit);
            } catch (const simul::limit_exceeded&) {
                got = "too long: ";
            }
            co_return got + "|" + co_await s.read_all();
        });
    };
    EXPECT_EQ(co_await limited("12345--x", 5), "12345--|x");
    EXPECT_EQ(co_await limited("12345--x", 4), "too long: |12345--x");
    EXPECT_EQ(co_await limited("12345-x--", 5), "too long: |12345-x--");
    EXPECT_EQ(co_await limited("--", 0), "--|");
}

SIMUL_TEST(Stream, AnEmptySeparatorIsRefused)
{
    auto [mine, peer] = simul::unix_::pair();
    EXPECT_EQ(co_await error_of(mine.read_until("")), "read_until: a separator must have at least one byte");
    EXPECT_EQ(co_await error_of(mine.read_until_any({})), "read_until: a separator must have at least one byte");
}

SIMUL_TEST(Stream, GivesLinesWithoutTheirEnds)
{
    const auto lines = [](bytes all) {
        return reading(byte_by_byte(all), [](stream& s) -> task<std::vector<bytes>> {
            std::vector<bytes> got;
            auto each = s.lines();
            while (auto line = co_await each.next())
                got.push_back(*line);
            co_return got;
        });
    };
    EXPECT_EQ(co_await lines("a\nbb\r\n\n\rc\nlast"), (std::vector<bytes>{"a", "bb", "", "\rc", "last"}));
    EXPECT_EQ(co_await lines("a\n"), (std::vector<bytes>{"a"}));
    EXPECT_EQ(co_await lines("carriage\r"), (std::vector<bytes>{"carriage\r"})) << "no line ended";
    EXPECT_EQ(co_await lines(""), std::vector<bytes>());
}

SIMUL_TEST(Stream, ReadAllHasALimitIfOneIsGiven)
{
    EXPECT_EQ(co_await reading({"abc", "def"}, [](stream& s) { return s.read_all(6); }), "abcdef");
    EXPECT_TRUE(
        co_await raises<simul::limit_exceeded>(reading({"abc", "def"}, [](stream& s) { return s.read_all(5); })));
}

SIMUL_TEST(Stream, LetsAParserLookInPlace)
{
    auto [mine, peer] = simul::unix_::pair();
    auto writes = simul::spawn(write_slowly(peer, {"GET /", " HTTP"}));
    EXPECT_EQ(mine.buffered(), "");
    EXPECT_TRUE(co_await mine.fetch());
    EXPECT_EQ(mine.buffered(), "GET /");
    EXPECT_TRUE(co_await mine.fetch());
    EXPECT_EQ(mine.buffered(), "GET / HTTP");
    mine.consume(4);
    EXPECT_EQ(mine.buffered(), "/ HTTP");
    EXPECT_THROW(mine.consume(7), simul::error);
    EXPECT_EQ(co_await mine.read_exactly(2), "/ ");
    EXPECT_FALSE(co_await mine.fetch());
    EXPECT_EQ(co_await mine.read_all(), "HTTP");
    co_await writes;
}

SIMUL_TEST(Stream, HasOneReaderAtATime)
{
    auto [mine, peer] = simul::unix_::pair();
    auto first = simul::spawn(mine.read_some());
    co_await simul::yield();
    EXPECT_EQ(co_await error_of(mine.read_line()), "read_line: another task is reading from this stream");
    co_await peer.write("for the first");
    EXPECT_EQ(co_await first, "for the first");
}

SIMUL_TEST(Stream, ACancelledReadHasTakenNothing)
{
    auto [mine, peer] = simul::unix_::pair();
    for (const bytes part : {"ab", "cd"}) {
        auto cut = simul::spawn(mine.read_exactly(8));
        co_await peer.write(part);
        co_await simul::sleep(1ms);
        cut.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(cut)));
    }
    EXPECT_FALSE(co_await simul::move_on_after(1s, mine.read_until("!")));
    co_await peer.write("ef!");
    EXPECT_EQ(co_await mine.read_until("!"), "abcdef!");
}

SIMUL_TEST(Stream, BoundsWhatArrivesUnread)
{
    auto [mine, peer] = simul::unix_::pair();
    co_await peer.write("x");
    EXPECT_EQ(co_await mine.read_some(), "x"); // from now on it receives
    const bytes much(1 << 20, 'm');
    auto sends = simul::spawn(peer.write_all(much));
    co_await simul::sleep(1h);
    EXPECT_FALSE(sends.done()) << "nobody has read it";
    EXPECT_EQ((co_await mine.read_exactly(much.size())), much);
    co_await sends;
}

SIMUL_TEST(Stream, ReadsMoreThanItsLimitAtOnce)
{
    auto [mine, peer] = simul::unix_::pair();
    const bytes much(3'000'000, 'm');
    auto sends = simul::spawn(peer.write_all(much));
    EXPECT_EQ((co_await mine.read_exactly(much.size())).size(), much.size());
    co_await sends;
}

SIMUL_TEST(Stream, GivesWhatArrivedBeforeTheErrorThenTheErrorAgainAndAgain)
{
    auto [mine, peer] = simul::unix_::pair();
    co_await peer.write("before");
    EXPECT_EQ(co_await mine.read_some(3), "bef");
    fault::fail(fault::on::receive, 1, ECONNRESET);
    co_await peer.write("lost");
    EXPECT_EQ(co_await mine.read_some(), "ore");
    EXPECT_EQ(co_await error_of(mine.read_some()), "read from the other end of a pair: Connection reset by peer");
    EXPECT_EQ(co_await error_of(mine.read_line()), "read from the other end of a pair: Connection reset by peer");
}

// ---- writing

SIMUL_TEST(Stream, WhatIsWrittenInOneTurnGoesOutInOneCall)
{
    auto [mine, peer] = simul::unix_::pair();
    fault::fail(fault::on::send, 2, EIO); // there is no second one
    co_await mine.write("header\r\n");
    co_await mine.write({"\r\n", "body"});
    EXPECT_EQ(mine.unsent(), 14U);
    co_await mine.flush();
    EXPECT_EQ(mine.unsent(), 0U);
    EXPECT_EQ(co_await peer.read_some(), "header\r\n\r\nbody");
    EXPECT_TRUE(co_await raises<simul::error>(mine.write_all("this is the second")));
}

SIMUL_TEST(Stream, WritesInOrder)
{
    auto [mine, peer] = simul::unix_::pair();
    auto reads = simul::spawn(peer.read_all());
    bytes all;
    co_await simul::with_group([&](simul::group& g) -> task<> {
        for (int i = 0; i < 50; ++i) {
            bytes piece(static_cast<std::size_t>(i * 997), static_cast<char>('a' + i % 26));
            all += piece;
            g.spawn([](stream& s, bytes data) -> task<> { co_await s.write(data); }, std::ref(mine), std::move(piece));
        }
        co_return;
    });
    co_await mine.close();
    EXPECT_EQ(co_await reads, all);
}

SIMUL_TEST(Stream, AWriterWaitsForAReaderThatIsSlow)
{
    auto [mine, peer] = simul::unix_::pair();
    const bytes piece(16 * 1024, 'p');
    std::size_t written = 0;
    auto writes = simul::spawn(
        [](stream& s, const bytes& data, std::size_t& count) -> task<> {
            for (; count < 100; ++count)
                co_await s.write(data);
        },
        std::ref(mine), std::cref(piece), std::ref(written));
    co_await simul::sleep(1h);
    EXPECT_LT(written, 20U);
    EXPECT_LE(mine.unsent(), 80U * 1024);
    EXPECT_EQ((co_await peer.read_exactly(100 * piece.size())).size(), 100 * piece.size());
    co_await writes;
}

SIMUL_TEST(Stream, ManyMayWaitForOneFlush)
{
    auto [mine, peer] = simul::unix_::pair();
    const bytes much(500'000, 'm');
    std::vector<simul::future<>> waits;
    waits.push_back(simul::spawn(mine.write(much)));
    for (int i = 0; i < 3; ++i)
        waits.push_back(simul::spawn(mine.flush()));
    co_await simul::sleep(1s);
    EXPECT_FALSE(waits[1].done());
    EXPECT_EQ((co_await peer.read_exactly(much.size())).size(), much.size());
    for (auto& each : waits)
        co_await each;
}

SIMUL_TEST(Stream, AWriteToAPeerThatIsGoneFailsEveryWriterThatWaits)
{
    auto [mine, peer] = simul::unix_::pair();
    const bytes much(500'000, 'm');
    std::vector<simul::future<>> waits;
    for (int i = 0; i < 3; ++i)
        waits.push_back(simul::spawn(mine.write(much)));
    co_await simul::sleep(1s);
    peer.abort();
    for (auto& each : waits)
        EXPECT_TRUE(co_await raises<simul::error>(std::move(each)));
    EXPECT_TRUE(co_await raises<simul::error>(mine.write("more")));
}

SIMUL_TEST(Stream, ACancelledWriteGoesOutWholeOrNotAtAll)
{
    auto [mine, peer] = simul::unix_::pair();
    const bytes much(300'000, 'm');
    auto queued = simul::spawn(mine.write(much));
    co_await simul::sleep(1s);
    queued.cancel();
    EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(queued)));
    EXPECT_EQ((co_await peer.read_exactly(much.size())), much);

    {
        const auto short_lived = std::make_unique<bytes>(much);
        auto direct = simul::spawn(mine.write_all(*short_lived));
        co_await simul::sleep(1s);
        direct.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(direct)));
    } // its memory is gone
    EXPECT_EQ((co_await peer.read_exactly(much.size())), much) << "a part had gone out already";
    co_await mine.close();
    EXPECT_EQ(co_await peer.read_some(), "");
}

SIMUL_TEST(Stream, WriteAllSendsFromWhereTheDataIsAndKeepsTheOrder)
{
    auto [mine, peer] = simul::unix_::pair();
    auto reads = simul::spawn(peer.read_all());
    const bytes much(1'000'000, 'm');
    co_await mine.write("first,");
    auto second = simul::spawn(mine.write_all(much));
    co_await simul::yield();
    co_await mine.write(",third");
    co_await second;
    co_await mine.close();
    const bytes got = co_await reads;
    EXPECT_EQ(got.size(), much.size() + 12);
    EXPECT_TRUE(got.starts_with("first,m"));
}

SIMUL_TEST(Stream, AMillionSmallPiecesStayCheap)
{
    auto [mine, peer] = simul::unix_::pair();
    auto reads = simul::spawn(peer.read_all());
    for (int i = 0; i < 100'000; ++i)
        co_await mine.write("0123456789");
    co_await mine.close();
    EXPECT_EQ((co_await reads).size(), 1'000'000U);
}

SIMUL_TEST(Stream, SurvivesShortTransfers)
{
    fault::short_transfers(true);
    auto [mine, peer] = simul::unix_::pair();
    auto reads = simul::spawn(peer.read_all());
    co_await mine.write_all(bytes(40'000, 's'));
    co_await mine.close();
    EXPECT_EQ((co_await reads).size(), 40'000U);
}

// ---- the end

SIMUL_TEST(Stream, HalfAStreamCanBeShutDown)
{
    auto [mine, peer] = simul::unix_::pair();
    co_await mine.write("question");
    co_await mine.shutdown();
    EXPECT_EQ(co_await peer.read_all(), "question");
    co_await peer.write("answer");
    co_await peer.close();
    EXPECT_EQ(co_await mine.read_all(), "answer");
    EXPECT_TRUE(co_await raises<simul::closed_error>(mine.write("more")));
    co_await mine.shutdown();
}

SIMUL_TEST(Stream, CloseSendsWhatIsLeftAbortDropsIt)
{
    {
        auto [mine, peer] = simul::unix_::pair();
        co_await mine.write("kept");
        co_await mine.close();
        EXPECT_FALSE(mine);
        EXPECT_EQ(co_await peer.read_all(), "kept");
        co_await mine.close();
    }
    auto [mine, peer] = simul::unix_::pair();
    co_await mine.write("dropped");
    mine.abort();
    EXPECT_EQ(co_await peer.read_all(), "");
    mine.abort();
}

SIMUL_TEST(Stream, WhoWritesFromItsOwnMemoryHearsOfAnAbort)
{
    const bytes much(1'000'000, 'm');
    for (const bool cancelled : {false, true}) {
        auto [mine, peer] = simul::unix_::pair();
        auto writes = simul::spawn(mine.write_all(much));
        co_await simul::sleep(1ms);
        mine.abort();
        if (cancelled)
            writes.cancel();
        EXPECT_TRUE(co_await raises<simul::closed_error>(std::move(writes)));
    }
    for (std::size_t taken = 0; taken <= 300'000; taken += 50'000) { // also when a part has just gone out
        auto [mine, peer] = simul::unix_::pair();
        auto writes = simul::spawn(mine.write_all(much));
        co_await simul::yield();
        co_await peer.read_exactly(taken);
        mine.abort();
        EXPECT_TRUE(co_await raises<simul::closed_error>(std::move(writes)));
    }
}

SIMUL_TEST(Stream, WhoReadsHearsOfAnAbortThatComesWithTheEnd)
{
    for (int turns = 0; turns < 10; ++turns) { // in one of them the end has come, and the reader has not gone on
        auto [mine, peer] = simul::unix_::pair();
        auto reads = simul::spawn(mine.fetch());
        co_await simul::sleep(1ms);
        peer.abort();
        for (int i = 0; i < turns; ++i)
            co_await simul::yield();
        mine.abort();
        const std::string said = co_await error_of(reads);
        EXPECT_TRUE(said.empty() || said == "the stream was closed while it was being read") << said;
    }
}

SIMUL_TEST(Stream, ACloseThatIsCancelledIsClosed)
{
    auto [mine, peer] = simul::unix_::pair();
    const bytes much(500'000, 'm');
    auto writes = simul::spawn(mine.write(much));
    co_await simul::yield();
    EXPECT_FALSE(co_await simul::move_on_after(1s, mine.close()));
    EXPECT_FALSE(mine);
    EXPECT_TRUE(co_await raises<simul::closed_error>(std::move(writes)));
}

SIMUL_TEST(Stream, CloseRaisesWhatKeptTheRestFromBeingSent)
{
    auto [mine, peer] = simul::unix_::pair();
    auto writes = simul::spawn([](stream& s) -> task<> { co_await s.write(bytes(500'000, 'm')); }, std::ref(mine));
    auto closes = simul::spawn(
        [](stream& s) -> task<> {
            co_await simul::sleep(1ms);
            co_await s.close();
        },
        std::ref(mine));
    co_await simul::sleep(1s);
    peer.abort();
    EXPECT_TRUE(co_await raises<simul::error>(std::move(writes)));
    EXPECT_TRUE(co_await raises<simul::error>(std::move(closes)));
}

SIMUL_TEST(Stream, AClosedOneSaysSo)
{
    stream closed;
    EXPECT_FALSE(closed);
    EXPECT_EQ(co_await error_of(closed.read_some()), "read_some: the stream is closed");
    EXPECT_EQ(co_await error_of(closed.write("x")), "write: the stream is closed");
    EXPECT_EQ(closed.native_handle(), -1);
    EXPECT_EQ(closed.local().family(), simul::address_family::none);
    co_await closed.close();
}

SIMUL_TEST(Stream, WhoReadsWhileItIsClosedIsTold)
{
    auto [mine, peer] = simul::unix_::pair();
    auto reads = simul::spawn(mine.read_some());
    co_await simul::yield();
    co_await mine.close();
    EXPECT_EQ(co_await error_of(std::move(reads)), "the stream was closed while it was being read");
}

SIMUL_TEST(Stream, ADestroyedOneEndsThePeersReads)
{
    auto ends = std::make_unique<std::pair<stream, stream>>(simul::unix_::pair());
    stream peer = std::move(ends->second);
    auto reads = simul::spawn(peer.read_all());
    co_await simul::yield();
    ends.reset();
    EXPECT_EQ(co_await reads, "");
}

TEST(Stream, OutlivesItsLoopClosed)
{
    std::optional<std::pair<stream, stream>> ends;
    simul::run([&]() -> task<> {
        ends = simul::unix_::pair();
        co_await ends->first.write("never sent");
        static_cast<void>(co_await simul::move_on_after(1ms, ends->second.read_exactly(100)));
    });
    EXPECT_EQ(ends->first.unsent(), 0U);
    outcome::simulate([&]() -> task<> {
        EXPECT_EQ(co_await error_of(ends->first.read_some()), "read_some: the loop of this stream is closed");
    });
}

TEST(Stream, BelongsToItsLoop)
{
    simul::loop one({.backend = simul::backend::sim});
    std::optional<std::pair<stream, stream>> ends;
    one.run_until_complete([](auto& e) -> task<> {
        e = simul::unix_::pair();
        co_return;
    }(ends));
    outcome::simulate([&]() -> task<> {
        EXPECT_EQ(co_await error_of(ends->first.read_some()), "read_some: this stream belongs to another loop");
    });
    ends.reset();
}

TEST(Stream, GoesWithALoopThatIsClosedInTheMiddle)
{
    simul::loop loop({.backend = simul::backend::sim});
    auto waits = loop.launch([]() -> task<> {
        auto [mine, peer] = simul::unix_::pair();
        const bytes much(1'000'000, 'm');
        co_await simul::gather(peer.write_all(much), peer.flush(), mine.read_exactly(2 * much.size()));
    }());
    loop.set_error_handler([](const simul::problem&) {});
    for (int i = 0; i < 10; ++i)
        loop.call_soon([] {}), loop.run_once();
    loop.close();
    EXPECT_THROW(waits.result(), simul::closed_error);
}

} // namespace
