// SPDX-License-Identifier: MIT
#include <simul/io/file.hpp>

#include "file_fixture.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/timeout.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace file_tests;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<fs::file> && std::is_nothrow_move_constructible_v<fs::file>);

FILE_TEST(File, ReadsWhatWasWritten)
{
    fs::file f = co_await fs::open(dir / "a", "w+");
    co_await f.write("hello ");
    co_await f.write("world");
    EXPECT_EQ(co_await f.tell(), 11u);
    EXPECT_EQ(co_await f.read(10), "");
    EXPECT_EQ(co_await f.seek(0), 0u);
    EXPECT_EQ(co_await f.read(5), "hello");
    EXPECT_EQ(co_await f.tell(), 5u);
    EXPECT_EQ(co_await f.read(100), " world");
    co_await f.seek(6);
    EXPECT_EQ(co_await f.read_all(), "world");
    EXPECT_EQ(co_await f.read_all(), "");
    char room[4];
    co_await f.seek(1);
    EXPECT_EQ(co_await f.read(room), 4u);
    EXPECT_EQ(bytes_view(room, 4), "ello");
    EXPECT_EQ(co_await f.size(), 11u);
    EXPECT_EQ(f.path(), dir / "a");
    co_await f.close();
}

FILE_TEST(File, OpensInEveryModeOfPython)
{
    const std::string path = dir / "a";
    EXPECT_EQ(co_await errno_of(fs::open(path)), ENOENT);
    EXPECT_EQ(co_await errno_of(fs::open(path, "r+")), ENOENT);
    {
        fs::file f = co_await fs::open(path, "x");
        co_await f.write("one");
    }
    EXPECT_EQ(co_await errno_of(fs::open(path, "x")), EEXIST);
    EXPECT_EQ(co_await errno_of(fs::open(path, "x+")), EEXIST);
    {
        fs::file f = co_await fs::open(path, "rb+");
        co_await f.write("O");
        EXPECT_EQ(co_await f.read_all(), "ne");
    }
    {
        fs::file f = co_await fs::open(path, "a");
        EXPECT_EQ(co_await f.tell(), 3u);
        co_await f.write(" two");
        EXPECT_EQ(co_await f.tell(), 7u);
        EXPECT_EQ(co_await message_of(f.read(1)), "read " + path + ": it was opened for writing only");
    }
    {
        fs::file f = co_await fs::open(path, "a+");
        EXPECT_EQ(co_await f.read_all(), "");
        co_await f.seek(0);
        EXPECT_EQ(co_await f.read(3), "One");
        co_await f.write("!"); // at the end all the same
        EXPECT_EQ(co_await f.tell(), 8u);
        co_await f.seek(0);
        EXPECT_EQ(co_await f.read_all(), "One two!");
    }
    {
        fs::file f = co_await fs::open(path);
        EXPECT_EQ(co_await message_of(f.write("x")), "write " + path + ": it was opened for reading only");
        EXPECT_EQ(co_await message_of(f.truncate()), "truncate " + path + ": it was opened for reading only");
    }
    {
        fs::file f = co_await fs::open(path, "w");
        EXPECT_EQ(co_await f.size(), 0u);
    }
    for (const char* mode : {"", "q", "rw", "r++", "+", "rt", "ar"})
        EXPECT_EQ(co_await errno_of(fs::open(path, mode)), EINVAL) << mode;
}

