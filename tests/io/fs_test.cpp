// SPDX-License-Identifier: MIT
#include <simul/io/fs.hpp>

#include "file_fixture.hpp"

#include "../run/child_process.hpp"

#include <simul/run/run.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace file_tests;

// ---- whole files

FILE_TEST(Fs, ReadsAndWritesWholeFiles)
{
    const std::string path = dir / "a";
    EXPECT_EQ(co_await message_of(fs::read(path)), "open " + path + ": No such file or directory");
    co_await fs::write(path, "hello");
    EXPECT_EQ(co_await fs::read(path), "hello");
    co_await fs::write(path, "");
    EXPECT_EQ(co_await fs::read(path), "");
    co_await fs::write(path, std::string("\0\n\xff", 3));
    EXPECT_EQ(co_await fs::read(path), std::string("\0\n\xff", 3));
    const std::string large(3'000'000, 'x');
    co_await fs::write(path, large);
    EXPECT_TRUE(co_await fs::read(path) == large);
    co_await fs::write(path, "small again", {.sync = true});
    EXPECT_EQ(co_await fs::read(path), "small again");
    EXPECT_EQ(co_await message_of(fs::write(dir / "no/a", "")),
              "write " + (dir / "no/a") + ": No such file or directory");
    EXPECT_EQ(co_await errno_of(fs::write(dir.path(), "")), EISDIR);
    EXPECT_EQ(co_await errno_of(fs::read(dir.path())), EISDIR);
}

FILE_TEST(Fs, AppendsLinesWhole)
{
    const std::string path = dir / "log";
    std::vector<std::string> lines;
    std::vector<task<>> appends;
    for (int i = 0; i < 50; ++i)
        lines.push_back("line " + std::to_string(i) + "\n");
    for (const std::string& line : lines)
        appends.push_back(fs::append(path, line));
    co_await simul::gather(appends);
    std::vector<std::string> found;
    fs::file f = co_await fs::open(path);
    while (auto line = co_await f.read_line())
        found.push_back(*line + "\n");
    std::ranges::sort(found);
    std::ranges::sort(lines);
    EXPECT_EQ(found, lines);
    co_await fs::append(dir / "b", "one", {.sync = true});
    co_await fs::append(dir / "b", " two", {.sync = true});
    EXPECT_EQ(co_await fs::read(dir / "b"), "one two");
}

FILE_TEST(Fs, ReplacesAtomically)
{
    const std::string path = dir / "a";
    co_await fs::write(path, "first", {.atomic = true});
    EXPECT_EQ((co_await fs::stat(path)).permissions, 0644u); // of a umask of 022
    {
        fs::file old = co_await fs::open(path);
        co_await fs::write(path, "second", {.atomic = true, .sync = true});
        EXPECT_EQ(co_await old.read_all(), "first"); // who reads it isn't disturbed
    }
    EXPECT_EQ(co_await fs::read(path), "second");
    EXPECT_EQ(co_await names_in(dir.path()), names{"a"});
    EXPECT_EQ(co_await errno_of(fs::write(dir.path(), "x", {.atomic = true})), EISDIR);
    EXPECT_EQ(co_await errno_of(fs::write(dir / "no/a", "x", {.atomic = true})), ENOENT);
}

FILE_TEST(Fs, ReplacesWhatALinkLeadsTo)
{
    co_await fs::mkdir(dir / "d");
    co_await fs::symlink("d/a", dir / "near");
    co_await fs::symlink(dir / "near", dir / "far");
    co_await fs::write(dir / "far", "text", {.atomic = true});
    EXPECT_EQ(co_await fs::read(dir / "d/a"), "text");
    EXPECT_EQ((co_await fs::stat(dir / "near", {.follow_links = false})).type, fs::file_type::symlink);
    EXPECT_EQ(co_await names_in(dir / "d"), names{"a"});
    co_await fs::symlink("loop", dir / "loop");
    EXPECT_EQ(co_await errno_of(fs::write(dir / "loop", "", {.atomic = true})), ELOOP);
}

