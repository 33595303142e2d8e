// SPDX-License-Identifier: MIT
#include "../run/child_process.hpp"
#include "../task/outcome.hpp"

#include <simul/io/dns.hpp>
#include <simul/io/tcp.hpp>
#include <simul/io/unix_socket.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/fault.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/testing/problems.hpp>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::error_of;
using outcome::raises;
using simul::address;
using simul::bytes;
using simul::stream;
using simul::task;
namespace tcp = simul::tcp;
namespace fault = simul::testing::fault;

task<> echo(stream& peer)
{
    while (true) {
        const bytes got = co_await peer.read_some();
        if (got.empty())
            break;
        co_await peer.write(got);
    }
}

task<bytes> ask(address at, bytes question)
{
    stream peer = co_await tcp::connect(at);
    co_await peer.write(question);
    co_await peer.shutdown();
    bytes answer = co_await peer.read_all();
    co_await peer.close();
    co_return answer;
}

// ---- both ends, in virtual time and for real

task<> echo_to_many(int clients, std::size_t size)
{
    auto door = tcp::listen("127.0.0.1:0");
    auto serving = simul::spawn(door.serve(echo));
    const bytes question(size, 'q');
    std::vector<task<bytes>> asks;
    for (int i = 0; i < clients; ++i)
        asks.push_back(ask(door.local(), question));
    for (const bytes& answer : co_await simul::gather(std::move(asks)))
        EXPECT_EQ(answer, question);
    door.close();
    co_await serving;
}