SIMUL_TEST(File, SaysWhatIsWrong)
{
    EXPECT_EQ(co_await message_of(fs::open("/tmp/nothing")), "open /tmp/nothing: No such file or directory");
    EXPECT_EQ(co_await message_of(fs::open(std::string("/tmp/a\0b", 8))),
              "open /tmp/a...: the path has a zero byte in it");
    EXPECT_EQ(co_await message_of(fs::open("/tmp/a", "rw")),
              "open /tmp/a: there is no mode \"rw\": use r, w, a or x, and + behind it to read and write");
    fs::file f = co_await fs::open("/tmp/a", "w+");
    EXPECT_EQ(co_await message_of(f.seek(-1)), "seek /tmp/a: -1 is no place in a file");
    co_await f.write("abc");
    co_await f.seek(0);
    EXPECT_EQ(co_await message_of(f.read_exactly(10)), "read_exactly /tmp/a: it ends after 3 of 10 bytes");
    fault::fail(fault::on::read, 1, EIO);
    EXPECT_EQ(co_await message_of(f.read(3)), "read /tmp/a: Input/output error");
    fault::fail(fault::on::sync, 1, EIO);
    EXPECT_EQ(co_await message_of(f.sync()), "sync /tmp/a: Input/output error");
    co_await f.close();
    EXPECT_EQ(co_await message_of(f.read(3)), "read of closed file /tmp/a");
    CO_ASSERT_THROW(co_await f.write("x"), simul::closed_error);
    CO_ASSERT_THROW(co_await f.tell(), simul::closed_error);
    fs::file moved_from = std::move(f);
    CO_ASSERT_THROW(co_await f.read(1), simul::closed_error); // NOLINT(bugprone-use-after-move)
    CO_ASSERT_THROW(co_await fs::file().write("x"), simul::closed_error);
}

FILE_TEST(File, ClosesTwiceAndByItself)
{
    fs::file f = co_await fs::open(dir / "a", "w");
    EXPECT_FALSE(f.closed());
    EXPECT_GE(f.native_handle(), 0);
    co_await f.close();
    EXPECT_TRUE(f.closed());
    EXPECT_EQ(f.native_handle(), -1);
    co_await f.close();
    fs::file never;
    co_await never.close();
    EXPECT_TRUE(never.closed());
    fs::file left_open = co_await fs::open(dir / "a"); // the test's check for leaks looks at it
    left_open = co_await fs::open(dir / "a");
    co_await simul::with(fs::open(dir / "a"),
                         [](fs::file& each) -> task<> { EXPECT_EQ(co_await each.read_all(), ""); });
}

FILE_TEST(File, CallsTakeEffectInTheOrderInWhichTheyBegan)
{
    fs::file f = co_await fs::open(dir / "a", "w+");
    std::vector<std::string> lines;
    std::string all;
    for (int i = 0; i < 50; ++i)
        all +=
            lines.emplace_back("line " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 7), '.') + "\n");
    std::vector<task<>> writes;
    for (const std::string& line : lines)
        writes.push_back(f.write(line));
    co_await simul::gather(writes);
    auto [there, found, left, closed] =
        co_await simul::gather(f.seek(0), f.read(all.size()), f.truncate(3),
                               [](fs::file& of) -> task<int> { co_return co_await errno_of(of.close()); }(f));
    EXPECT_EQ(there, 0u);
    EXPECT_EQ(found, all);
    EXPECT_EQ(left, 3u);
    EXPECT_EQ(closed, 0);
    EXPECT_EQ(co_await fs::read(dir / "a"), "lin");
}

FILE_TEST(File, ReadsAtPlacesBesideEachOtherAndBehindWrites)
{
    fs::file f = co_await fs::open(dir / "a", "w+");
    char room[2];
    auto [first, second, nothing, into] = co_await simul::gather(
        f.write_at(0, "0123456789"), f.read_at(2, 3), f.read_at(8, 100), f.read_at(10, 1), f.read_at(4, room));
    EXPECT_EQ(first, "234");
    EXPECT_EQ(second, "89");
    EXPECT_EQ(nothing, "");
    EXPECT_EQ(into, 2u);
    EXPECT_EQ(bytes_view(room, 2), "45");
    EXPECT_EQ(co_await f.tell(), 0u);
    co_await f.write_at(12, "x"); // zeros between
    EXPECT_EQ(co_await f.read_all(), std::string("0123456789\0\0x", 13));
    fs::file a = co_await fs::open(dir / "a", "a");
    EXPECT_EQ(co_await errno_of(a.write_at(0, "x")), EINVAL);
}