FILE_TEST(Fs, KeepsPermissions)
{
    co_await fs::write(dir / "a", "#!/bin/sh", {.permissions = 0700});
    EXPECT_EQ((co_await fs::stat(dir / "a")).permissions, 0700u);
    co_await fs::write(dir / "a", "#!/bin/dash", {.atomic = true});
    EXPECT_EQ((co_await fs::stat(dir / "a")).permissions, 0700u);
    EXPECT_EQ(co_await fs::copy(dir / "a", dir / "b"), 11u);
    EXPECT_EQ((co_await fs::stat(dir / "b")).permissions, 0700u);
}

FILE_TEST(Fs, Copies)
{
    const std::string content(100'000, 'x');
    co_await fs::write(dir / "a", content);
    EXPECT_EQ(co_await fs::copy(dir / "a", dir / "b"), content.size());
    EXPECT_TRUE(co_await fs::read(dir / "b") == content);
    co_await fs::write(dir / "a", "");
    EXPECT_EQ(co_await errno_of(fs::copy(dir / "a", dir / "b", {.replace = false})), EEXIST);
    EXPECT_TRUE(co_await fs::read(dir / "b") == content);
    EXPECT_EQ(co_await fs::copy(dir / "a", dir / "b"), 0u);
    EXPECT_EQ(co_await fs::read(dir / "b"), "");
    EXPECT_EQ(co_await fs::copy(dir / "b", dir / "b"), 0u);
    EXPECT_EQ(co_await errno_of(fs::copy(dir.path(), dir / "c")), EISDIR);
    EXPECT_EQ(co_await errno_of(fs::copy(dir / "a", dir.path())), EISDIR);
    EXPECT_EQ(co_await errno_of(fs::copy(dir / "no", dir / "c")), ENOENT);
    EXPECT_EQ(co_await names_in(dir.path()), (names{"a", "b"}));
}

// ---- paths and directories

FILE_TEST(Fs, TellsWhatIsAtAPath)
{
    const std::string path = dir / "a";
    EXPECT_FALSE(co_await fs::exists(path));
    EXPECT_FALSE(co_await fs::exists(path + "/b"));
    EXPECT_EQ(co_await message_of(fs::stat(path)), "stat " + path + ": No such file or directory");
    co_await fs::write(path, "12345");
    EXPECT_TRUE(co_await fs::exists(path));
    EXPECT_FALSE(co_await fs::exists(path + "/b"));
    const fs::status found = co_await fs::stat(path);
    EXPECT_TRUE(found.is_file());
    EXPECT_EQ(found.size, 5u);
    EXPECT_EQ(found.links, 1u);
    EXPECT_EQ(found.modified, found.changed);
    EXPECT_TRUE((co_await fs::stat(dir.path())).is_directory());
    co_await fs::symlink("nothing", dir / "link");
    EXPECT_FALSE(co_await fs::exists(dir / "link"));
    EXPECT_EQ(co_await errno_of(fs::stat(dir / "link")), ENOENT);
    EXPECT_EQ((co_await fs::stat(dir / "link", {.follow_links = false})).size, 7u);
    EXPECT_EQ(co_await fs::read_link(dir / "link"), "nothing");
    EXPECT_EQ(co_await errno_of(fs::read_link(path)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::symlink("x", dir / "link")), EEXIST);
}

FILE_TEST(Fs, ListsDirectories)
{
    co_await fs::mkdir(dir / "d/e", {.parents = true});
    co_await fs::write(dir / "d/e/deep", "");
    co_await fs::write(dir / "z", "");
    co_await fs::write(dir / "a", "");
    co_await fs::symlink("d", dir / "link");
    EXPECT_EQ(co_await names_in(dir.path()), (names{"a", "d", "link", "z"}));
    std::map<std::string, fs::file_type> all;
    for (const fs::entry& each : co_await fs::list(dir.path(), {.recursive = true}))
        all[each.name] = each.type;
    using enum fs::file_type;
    EXPECT_EQ(all, (std::map<std::string, fs::file_type>{{"a", regular},
                                                         {"d", directory},
                                                         {"d/e", directory},
                                                         {"d/e/deep", regular},
                                                         {"link", symlink},
                                                         {"z", regular}}));
    EXPECT_EQ(co_await errno_of(fs::list(dir / "a")), ENOTDIR);
    EXPECT_EQ(co_await errno_of(fs::list(dir / "no")), ENOENT);
    EXPECT_EQ(co_await names_in(dir / "link"), names{"e"});
}

FILE_TEST(Fs, MakesDirectories)
{
    co_await fs::mkdir(dir / "d", {.permissions = 0700});
    EXPECT_EQ((co_await fs::stat(dir / "d")).permissions, 0700u);
    EXPECT_EQ(co_await message_of(fs::mkdir(dir / "d")), "mkdir " + (dir / "d") + ": File exists");
    EXPECT_EQ(co_await errno_of(fs::mkdir(dir / "x/y")), ENOENT);
    co_await fs::mkdir(dir / "x//y/z/", {.parents = true});
    co_await fs::mkdir(dir / "x/y/z", {.parents = true});
    EXPECT_TRUE((co_await fs::stat(dir / "x/y/z")).is_directory());
    co_await fs::write(dir / "file", "");
    EXPECT_EQ(co_await errno_of(fs::mkdir(dir / "file", {.parents = true})), EEXIST);
    EXPECT_EQ(co_await errno_of(fs::mkdir(dir / "file/d", {.parents = true})), ENOTDIR);
}

FILE_TEST(Fs, Removes)
{
    co_await fs::write(dir / "a", "");
    co_await fs::mkdir(dir / "d/e", {.parents = true});
    EXPECT_EQ(co_await errno_of(fs::remove(dir / "d")), ENOTEMPTY);
    co_await fs::remove(dir / "d/e");
    co_await fs::remove(dir / "d");
    co_await fs::remove(dir / "a");
    EXPECT_EQ(co_await message_of(fs::remove(dir / "a")), "remove " + (dir / "a") + ": No such file or directory");
    EXPECT_EQ(co_await names_in(dir.path()), names{});
}

FILE_TEST(Fs, RemovesAllButWhatLinksLeadTo)
{
    co_await fs::mkdir(dir / "kept");
    co_await fs::write(dir / "kept/a", "precious");
    co_await fs::mkdir(dir / "d/e/f", {.parents = true});
    co_await fs::write(dir / "d/a", "");
    co_await fs::write(dir / "d/e/b", "");
    co_await fs::symlink(dir / "kept", dir / "d/e/link");
    co_await fs::symlink(dir / "kept", dir / "link");
    EXPECT_EQ(co_await fs::remove_all(dir / "d/"), 6u);
    EXPECT_EQ(co_await fs::remove_all(dir / "d"), 0u);
    EXPECT_EQ(co_await fs::remove_all(dir / "link"), 1u);
    EXPECT_EQ(co_await names_in(dir.path()), names{"kept"});
    EXPECT_EQ(co_await fs::read(dir / "kept/a"), "precious");
    EXPECT_EQ(co_await fs::remove_all(dir / "kept/a"), 1u);
    for (const char* hardly_meant : {"/", "//", ".", "..", "a/..", "a/."})
        EXPECT_EQ(co_await errno_of(fs::remove_all(hardly_meant)), EINVAL);
}

FILE_TEST(Fs, Renames)
{
    co_await fs::write(dir / "a", "one");
    co_await fs::write(dir / "b", "two");
    EXPECT_EQ(co_await errno_of(fs::rename(dir / "a", dir / "b", {.replace = false})), EEXIST);
    co_await fs::rename(dir / "a", dir / "b");
    EXPECT_EQ(co_await fs::read(dir / "b"), "one");
    co_await fs::rename(dir / "b", dir / "c", {.replace = false});
    EXPECT_EQ(co_await names_in(dir.path()), names{"c"});
    EXPECT_EQ(co_await message_of(fs::rename(dir / "a", dir / "b")),
              "rename " + (dir / "a") + " to " + (dir / "b") + ": No such file or directory");
}

FILE_TEST(Fs, TemporaryDirectoriesGo)
{
    std::string closed;
    std::string destroyed;
    std::string kept;
    {
        fs::temp_directory one = co_await fs::temp_dir(dir.path());
        fs::temp_directory two = co_await fs::temp_dir(dir.path());
        fs::temp_directory three = co_await fs::temp_dir(dir.path());
        EXPECT_EQ((co_await fs::stat(one.path())).permissions, 0700u);
        co_await fs::write(one / "a", "");
        co_await fs::write(two / "a", "");
        closed = one.path();
        destroyed = two.path();
        kept = three.release();
        co_await one.close();
        co_await one.close();
        EXPECT_FALSE(co_await fs::exists(closed));
    }
    while (co_await fs::exists(destroyed)) // by a task of the loop, in virtual time
        co_await simul::yield();
    EXPECT_TRUE(co_await fs::exists(kept));
}

TEST(Fs, ATemporaryDirectoryOfTheMainTaskGoesWithIt)
{
    std::string path;
    simul::run([](std::string& made) -> task<> {
        const fs::temp_directory dir = co_await fs::temp_dir();
        made = dir.path();
        co_await fs::write(dir / "a", "");
    }(path));
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

FILE_TEST(Fs, RefusesPathsWithAZeroByte)
{
    const std::string bad = dir / std::string("a\0b", 3);
    EXPECT_EQ(co_await errno_of(fs::read(bad)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::write(bad, "")), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::write(bad, "", {.atomic = true})), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::append(bad, "")), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::remove_all(bad)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::mkdir(bad)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::stat(bad)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::exists(bad)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::rename(dir.path(), bad)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::copy(dir.path(), bad)), EINVAL);
    EXPECT_EQ(co_await errno_of(fs::symlink(bad, dir / "a")), EINVAL);
}