SIMUL_TEST(Tcp, ServesManyAtOnce)
{
    co_await echo_to_many(100, 10'000);
}
SIMUL_TEST_REAL(Tcp, ServesManyAtOnceForReal)
{
    co_await echo_to_many(100, 10'000);
}

SIMUL_TEST_REAL(Tcp, EchoesAMegabyteAndHalfCloses)
{
    co_await echo_to_many(1, 1 << 20);
}

SIMUL_TEST_REAL(Tcp, ASlowReaderHoldsTheWriterUp)
{
    auto door = tcp::listen("127.0.0.1:0");
    stream mine = co_await tcp::connect(door.local());
    stream peer = co_await door.accept();
    const bytes piece(64 * 1024, 'p');
    std::size_t written = 0;
    auto writes = simul::spawn(
        [](stream& s, const bytes& data, std::size_t& count) -> task<> {
            for (; count < 1000; ++count)
                co_await s.write(data);
        },
        std::ref(mine), std::cref(piece), std::ref(written));
    std::size_t before = 0;
    do {
        before = written;
        co_await simul::sleep(50ms);
    } while (written != before);
    EXPECT_LT(written, 1000U);
    EXPECT_LE(mine.unsent(), 2 * 64U * 1024);
    EXPECT_EQ((co_await peer.read_exactly(1000 * piece.size())).size(), 1000 * piece.size());
    co_await writes;
}

SIMUL_TEST_REAL(Tcp, ManySmallWritesArriveWhole)
{
    auto door = tcp::listen("127.0.0.1:0");
    stream mine = co_await tcp::connect(door.local());
    stream peer = co_await door.accept();
    auto reads = simul::spawn(peer.read_all());
    for (int i = 0; i < 20'000; ++i)
        co_await mine.write("0123456789");
    co_await mine.close();
    EXPECT_EQ((co_await reads).size(), 200'000U);
}

SIMUL_TEST_REAL(Tcp, AResetIsAnErrorForReaderAndWriter)
{
    auto door = tcp::listen("127.0.0.1:0");
    stream mine = co_await tcp::connect(door.local());
    stream peer = co_await door.accept();
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(peer.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer.abort();
    const std::string who = door.local().text();
    EXPECT_EQ(co_await error_of(mine.read_some()), "read from " + who + ": Connection reset by peer");
    co_await mine.write("x");
    EXPECT_EQ(co_await error_of(mine.flush()), "write to " + who + ": Broken pipe");
}

SIMUL_TEST_REAL(Tcp, TakesTheSystemsOptions)
{
    auto door = tcp::listen("127.0.0.1:0");
    stream mine = co_await tcp::connect(door.local());
    mine.set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
    int on = 0;
    socklen_t size = sizeof on;
    EXPECT_EQ(::getsockopt(mine.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &on, &size), 0);
    EXPECT_EQ(on, 1);
    EXPECT_THROW(mine.set_option(SOL_SOCKET, -5, 1), simul::error);
}

SIMUL_TEST(Tcp, KnowsItsAddresses)
{
    auto door = tcp::listen("127.0.0.1:0");
    EXPECT_EQ(door.local().host(), "127.0.0.1");
    EXPECT_NE(door.local().port(), 0);
    stream mine = co_await tcp::connect(door.local());
    stream peer = co_await door.accept();
    EXPECT_EQ(mine.peer(), door.local());
    EXPECT_EQ(mine.local(), peer.peer());
}

SIMUL_TEST_REAL(Tcp, AForkedChildLetsGoOfItsCopies)
{
    auto door = tcp::listen("127.0.0.1:0");
    auto accepts = simul::spawn(door.accept());
    stream mine = co_await tcp::connect(door.local());
    stream peer = co_await accepts;
    auto reads = simul::spawn(mine.read_some());
    co_await simul::yield();
    const int child = simul_test::outcome_of_child([&] {
        const int fd = peer.native_handle();
        peer.abort();
        mine.abort(); // which is being read
        door.close();
        return ::fcntl(fd, F_GETFD) == -1 ? 0 : 1;
    });
    EXPECT_EQ(child, 0);
    co_await peer.write("still here");
    EXPECT_EQ(co_await reads, "still here");
}

// ---- connecting

SIMUL_TEST(Tcp, SaysWhereNobodyListens)
{
    EXPECT_EQ(co_await error_of(tcp::connect(address::parse("127.0.0.1:9"))),
              "connect to 127.0.0.1:9: Connection refused");
    EXPECT_EQ(co_await error_of(tcp::connect("127.0.0.1", 9)), "connect to 127.0.0.1:9: Connection refused");
    EXPECT_TRUE(co_await raises<simul::dns::lookup_error>(tcp::connect("nowhere.invalid", 9)));
}

SIMUL_TEST(Tcp, NamesEachAddressThatFailed)
{
    simul::dns::use_hosts({{"dead.example", {"127.0.0.1", "127.0.0.2"}}});
    EXPECT_EQ(co_await error_of(tcp::connect("dead.example", 9)),
              "connect to dead.example:9: connect to 127.0.0.1:9: Connection refused; "
              "connect to 127.0.0.2:9: Connection refused");
}

SIMUL_TEST(Tcp, TriesTheNextAddressAtOnceWhenOneFails)
{
    auto door = tcp::listen("127.0.0.3:0");
    simul::dns::use_hosts({{"host.example", {"127.0.0.1", "127.0.0.2", "127.0.0.3"}}});
    const auto begin = simul::now();
    stream peer = co_await tcp::connect("host.example", door.local().port());
    EXPECT_EQ(peer.peer().host(), "127.0.0.3");
    EXPECT_EQ(simul::now() - begin, 0s);
}

SIMUL_TEST(Tcp, ACancelledConnectLeavesNothingBehind)
{
    auto door = tcp::listen("127.0.0.1:0", {.backlog = 1});
    auto connects = simul::spawn(tcp::connect("127.0.0.1", door.local().port()));
    connects.cancel();
    EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(connects)));
}

// ---- listening

SIMUL_TEST(Tcp, AnAddressInUseIsNamed)
{
    auto door = tcp::listen("127.0.0.1:0");
    const std::string where = door.local().text();
    try {
        tcp::listen(door.local());
        ADD_FAILURE();
    } catch (const simul::error& problem) {
        EXPECT_EQ(problem.what(), "listen at " + where + ": Address already in use");
    }
    EXPECT_THROW(tcp::listen(address::unix_path("/x")), simul::error);
    co_return;
}

SIMUL_TEST_REAL(Tcp, SeveralListenersShareAPort)
{
    auto one = tcp::listen("127.0.0.1:0", {.share_port = true});
    auto two = tcp::listen(one.local(), {.share_port = true});
    int first = 0;
    int second = 0;
    const auto counting = [](int& count) {
        return [&count](stream& peer) -> task<> {
            ++count;
            co_await peer.write("hello");
        };
    };
    auto serves = simul::spawn([](simul::listener& a, simul::listener& b, auto f,
                                  auto g) -> task<> { co_await simul::gather(a.serve(f), b.serve(g)); },
                               std::ref(one), std::ref(two), counting(first), counting(second));
    const address at = one.local();
    for (int i = 0; i < 64; ++i)
        EXPECT_EQ(co_await ask(at, ""), "hello");
    EXPECT_EQ(first + second, 64);
    EXPECT_GT(first, 0);
    EXPECT_GT(second, 0);
    one.close();
    two.close();
    co_await serves;
}

SIMUL_TEST(Listener, ClosedSaysSoToWhoAccepts)
{
    simul::listener none;
    EXPECT_EQ(co_await error_of(none.accept()), "accept: the listener is closed");
    auto door = tcp::listen("127.0.0.1:0");
    auto accepts = simul::spawn(door.accept());
    co_await simul::yield();
    door.close();
    EXPECT_EQ(co_await error_of(std::move(accepts)), "accept: the listener was closed");
    EXPECT_FALSE(door);
}

SIMUL_TEST(Listener, ACancelledAcceptLosesNoConnection)
{
    auto door = tcp::listen("127.0.0.1:0");
    for (int i = 0; i < 3; ++i) {
        auto accepts = simul::spawn(door.accept());
        co_await simul::yield();
        accepts.cancel();
        EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(accepts)));
    }
    stream mine = co_await tcp::connect(door.local());
    stream peer = co_await door.accept();
    co_await mine.write("here");
    EXPECT_EQ(co_await peer.read_some(), "here");
}

SIMUL_TEST(Listener, AHandlerThatFailsIsReportedAndItsConnectionClosed)
{
    auto door = tcp::listen("127.0.0.1:0");
    auto serves = simul::spawn(door.serve([](stream& peer) -> task<> {
        co_await peer.write("never sent");
        throw std::runtime_error("it failed");
    }));
    EXPECT_EQ(co_await ask(door.local(), ""), "");
    door.close();
    co_await serves;
    EXPECT_EQ(simul::testing::problems().size(), 1U);
}

SIMUL_TEST(Listener, HoldsNoMoreConnectionsThanItsLimit)
{
    auto door = tcp::listen("127.0.0.1:0");
    int now = 0;
    int most = 0;
    auto serves = simul::spawn(door.serve(
        [&](stream&) -> task<> {
            most = std::max(most, ++now);
            co_await simul::sleep(1s);
            --now;
        },
        {.limit = 3}));
    std::vector<task<bytes>> asks;
    for (int i = 0; i < 10; ++i)
        asks.push_back(ask(door.local(), ""));
    const auto begin = simul::now();
    co_await simul::gather(std::move(asks));
    EXPECT_EQ(most, 3);
    EXPECT_EQ(simul::now() - begin, 4s);
    door.close();
    co_await serves;
}

SIMUL_TEST(Listener, WhenServingIsCancelledSoAreItsHandlers)
{
    auto door = tcp::listen("127.0.0.1:0");
    int cancelled = 0;
    auto serves = simul::spawn(door.serve([&](stream& peer) -> task<> {
        try {
            co_await peer.read_all();
        } catch (const simul::cancelled&) {
            ++cancelled;
            throw;
        }
    }));
    stream one = co_await tcp::connect(door.local());
    stream two = co_await tcp::connect(door.local());
    co_await simul::sleep(1s);
    serves.cancel();
    EXPECT_TRUE(co_await raises<simul::cancelled>(std::move(serves)));
    EXPECT_EQ(cancelled, 2);
    EXPECT_EQ(co_await one.read_all(), "");
}

SIMUL_TEST(Listener, ClosingLetsHandlersFinish)
{
    auto door = tcp::listen("127.0.0.1:0");
    auto serves = simul::spawn(door.serve([](stream& peer) -> task<> {
        co_await simul::sleep(5s);
        co_await peer.write("done");
    }));
    auto asked = simul::spawn(ask(door.local(), ""));
    co_await simul::sleep(1s);
    const address at = door.local();
    door.close();
    EXPECT_EQ(co_await error_of(ask(at, "")), "connect to " + at.text() + ": Connection refused");
    EXPECT_EQ(co_await asked, "done");
    co_await serves;
}

SIMUL_TEST(Listener, SurvivesAShortageOfDescriptors)
{
    auto door = tcp::listen("127.0.0.1:0");
    fault::fail(fault::on::accept, 1, EMFILE);
    fault::fail(fault::on::accept, 2, EMFILE);
    auto serves = simul::spawn(door.serve(echo));
    const auto begin = simul::now();
    EXPECT_EQ(co_await ask(door.local(), "still there?"), "still there?");
    EXPECT_EQ(simul::now() - begin, 200ms);
    EXPECT_EQ(simul::testing::problems().size(), 1U) << "once, not each time";
    door.close();
    co_await serves;
}

SIMUL_TEST(Listener, ATransientErrorOfOneConnectionIsNoneOfTheListener)
{
    auto door = tcp::listen("127.0.0.1:0");
    fault::fail(fault::on::accept, 1, ECONNABORTED);
    auto serves = simul::spawn(door.serve(echo));
    EXPECT_EQ(co_await ask(door.local(), "x"), "x");
    door.close();
    co_await serves;
}

SIMUL_TEST(Listener, AnErrorOfItsOwnEndsServing)
{
    auto door = tcp::listen("127.0.0.1:0");
    fault::fail(fault::on::accept, 1, EINVAL);
    auto serves = simul::spawn(door.serve(echo));
    stream mine = co_await tcp::connect(door.local());
    EXPECT_TRUE(co_await raises<simul::error>(std::move(serves)));
}

SIMUL_TEST_REAL(Listener, SurvivesARealShortageOfDescriptors)
{
    auto door = tcp::listen("127.0.0.1:0");
    auto serves = simul::spawn(door.serve(echo));
    EXPECT_EQ(co_await ask(door.local(), "before"), "before");

    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = before.rlim_max};
    auto waiting = simul::spawn([](address at, rlimit to, rlimit back) -> task<bytes> {
        stream peer = co_await tcp::connect(at);
        ::setrlimit(RLIMIT_NOFILE, &to); // this one is connected, and can't be accepted
        co_await peer.write("after");
        co_await peer.shutdown();
        co_await simul::sleep(50ms);
        ::setrlimit(RLIMIT_NOFILE, &back);
        co_return co_await peer.read_all();
    }(door.local(), none, before));
    EXPECT_EQ(co_await waiting, "after");
    static_cast<void>(simul::testing::problems()); // the connection may have been accepted before the limit fell
    door.close();
    co_await serves;
}