FILE_TEST(File, ReadsLines)
{
    co_await fs::write(dir / "a", "one\r\ntwo\n\nthree\rthree\nfour");
    fs::file f = co_await fs::open(dir / "a", "r+");
    EXPECT_EQ(co_await f.read_line(), "one");
    EXPECT_EQ(co_await f.tell(), 5u);
    EXPECT_EQ(co_await f.read(2), "tw");
    EXPECT_EQ(co_await f.read_line(), "o");
    EXPECT_EQ(co_await f.read_line(), "");
    EXPECT_EQ(co_await f.read_line(), "three\rthree");
    EXPECT_EQ(co_await f.read_line(), "four");
    EXPECT_EQ(co_await f.read_line(), std::nullopt);
    co_await f.write("\nfive\n"); // where the reading ended
    co_await f.seek(-10, fs::from::end);
    EXPECT_EQ(co_await f.read_line(), "four");
    co_await f.write_at(co_await f.tell(), "FIVE"); // what was read ahead is read again
    EXPECT_EQ(co_await f.read_line(), "FIVE");
    co_await f.seek(0);
    names found;
    auto lines = f.lines();
    while (auto line = co_await lines.next())
        found.push_back(*line);
    EXPECT_EQ(found, (names{"one", "two", "", "three\rthree", "four", "FIVE"}));
}

FILE_TEST(File, AppendsInOnePieceHoweverLarge)
{
    const std::string large(17 * 1024 * 1024, 'x');
    fs::file f = co_await fs::open(dir / "a", "a");
    co_await f.write(large);
    co_await fs::append(dir / "a", large);
    EXPECT_EQ(co_await f.size(), 2 * large.size());
}

FILE_TEST(File, RefusesALineThatIsTooLong)
{
    co_await fs::write(dir / "a", "12345\n123456\n12345");
    fs::file f = co_await fs::open(dir / "a");
    EXPECT_EQ(co_await f.read_line(5), "12345");
    CO_ASSERT_THROW(co_await f.read_line(5), simul::limit_exceeded);
    EXPECT_EQ(co_await f.tell(), 6u);
    EXPECT_EQ(co_await f.read_line(6), "123456");
    EXPECT_EQ(co_await f.read_line(5), "12345");
}