// ---- what goes wrong

SIMUL_TEST(Fs, SurvivesShortTransfers)
{
    fault::short_transfers(true);
    co_await fs::write("/tmp/a", "hello");
    EXPECT_EQ(co_await fs::read("/tmp/a"), "hello");
    co_await fs::write("/tmp/a", "world", {.atomic = true});
    EXPECT_EQ(co_await fs::copy("/tmp/a", "/tmp/b"), 5u);
    EXPECT_EQ(co_await fs::read("/tmp/b"), "world");
    co_await fs::write("/tmp/b", "synced", {.sync = true});
    EXPECT_EQ(co_await fs::read("/tmp/b"), "synced");
    EXPECT_EQ(co_await message_of(fs::append("/tmp/b", "two")), "append to /tmp/b: only 1 of 3 bytes found room");
    EXPECT_EQ(co_await message_of(fs::append("/tmp/b", "two", {.sync = true})),
              "append to /tmp/b: only 1 of 3 bytes found room");
    EXPECT_EQ(co_await fs::read("/tmp/b"), "syncedtt"); // and not continued
}

/// Every operation that `work` makes fails once, by itself. Whatever it is, what is at /tmp/a is all old or all new, and
/// there is nothing beside it.
task<> tear_at_every_operation(task<> (*work)())
{
    using enum fault::on;
    for (const fault::on kind : {read, write, open, close, sync, set_mode, copy, status, rename, write_file}) {
        for (unsigned nth = 1;; ++nth) {
            co_await fs::write("/tmp/a", "old", {.permissions = 0777}); // needs a chmod
            co_await fs::write("/tmp/new", "new");
            fault::fail(kind, nth, EIO);
            const int error = co_await errno_of(work());
            fault::forget();
            const bytes content = co_await fs::read("/tmp/a");
            EXPECT_TRUE(content == "old" || content == "new") << content;
            if (error == 0) {
                EXPECT_EQ(content, "new");
                break;
            }
            EXPECT_EQ(error, EIO);
            EXPECT_EQ(co_await names_in("/tmp"), (names{"a", "new"})) << static_cast<int>(kind) << " " << nth;
        }
    }
}