// ---- Unix sockets

/// A folder that goes with the test.
class folder {
public:
    folder()
    {
        char name[] = "/tmp/simul-unix-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~folder() { std::filesystem::remove_all(path_); }
    std::string operator/(const char* name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

SIMUL_TEST_REAL(UnixSocket, ConnectsThroughAPathThatGoesWithItsListener)
{
    const folder in;
    const std::string path = in / "door";
    auto door = simul::unix_::listen(path, {.mode = 0600});
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
    stream mine = co_await simul::unix_::connect(path);
    stream peer = co_await door.accept();
    co_await mine.write("hello");
    EXPECT_EQ(co_await peer.read_some(), "hello");
    door.close();
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(co_await error_of(simul::unix_::connect(path)),
              "connect to unix:" + path + ": No such file or directory");
}

SIMUL_TEST_REAL(UnixSocket, TakesOverWhatWasLeftButNothingElse)
{
    const folder in;
    const std::string path = in / "door";
    auto door = simul::unix_::listen(path);
    EXPECT_THROW(simul::unix_::listen(path), simul::error) << "somebody listens there";
    std::filesystem::rename(path, in / "kept"); // as if it had crashed
    std::filesystem::create_symlink(in / "kept", in / "link");
    door.close();
    auto next = simul::unix_::listen(in / "kept");
    stream mine = co_await simul::unix_::connect(in / "kept");
    next.close();
    std::filesystem::create_directory(path);
    EXPECT_THROW(simul::unix_::listen(path), simul::error);
    EXPECT_TRUE(std::filesystem::is_directory(path));
}

SIMUL_TEST_REAL(UnixSocket, LeavesThePathToWhoHasTakenItOver)
{
    const folder in;
    const std::string path = in / "door";
    auto door = simul::unix_::listen(path);
    std::filesystem::remove(path);
    auto other = simul::unix_::listen(path);
    door.close();
    EXPECT_TRUE(std::filesystem::exists(path));
    co_await simul::unix_::connect(path);
}

SIMUL_TEST(UnixSocket, PairsTalkToEachOther)
{
    auto [one, other] = simul::unix_::pair();
    co_await one.write("a");
    co_await other.write("b");
    EXPECT_EQ(co_await other.read_some(), "a");
    EXPECT_EQ(co_await one.read_some(), "b");
}

} // namespace