FILE_TEST(File, ReadsMoreThanOneBlock)
{
    std::string content;
    for (int i = 0; content.size() < 3'000'000; ++i)
        content += "line " + std::to_string(i) + (i % 1000 == 0 ? std::string(70'000, 'x') : "") + "\n";
    co_await fs::write(dir / "a", content);
    fs::file f = co_await fs::open(dir / "a");
    EXPECT_TRUE(co_await f.read_all() == content);
    co_await f.seek(0);
    EXPECT_TRUE(co_await f.read(2'500'000) == content.substr(0, 2'500'000));
    EXPECT_EQ(co_await f.tell(), 2'500'000u);
    EXPECT_TRUE(co_await f.read_at(100, 2'000'000) == content.substr(100, 2'000'000));
    EXPECT_TRUE(co_await f.read_at(content.size() - 5, 2'000'000) == content.substr(content.size() - 5));
    co_await f.seek(0);
    std::string joined;
    auto lines = f.lines();
    while (auto line = co_await lines.next())
        joined += *line + "\n";
    EXPECT_TRUE(joined == content);
}

FILE_TEST(File, ReadsExactlyOrNotAtAll)
{
    co_await fs::write(dir / "a", "123456");
    fs::file f = co_await fs::open(dir / "a");
    EXPECT_EQ(co_await f.read_exactly(4), "1234");
    CO_ASSERT_THROW(co_await f.read_exactly(3), simul::end_of_stream);
    EXPECT_EQ(co_await f.read_exactly(2), "56");
    EXPECT_EQ(co_await f.read_exactly(0), "");
}

FILE_TEST(File, Truncates)
{
    fs::file f = co_await fs::open(dir / "a", "w+");
    co_await f.write("0123456789");
    EXPECT_EQ(co_await f.truncate(6), 6u);
    EXPECT_EQ(co_await f.tell(), 10u);
    co_await f.seek(4);
    EXPECT_EQ(co_await f.truncate(), 4u);
    EXPECT_EQ(co_await f.truncate(5), 5u);
    co_await f.seek(0);
    EXPECT_EQ(co_await f.read_all(), std::string("0123\0", 5));
    co_await f.sync();
    co_await f.sync_data();
}

FILE_TEST(File, GoesWhereItIsMoved)
{
    fs::file first = co_await fs::open(dir / "a", "w+");
    auto writing = simul::spawn(first.write("moved"));
    fs::file second = std::move(first);
    co_await writing;
    co_await second.seek(0);
    EXPECT_EQ(co_await second.read_all(), "moved");
}

FILE_TEST(File, ATemporaryFileHasNoName)
{
    fs::file f = co_await fs::temp_file(dir.path());
    co_await f.write("abc");
    co_await f.seek(0);
    EXPECT_EQ(co_await f.read_all(), "abc");
    EXPECT_EQ(co_await names_in(dir.path()), names{});
    EXPECT_EQ(co_await errno_of(fs::temp_file(dir / "nothing")), ENOENT);
    fs::file anywhere = co_await fs::temp_file();
}

FILE_TEST(File, ACancelledCallLeavesItUsable)
{
    co_await fs::write(dir / "a", "0123456789");
    fs::file f = co_await fs::open(dir / "a", "r+");
    // Whether it was done by then or not, the position fits to what was returned.
    for (int turns = 0; turns < 4; ++turns) {
        const std::uint64_t before = co_await f.tell();
        auto reading = simul::spawn(f.read(2));
        for (int i = 0; i < turns; ++i)
            co_await simul::yield();
        reading.cancel();
        bytes got;
        try {
            got = co_await reading;
        } catch (const simul::cancelled&) {
        }
        EXPECT_EQ(co_await f.tell(), before + got.size());
    }
    co_await f.seek(8);
    EXPECT_EQ(co_await f.read(2), "89");
    auto closing = simul::spawn(f.close());
    closing.cancel(); // before it began
    CO_ASSERT_THROW(co_await closing, simul::cancelled);
    EXPECT_FALSE(f.closed());
    EXPECT_EQ(co_await f.tell(), 10u);
}

// ---- with faults

SIMUL_TEST(File, SurvivesShortTransfers)
{
    fault::short_transfers(true);
    fs::file f = co_await fs::open("/tmp/a", "w+");
    co_await f.write("one\ntwo\n");
    co_await f.write_at(8, "three");
    co_await f.seek(0);
    EXPECT_EQ(co_await f.read(6), "one\ntw");
    EXPECT_EQ(co_await f.read_all(), "o\nthree");
    co_await f.seek(0);
    EXPECT_EQ(co_await f.read_line(), "one");
    EXPECT_EQ(co_await f.read_line(), "two");
    EXPECT_EQ(co_await f.read_exactly(5), "three");
    EXPECT_EQ(co_await f.read_at(1, 100), "ne\ntwo\nthree");
    EXPECT_EQ(co_await fs::read("/tmp/a"), "one\ntwo\nthree");
}

SIMUL_TEST(File, AFailedReadLeavesThePosition)
{
    fs::file f = co_await fs::open("/tmp/a", "w+");
    co_await f.write("0123456789");
    co_await f.seek(2);
    fault::short_transfers(true);
    for (unsigned nth = 1; nth <= 3; ++nth) {
        fault::fail(fault::on::read, nth, EIO);
        EXPECT_EQ(co_await errno_of(f.read(5)), EIO);
        EXPECT_EQ(co_await f.tell(), 2u);
        fault::fail(fault::on::read, nth, EIO);
        EXPECT_EQ(co_await errno_of(f.read_line()), EIO);
        EXPECT_EQ(co_await f.tell(), 2u);
    }
    EXPECT_EQ(co_await f.read_exactly(8), "23456789");
    fault::fail(fault::on::read, 3, EIO);
    EXPECT_EQ(co_await errno_of(f.read_at(0, 5)), EIO);
}

SIMUL_TEST(File, AFullDiskTellsHowFarAWriteCame)
{
    fs::file f = co_await fs::open("/tmp/a", "w+");
    fault::disk_size(4);
    EXPECT_EQ(co_await message_of(f.write("0123456")), "write /tmp/a: No space left on device");
    EXPECT_EQ(co_await f.tell(), 4u);
    co_await f.seek(0);
    EXPECT_EQ(co_await f.read_all(), "0123");
    EXPECT_EQ(co_await errno_of(f.truncate(5)), ENOSPC);
    fs::file a = co_await fs::open("/tmp/a", "a");
    EXPECT_EQ(co_await errno_of(a.write("45")), ENOSPC);
    fault::disk_size(5);
    EXPECT_EQ(co_await message_of(a.write("45")), "write /tmp/a: only 1 of 2 bytes were appended");
    EXPECT_EQ(co_await fs::read("/tmp/a"), "01234");
}

SIMUL_TEST(File, IsClosedAlsoWhereThatFails)
{
    fs::file f = co_await fs::open("/tmp/a", "w+");
    fault::fail(fault::on::close, 1, EIO);
    EXPECT_EQ(co_await message_of(f.close()), "close /tmp/a: Input/output error");
    EXPECT_TRUE(f.closed());
}

// ---- what only the system has

SIMUL_TEST_REAL(FileOfSystem, AFifoIsReadAndWritten)
{
    fs::temp_directory dir = co_await fs::temp_dir();
    const std::string path = dir / "fifo";
    CO_ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(co_await errno_of(fs::open(path, "w")), ENXIO); // nobody reads, and nobody is waited for
    fs::file nobody = co_await fs::open(path);
    EXPECT_EQ(co_await nobody.read(5), "");
    co_await nobody.close();

    fs::file both = co_await fs::open(path, "r+");
    EXPECT_EQ(co_await errno_of(both.seek(0)), ESPIPE);
    auto reading = simul::spawn(both.read_line());
    co_await simul::yield();
    fs::file writer = co_await fs::open(path, "a");
    co_await writer.write("hello\nand more");
    EXPECT_EQ(co_await reading, "hello");
    EXPECT_EQ(co_await both.read(8), "and more");
    auto cancelled = simul::spawn(both.read(2));
    co_await writer.write("x");
    co_await simul::sleep(5ms);
    cancelled.cancel(); // it has one byte of two, which isn't lost
    CO_ASSERT_THROW(co_await cancelled, simul::cancelled);
    co_await writer.write("y");
    EXPECT_EQ(co_await both.read(2), "xy");
    co_await dir.close();
}

SIMUL_TEST_REAL(FileOfSystem, FilesOfProcHaveNoSize)
{
    const bytes limits = co_await fs::read("/proc/self/limits");
    EXPECT_NE(limits.find("Max open files"), bytes::npos);
    fs::file f = co_await fs::open("/proc/self/limits");
    EXPECT_EQ(co_await f.read_all(), limits);
}

SIMUL_TEST_REAL(FileOfSystem, ADeviceThatIsFull)
{
    fs::file full = co_await fs::open("/dev/full", "r+");
    EXPECT_EQ(co_await errno_of(full.write("x")), ENOSPC);
    EXPECT_EQ(co_await full.read(3), std::string(3, '\0'));
    EXPECT_EQ(co_await errno_of(fs::write("/dev/full", "x")), ENOSPC);
}

SIMUL_TEST_REAL(FileOfSystem, OthersGoOnWhileOneIsRead)
{
    fs::temp_directory dir = co_await fs::temp_dir();
    co_await fs::write(dir / "a", std::string(20'000'000, 'x'));
    int turns = 0;
    auto ticking = simul::spawn([](int& count) -> task<> {
        for (;; ++count)
            co_await simul::yield();
    }(turns));
    EXPECT_EQ((co_await fs::read(dir / "a")).size(), 20'000'000u);
    EXPECT_GT(turns, 10);
    ticking.cancel();
    co_await dir.close();
}

TEST(FileOfSystem, IsUsedFromSeveralLoops)
{
    fs::file shared;
    simul::run([](fs::file& made) -> task<> { made = co_await fs::temp_file("/tmp"); }(shared));
    simul::run([](fs::file& used) -> task<> {
        co_await used.write("abc");
        co_await used.seek(0);
        EXPECT_EQ(co_await used.read_all(), "abc");
    }(shared));
    const int fd = shared.native_handle();
    shared = fs::file(); // outside of any
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(File, AnOpenThatItsLoopNeverHeardOfLeavesNoDescriptor)
{
    const auto open_now = [] {
        int count = 0;
        for (int fd = 0; fd < 256; ++fd)
            count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        return count;
    };
    const int before = open_now();
    for (int round = 0; round < 32; ++round) {
        simul::loop loop;
        loop.set_error_handler([](const simul::problem&) {});
        const auto opens = loop.launch([]() -> simul::task<> { const fs::file f = co_await fs::open("/dev/null"); }());
        for (int turn = 0; turn < round % 4; ++turn) {
            loop.call_soon([] {});
            loop.run_once();
        }
        loop.close();
    }
    EXPECT_EQ(open_now(), before);
}

} // namespace