SIMUL_TEST(Fs, AnAtomicWriteIsNeverTorn)
{
    co_await tear_at_every_operation(
        []() -> task<> { co_await fs::write("/tmp/a", "new", {.atomic = true, .sync = true}); });
}

SIMUL_TEST(Fs, ACopyIsNeverTorn)
{
    co_await tear_at_every_operation([]() -> task<> { co_await fs::copy("/tmp/new", "/tmp/a"); });
}

FILE_TEST(Fs, ACancelledAtomicWriteLeavesNothingBehind)
{
    co_await fs::write(dir / "a", "old");
    for (int turns = 0; turns < 25; ++turns) {
        const std::string content = "new " + std::to_string(turns);
        const bytes before = co_await fs::read(dir / "a");
        auto writing = simul::spawn(fs::write(dir / "a", content, {.atomic = true, .sync = turns % 2 == 0}));
        for (int i = 0; i < turns; ++i)
            co_await simul::yield();
        writing.cancel();
        bool done = true;
        try {
            co_await writing;
        } catch (const simul::cancelled&) {
            done = false;
        }
        const bytes after = co_await fs::read(dir / "a");
        EXPECT_TRUE(after == content || (!done && after == before)) << after;
        EXPECT_EQ(co_await names_in(dir.path()), names{"a"});
    }
}

SIMUL_TEST(Fs, AFullDiskLeavesTheOldFile)
{
    co_await fs::write("/tmp/a", "old content");
    fault::disk_size(20);
    EXPECT_EQ(co_await message_of(fs::write("/tmp/a", "new content", {.atomic = true})),
              "write /tmp/a: No space left on device");
    EXPECT_EQ(co_await fs::read("/tmp/a"), "old content");
    EXPECT_EQ(co_await names_in("/tmp"), names{"a"});
    EXPECT_EQ(co_await errno_of(fs::copy("/tmp/a", "/tmp/b")), ENOSPC);
    EXPECT_EQ(co_await names_in("/tmp"), names{"a"});
    EXPECT_EQ(co_await errno_of(fs::write("/tmp/b", "more than fits")), ENOSPC);
    EXPECT_EQ(co_await fs::read("/tmp/b"), "more than");
    EXPECT_EQ(co_await message_of(fs::append("/tmp/a", "x")), "append to /tmp/a: No space left on device");
    co_await fs::remove("/tmp/b");
    co_await fs::write("/tmp/b", "it fits");
}

SIMUL_TEST(Fs, WhatWasSyncedOutlivesAPowerFailure)
{
    for (unsigned turns = 0; turns < 30; ++turns) { // the power fails sooner or later
        co_await fs::write("/tmp/a", "old", {.sync = true});
        auto writing = simul::spawn(fs::write("/tmp/a", "new", {.atomic = true, .sync = true}));
        for (unsigned i = 0; i < turns; ++i)
            co_await simul::yield();
        const bool was_done = writing.done();
        fault::lose_power();
        const bytes found = co_await fs::read("/tmp/a");
        EXPECT_TRUE(found == "new" || (found == "old" && !was_done)) << found;
        EXPECT_TRUE(turns < 25 || was_done);
        writing.cancel();
        try {
            co_await writing;
        } catch (...) { // its file may be gone
        }
    }
    co_await fs::append("/tmp/c", "synced", {.sync = true});
    co_await fs::append("/tmp/c", ", not synced");
    co_await fs::write("/tmp/b", "not synced");
    fault::lose_power();
    EXPECT_FALSE(co_await fs::exists("/tmp/b"));
    EXPECT_EQ(co_await fs::read("/tmp/c"), "synced");
}

SIMUL_SIM_TEST(Fs, ChaosLeavesEveryFileWhole, seeds(50))
{
    fault::fail_randomly(0.05, {EIO, ENOSPC, EMFILE, EDQUOT});
    const auto writer = [](int who) -> task<> {
        for (int i = 0; i < 10; ++i) {
            const std::string content = std::string(10, static_cast<char>('a' + who));
            static_cast<void>(co_await errno_of(fs::write("/tmp/shared", content, {.atomic = true})));
            co_await simul::yield();
        }
    };
    co_await simul::gather(writer(0), writer(1), writer(2));
    fault::fail_randomly(0, {});
    if (co_await fs::exists("/tmp/shared")) {
        const bytes found = co_await fs::read("/tmp/shared");
        EXPECT_EQ(found, std::string(10, found.empty() ? '?' : found[0]));
    }
}

// ---- only on the system: other processes, limits

constexpr int appenders = 5;
constexpr int lines_of_each = 40;

TEST(FsOfSystem, AppendersInSeveralProcessesKeepLinesWhole)
{
    const std::string path = testing::TempDir() + "simul_append_" + std::to_string(::getpid());
    EXPECT_EQ(simul_test::outcome_of_child([&] {
                  std::vector<pid_t> children;
                  for (int who = 0; who < appenders; ++who) {
                      const pid_t child = ::fork();
                      if (child == 0) {
                          ::alarm(30);
                          simul::run([](std::string log, int me) -> task<> {
                              std::vector<std::string> lines;
                              for (int i = 0; i < lines_of_each; ++i)
                                  lines.push_back(
                                      std::string(static_cast<std::size_t>(50 + i * 20), static_cast<char>('a' + me)) +
                                      "\n");
                              std::vector<task<>> appends;
                              for (const std::string& line : lines)
                                  appends.push_back(fs::append(log, line));
                              co_await simul::gather(appends);
                          }(path, who));
                          ::_exit(0);
                      }
                      children.push_back(child);
                  }
                  int failures = 0;
                  for (const pid_t child : children) {
                      int status = -1;
                      ::waitpid(child, &status, 0);
                      failures += status != 0;
                  }
                  return failures;
              }),
              0);
    simul::run([](std::string log) -> task<> {
        std::map<char, int> lines;
        fs::file f = co_await fs::open(log);
        while (auto line = co_await f.read_line()) {
            CO_ASSERT_FALSE(line->empty());
            EXPECT_EQ(*line, std::string(line->size(), line->front()));
            ++lines[line->front()];
        }
        EXPECT_EQ(lines.size(), static_cast<std::size_t>(appenders));
        for (const auto& [who, count] : lines)
            EXPECT_EQ(count, lines_of_each) << who;
        co_await fs::remove(log);
    }(path));
}

TEST(FsOfSystem, ALimitOnTheSizeOfFilesLeavesTheOldOne)
{
    EXPECT_EQ(simul_test::outcome_of_child([] {
                  std::signal(SIGXFSZ, SIG_IGN);
                  const rlimit limit{.rlim_cur = 100'000, .rlim_max = 100'000};
                  ::setrlimit(RLIMIT_FSIZE, &limit);
                  int code = 1;
                  simul::run([](int& result) -> task<> {
                      fs::temp_directory dir = co_await fs::temp_dir();
                      const std::string large(200'000, 'x');
                      co_await fs::write(dir / "a", "old");
                      result = co_await errno_of(fs::write(dir / "a", large, {.atomic = true})) == EFBIG ? 0 : 2;
                      if (co_await fs::read(dir / "a") != "old" || co_await names_in(dir.path()) != names{"a"})
                          result = 3;
                      if (co_await errno_of(fs::write(dir / "a", large)) != EFBIG)
                          result = 4;
                      if ((co_await fs::stat(dir / "a")).size != 100'000)
                          result = 5;
                      if (co_await errno_of(fs::append(dir / "a", "x")) != EFBIG)
                          result = 6;
                      co_await dir.close();
                  }(code));
                  return code;
              }),
              0);
}

SIMUL_TEST_REAL(FsOfSystem, CopiesWhatTheSystemCannotCopyByItself)
{
    fs::temp_directory dir = co_await fs::temp_dir();
    EXPECT_GT(co_await fs::copy("/proc/self/limits", dir / "limits"), 100u);
    EXPECT_EQ(co_await fs::read("/proc/self/limits"), co_await fs::read(dir / "limits"));
    co_await dir.close();
}

SIMUL_TEST_REAL(FsOfSystem, ADeviceIsWrittenToButNotReplaced)
{
    co_await fs::write("/dev/null", "x");
    EXPECT_EQ(co_await message_of(fs::write("/dev/null", "x", {.atomic = true})),
              "write /dev/null: only a file can be replaced, and this is something else");
    EXPECT_EQ(co_await errno_of(fs::copy("/proc/self/limits", "/dev/null")), EINVAL);
    EXPECT_EQ((co_await fs::stat("/dev/null")).type, fs::file_type::character_device);
}

SIMUL_TEST_REAL(FsOfSystem, ThousandsAtOnce)
{
    fs::temp_directory dir = co_await fs::temp_dir();
    std::vector<task<>> writes;
    for (int i = 0; i < 2000; ++i)
        writes.push_back([](std::string path) -> task<> {
            co_await fs::write(path, path);
            EXPECT_EQ(co_await fs::read(path), path);
        }(dir / std::to_string(i)));
    co_await simul::gather(writes, {.limit = 200});
    EXPECT_EQ((co_await fs::list(dir.path())).size(), 2000u);
    EXPECT_EQ(co_await fs::remove_all(dir.path()), 2001u);
    dir.release();
}

} // namespace
