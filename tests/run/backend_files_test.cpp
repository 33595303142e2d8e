// SPDX-License-Identifier: MIT
//
// Operations on files, directories and paths: one suite for all backends.
#include "backend_fixture.hpp"

#include <dirent.h>
#include <linux/openat2.h>
#include <map>
#include <sys/stat.h>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;
using enum operation_kind;

class BackendFiles : public backend_test {
protected:
    BackendFiles() : folder_(fresh_path()) { EXPECT_EQ(0, on_path(make_directory, folder_, 0, 0700)); }
    ~BackendFiles() override
    {
        remove_below(folder_);
        on_path(remove, folder_, AT_REMOVEDIR);
    }

    std::string in_folder(const std::string& name) const { return folder_ + "/" + name; }

    std::int32_t on_path(operation_kind kind, const std::string& path, int flags = 0, unsigned mode = 0, int fd = -1)
    {
        call op(kind, fd, flags);
        op.path = path.c_str();
        op.mode = mode;
        return finish(op);
    }

    std::int32_t to_target(operation_kind kind, const std::string& path, const std::string& target, int flags = 0)
    {
        call op(kind, -1, flags);
        op.path = path.c_str();
        op.target = target.c_str();
        return finish(op);
    }

    /// What is at `path`.
    struct statx status_of(const std::string& path, int flags = 0)
    {
        struct statx found{};
        call op(status, -1, flags);
        op.path = path.c_str();
        op.data = &found;
        EXPECT_EQ(0, finish(op)) << path;
        return found;
    }
    std::int32_t status_error(const std::string& path, int flags = 0)
    {
        struct statx found{};
        call op(status, -1, flags);
        op.path = path.c_str();
        op.data = &found;
        return finish(op);
    }

    std::int32_t write_whole(const std::string& path, std::string text, int flags = O_WRONLY | O_CREAT | O_TRUNC)
    {
        call op(write_file, -1, text);
        op.flags = flags;
        op.path = path.c_str();
        op.mode = 0644;
        return finish(op);
    }

    std::string whole(const std::string& path)
    {
        const int fd = open_file(path, O_RDONLY);
        EXPECT_GE(fd, 0) << path;
        std::string text = read_text(fd, 4096);
        close_now(fd);
        return text;
    }

    /// Names and types, or nothing when it can't be listed.
    std::map<std::string, int> listed(const std::string& path)
    {
        std::map<std::string, int> found;
        const int fd = open_file(path, O_RDONLY | O_DIRECTORY);
        EXPECT_GE(fd, 0) << path;
        std::vector<directory_entry> entries;
        call op(list, fd);
        op.data = &entries;
        EXPECT_EQ(0, finish(op));
        close_now(fd);
        for (const directory_entry& each : entries)
            found[each.name] = each.type;
        EXPECT_EQ(entries.size(), found.size());
        return found;
    }

    void remove_below(const std::string& path)
    {
        for (const auto& [name, type] : listed(path)) {
            if (type == DT_DIR)
                remove_below(path + "/" + name);
            EXPECT_EQ(0, on_path(remove, path + "/" + name, type == DT_DIR ? AT_REMOVEDIR : 0));
        }
    }

    const std::string folder_;
};

INSTANTIATE_TEST_SUITE_P(All, BackendFiles, testing::ValuesIn(available_backends(true)), name_of_parameter);

TEST_P(BackendFiles, AStatusTellsTypeSizeAndPermissions)
{
    EXPECT_EQ(5, write_whole(in_folder("a"), "hello"));
    const struct statx file = status_of(in_folder("a"));
    EXPECT_EQ(S_IFREG | 0644, file.stx_mode);
    EXPECT_EQ(5u, file.stx_size);
    EXPECT_EQ(1u, file.stx_nlink);
    EXPECT_NE(0u, file.stx_ino);
    EXPECT_GT(file.stx_mtime.tv_sec, 0);
    EXPECT_EQ(unsigned{S_IFDIR}, status_of(folder_).stx_mode & S_IFMT);
    EXPECT_EQ(-ENOENT, status_error(in_folder("nothing")));
    EXPECT_EQ(-ENOTDIR, status_error(in_folder("a/b")));
    EXPECT_EQ(-ENOENT, status_error(""));
}

TEST_P(BackendFiles, AStatusOfAnOpenFile)
{
    const int fd = open_file(in_folder("a"), O_RDWR | O_CREAT);
    write_text(fd, "abc");
    struct statx asked{};
    call op(status, fd);
    op.data = &asked;
    EXPECT_EQ(0, finish(op));
    EXPECT_EQ(3u, asked.stx_size);
    struct statx looked{};
    EXPECT_EQ(0, backend_->look_at_file(fd, looked));
    EXPECT_EQ(3u, looked.stx_size);
    EXPECT_EQ(asked.stx_ino, looked.stx_ino);
    close_now(fd);
    EXPECT_EQ(-EBADF, backend_->look_at_file(fd, looked));
}

TEST_P(BackendFiles, OpenTellsFilesFromDirectories)
{
    write_whole(in_folder("a"), "");
    EXPECT_EQ(-ENOTDIR, open_file(in_folder("a"), O_RDONLY | O_DIRECTORY));
    EXPECT_EQ(-ENOTDIR, open_file(in_folder("a/b"), O_RDONLY));
    EXPECT_EQ(-EISDIR, open_file(folder_, O_WRONLY));
    EXPECT_EQ(-EISDIR, open_file(folder_, O_RDWR | O_CREAT));
    EXPECT_EQ(-ENOENT, open_file(in_folder("nothing/b"), O_WRONLY | O_CREAT));
    EXPECT_EQ(-ENAMETOOLONG, open_file(in_folder(std::string(256, 'x')), O_RDONLY));
    const int directory = open_file(folder_, O_RDONLY);
    ASSERT_GE(directory, 0);
    char byte = 0;
    call read_it(read, directory, &byte, 1);
    EXPECT_EQ(-EISDIR, finish(read_it));
    close_now(directory);
}

TEST_P(BackendFiles, WritesAWholeFileInOneGo)
{
    EXPECT_EQ(3, write_whole(in_folder("a"), "old"));
    EXPECT_EQ(2, write_whole(in_folder("a"), "ne"));
    EXPECT_EQ("ne", whole(in_folder("a")));
    EXPECT_EQ(3, write_whole(in_folder("a"), "wer", O_WRONLY | O_APPEND));
    EXPECT_EQ("newer", whole(in_folder("a")));
    EXPECT_EQ(-EEXIST, write_whole(in_folder("a"), "x", O_WRONLY | O_CREAT | O_EXCL));
    EXPECT_EQ(-ENOENT, write_whole(in_folder("b"), "x", O_WRONLY));
    EXPECT_EQ(-EISDIR, write_whole(folder_, "x"));
    EXPECT_EQ(0, write_whole(in_folder("empty"), ""));
    EXPECT_EQ("", whole(in_folder("empty")));
}

TEST_P(BackendFiles, ResizesSyncsAndSetsPermissions)
{
    const int fd = open_file(in_folder("a"), O_RDWR | O_CREAT);
    write_text(fd, "abcdef");
    call shrink(resize, fd);
    shrink.offset = 3;
    EXPECT_EQ(0, finish(shrink));
    EXPECT_EQ("abc", read_text(fd, 10, 0));
    call grow(resize, fd);
    grow.offset = 5;
    EXPECT_EQ(0, finish(grow));
    EXPECT_EQ(std::string("abc\0\0", 5), read_text(fd, 10, 0));
    call negative(resize, fd);
    EXPECT_EQ(-EINVAL, finish(negative));
    call all(sync, fd);
    EXPECT_EQ(0, finish(all));
    call data_only(sync, fd, sync_data);
    EXPECT_EQ(0, finish(data_only));
    call private_now(set_mode, fd);
    private_now.mode = 0600;
    EXPECT_EQ(0, finish(private_now));
    EXPECT_EQ(S_IFREG | 0600, status_of(in_folder("a")).stx_mode);
    close_now(fd);
    for (const operation_kind kind : {sync, resize, set_mode, list, status, copy}) {
        struct statx room{};
        call closed(kind, fd);
        closed.data = &room;
        closed.source = fd;
        closed.offset = 0;
        EXPECT_EQ(-EBADF, finish(closed)) << static_cast<int>(kind);
    }
}

TEST_P(BackendFiles, ListsADirectory)
{
    EXPECT_TRUE(listed(folder_).empty());
    write_whole(in_folder("file"), "");
    on_path(make_directory, in_folder("folder"), 0, 0700);
    to_target(make_symlink, in_folder("link"), "file");
    EXPECT_EQ((std::map<std::string, int>{{"file", DT_REG}, {"folder", DT_DIR}, {"link", DT_LNK}}), listed(folder_));
    const int file = open_file(in_folder("file"), O_RDONLY);
    std::vector<directory_entry> entries;
    call op(list, file);
    op.data = &entries;
    EXPECT_EQ(-ENOTDIR, finish(op));
    close_now(file);
}

TEST_P(BackendFiles, ListsMoreThanFitsIntoOneLook)
{
    std::map<std::string, int> expected;
    for (int i = 0; i < 300; ++i) {
        const std::string name = std::string(200, 'n') + std::to_string(i);
        write_whole(in_folder(name), "");
        expected[name] = DT_REG;
    }
    EXPECT_EQ(expected, listed(folder_));
}

TEST_P(BackendFiles, RemovesFilesAndEmptyDirectories)
{
    write_whole(in_folder("a"), "x");
    on_path(make_directory, in_folder("d"), 0, 0700);
    write_whole(in_folder("d/b"), "x");
    EXPECT_EQ(-EISDIR, on_path(remove, in_folder("d")));
    EXPECT_EQ(-ENOTDIR, on_path(remove, in_folder("a"), AT_REMOVEDIR));
    EXPECT_EQ(-ENOTEMPTY, on_path(remove, in_folder("d"), AT_REMOVEDIR));
    EXPECT_EQ(0, on_path(remove, in_folder("d/b")));
    EXPECT_EQ(0, on_path(remove, in_folder("d"), AT_REMOVEDIR));
    const int still_open = open_file(in_folder("a"), O_RDONLY);
    EXPECT_EQ(0, on_path(remove, in_folder("a")));
    EXPECT_EQ(-ENOENT, on_path(remove, in_folder("a")));
    EXPECT_EQ("x", read_text(still_open, 10)); // lives until it is closed
    close_now(still_open);
}

TEST_P(BackendFiles, RenamesOverWhatIsThereUnlessToldNotTo)
{
    write_whole(in_folder("a"), "one");
    write_whole(in_folder("b"), "two");
    EXPECT_EQ(-EEXIST, to_target(rename, in_folder("a"), in_folder("b"), RENAME_NOREPLACE));
    EXPECT_EQ("two", whole(in_folder("b")));
    EXPECT_EQ(0, to_target(rename, in_folder("a"), in_folder("b")));
    EXPECT_EQ("one", whole(in_folder("b")));
    EXPECT_EQ(-ENOENT, to_target(rename, in_folder("a"), in_folder("b")));
    on_path(make_directory, in_folder("d"), 0, 0700);
    on_path(make_directory, in_folder("d/e"), 0, 0700);
    EXPECT_EQ(-EINVAL, to_target(rename, in_folder("d"), in_folder("d/e/f")));
    EXPECT_EQ(-EISDIR, to_target(rename, in_folder("b"), in_folder("d")));
    EXPECT_EQ(-ENOTDIR, to_target(rename, in_folder("d"), in_folder("b")));
    on_path(make_directory, in_folder("empty"), 0, 0700);
    EXPECT_EQ(-ENOTEMPTY, to_target(rename, in_folder("empty"), in_folder("d")));
    EXPECT_EQ(0, to_target(rename, in_folder("d"), in_folder("empty")));
    EXPECT_EQ((std::map<std::string, int>{{"b", DT_REG}, {"empty", DT_DIR}}), listed(folder_));
    EXPECT_EQ((std::map<std::string, int>{{"e", DT_DIR}}), listed(in_folder("empty")));
}

TEST_P(BackendFiles, MakesDirectoriesOneAtATime)
{
    EXPECT_EQ(0, on_path(make_directory, in_folder("d"), 0, 0750));
    EXPECT_EQ(S_IFDIR | 0750, status_of(in_folder("d")).stx_mode & ~unsigned{S_ISGID});
    EXPECT_EQ(-EEXIST, on_path(make_directory, in_folder("d"), 0, 0700));
    EXPECT_EQ(-ENOENT, on_path(make_directory, in_folder("x/y"), 0, 0700));
    EXPECT_EQ(0, on_path(make_directory, in_folder("x/"), 0, 0700));
    EXPECT_EQ(0, on_path(make_directory, in_folder("d/../x/./y"), 0, 0700));
    EXPECT_EQ((std::map<std::string, int>{{"y", DT_DIR}}), listed(in_folder("x")));
}

TEST_P(BackendFiles, FollowsSymbolicLinks)
{
    const auto says = [this](const std::string& path) {
        std::string text(100, '.');
        call op(read_link, -1, text);
        op.path = path.c_str();
        const std::int32_t result = finish(op);
        return result < 0 ? std::to_string(result) : text.substr(0, static_cast<std::size_t>(result));
    };
    EXPECT_EQ(0, to_target(make_symlink, in_folder("near"), "file"));
    EXPECT_EQ(-EEXIST, to_target(make_symlink, in_folder("near"), "file"));
    EXPECT_EQ(0, to_target(make_symlink, in_folder("far"), folder_));
    EXPECT_EQ("file", says(in_folder("near")));
    EXPECT_EQ(std::to_string(-EINVAL), says(folder_));
    EXPECT_EQ(std::to_string(-ENOENT), says(in_folder("nothing")));
    EXPECT_EQ(-ENOENT, open_file(in_folder("near"), O_RDONLY)); // dangles
    EXPECT_EQ(4, write_whole(in_folder("far/near"), "text"));   // and makes what it points to
    EXPECT_EQ("text", whole(in_folder("file")));
    EXPECT_EQ(-ELOOP, open_file(in_folder("near"), O_RDONLY | O_NOFOLLOW));
    EXPECT_EQ(unsigned{S_IFREG}, status_of(in_folder("near")).stx_mode & S_IFMT);
    EXPECT_EQ(unsigned{S_IFLNK}, status_of(in_folder("near"), AT_SYMLINK_NOFOLLOW).stx_mode & S_IFMT);
    to_target(make_symlink, in_folder("loop"), "loop");
    EXPECT_EQ(-ELOOP, open_file(in_folder("loop"), O_RDONLY));
    EXPECT_EQ(0, on_path(remove, in_folder("near"))); // the link, not the file
    EXPECT_EQ("text", whole(in_folder("file")));
}

TEST_P(BackendFiles, PathsAreRelativeToAnOpenDirectory)
{
    const int directory = open_file(folder_, O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(0, on_path(make_directory, "d", 0, 0700, directory));
    const int file = on_path(open, "d/a", O_WRONLY | O_CREAT, 0600, directory);
    ASSERT_GE(file, 0);
    write_text(file, "abc");
    close_now(file);
    EXPECT_EQ("abc", whole(in_folder("d/a")));
    struct statx found{};
    call op(status, directory);
    op.path = "d/a";
    op.data = &found;
    EXPECT_EQ(0, finish(op));
    EXPECT_EQ(3u, found.stx_size);
    EXPECT_EQ(0, on_path(remove, "d/a", 0, 0, directory));
    EXPECT_EQ(0, on_path(remove, "d", AT_REMOVEDIR, 0, directory));
    EXPECT_TRUE(listed(folder_).empty());
    close_now(directory);
    EXPECT_EQ(-EBADF, on_path(make_directory, "d", 0, 0700, directory));
}

TEST_P(BackendFiles, APathCanBeKeptFromLeadingOut)
{
    on_path(make_directory, in_folder("root"), 0, 0700);
    on_path(make_directory, in_folder("root/d"), 0, 0700);
    write_whole(in_folder("root/d/a"), "in");
    write_whole(in_folder("secret"), "out");
    to_target(make_symlink, in_folder("root/near"), "d/../d/a");
    to_target(make_symlink, in_folder("root/far"), "../secret");
    to_target(make_symlink, in_folder("root/absolute"), in_folder("root/d/a"));
    const int root = open_file(in_folder("root"), O_RDONLY | O_DIRECTORY);
    const auto opened = [&](const char* path, std::uint64_t resolve) {
        open_how how{.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, .mode = 0, .resolve = resolve};
        call op(open_as, root);
        op.path = path;
        op.data = &how;
        const int fd = finish(op);
        if (fd < 0)
            return std::to_string(fd);
        std::string text = read_text(fd, 10);
        close_now(fd);
        return text;
    };
    const auto is = [](int error) { return std::to_string(-error); };
    for (const std::uint64_t links : {std::uint64_t{0}, std::uint64_t{RESOLVE_NO_SYMLINKS}}) {
        const std::uint64_t beneath = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | links;
        EXPECT_EQ("in", opened("d/a", beneath));
        EXPECT_EQ("in", opened("d/../d/./a", beneath));
        EXPECT_EQ(is(ENOENT), opened("d/b", beneath));
        EXPECT_EQ(is(ENOTDIR), opened("d/a/b", beneath));
        EXPECT_EQ(is(EXDEV), opened("..", beneath));
        EXPECT_EQ(is(EXDEV), opened("../secret", beneath));
        EXPECT_EQ(is(EXDEV), opened("../root/d/a", beneath));
        EXPECT_EQ(is(EXDEV), opened("d/../../secret", beneath));
        EXPECT_EQ(is(EXDEV), opened("/", beneath));
        EXPECT_EQ(is(EXDEV), opened(in_folder("root/d/a").c_str(), beneath));
        EXPECT_EQ(links ? is(ELOOP) : "in", opened("near", beneath));
        EXPECT_EQ(links ? is(ELOOP) : is(EXDEV), opened("far", beneath));
        EXPECT_EQ(links ? is(ELOOP) : is(EXDEV), opened("absolute", beneath));
    }
    EXPECT_EQ("out", opened("far", 0));
    close_now(root);
}

TEST_P(BackendFiles, CopiesBetweenFiles)
{
    write_whole(in_folder("a"), "0123456789");
    const int from = open_file(in_folder("a"), O_RDONLY);
    const int to = open_file(in_folder("b"), O_RDWR | O_CREAT);
    const auto copied = [&](std::size_t size) {
        call op(copy, to, nullptr, size);
        op.source = from;
        return finish(op);
    };
    EXPECT_EQ(4, copied(4));
    EXPECT_EQ(6, copied(100));
    EXPECT_EQ(0, copied(100));
    EXPECT_EQ("0123456789", read_text(to, 100, 0));
    close_all({from, to});
}

TEST_P(BackendFiles, ANamelessFileLivesAsLongAsItIsOpen)
{
    const int fd = open_file(folder_, O_RDWR | O_TMPFILE);
    if (fd == -EOPNOTSUPP || fd == -EISDIR)
        GTEST_SKIP() << "this file system has none";
    ASSERT_GE(fd, 0);
    write_text(fd, "abc");
    EXPECT_EQ("abc", read_text(fd, 10, 0));
    EXPECT_TRUE(listed(folder_).empty());
    close_now(fd);
}

TEST_P(BackendFiles, ManyOperationsAtOnceEndEachOnItsOwn)
{
    std::deque<std::string> paths;
    std::deque<call> calls;
    std::string text = "some text";
    for (int i = 0; i < 100; ++i) {
        paths.push_back(in_folder(std::to_string(i)));
        call& op = calls.emplace_back(write_file, -1, text);
        op.flags = O_WRONLY | O_CREAT;
        op.mode = 0600;
        op.path = paths.back().c_str();
        start(op);
    }
    for (call& each : calls)
        EXPECT_EQ(9, run(each));
    for (const std::string& path : paths)
        EXPECT_EQ(text, whole(path));
}

TEST_P(BackendFiles, WhatIsCancelledEndsOnceAndEitherWay)
{
    std::deque<std::string> paths;
    std::deque<call> calls;
    for (int i = 0; i < 60; ++i) {
        paths.push_back(in_folder(std::to_string(i)));
        call& op = calls.emplace_back(i % 2 == 0 ? make_directory : write_file, -1, O_WRONLY | O_CREAT);
        op.mode = 0700;
        op.path = paths.back().c_str();
        start(op);
    }
    for (call& each : calls)
        backend_->cancel(each);
    const auto exists = [this](const std::string& path) { return status_error(path) == 0; };
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const std::int32_t result = run(calls[i]);
        EXPECT_TRUE(result == 0 || result == -ECANCELED) << result;
        EXPECT_EQ(result == 0, exists(paths[i]));
    }
}

TEST_P(BackendFiles, IsDestroyedWithOperationsUnderWay)
{
    std::deque<std::string> paths;
    std::deque<call> calls;
    const std::string folder = folder_;
    for (int i = 0; i < 40; ++i) {
        paths.push_back(in_folder(std::to_string(i)));
        call& op = calls.emplace_back(write_file, -1, O_WRONLY | O_CREAT);
        op.mode = 0600;
        op.path = paths.back().c_str();
        start(op);
    }
    if (!is_sim())
        backend_->wait(time_point::min());
    backend_.reset();
    for (call& each : calls)
        EXPECT_EQ(1, each.completions);
    backend_ = make_backend(GetParam()); // to clean up with
    backend_->enter_thread();
    if (is_sim())
        on_path(make_directory, folder, 0, 0700);
}

class SystemFiles : public BackendFiles {};

INSTANTIATE_TEST_SUITE_P(All, SystemFiles, testing::ValuesIn(available_backends(false)), name_of_parameter);

TEST_P(SystemFiles, AnOpenOfAFifoIsNotWaitedForWhereItMustNot)
{
    const std::string path = in_folder("fifo");
    ASSERT_EQ(0, ::mkfifo(path.c_str(), 0600));
    std::deque<call> opens;
    for (int i = 0; i < 10; ++i) { // more than there are helpers
        call& op = opens.emplace_back(open, -1, O_RDONLY | O_NONBLOCK);
        op.path = path.c_str();
        start(op);
    }
    for (call& each : opens) {
        EXPECT_GE(run(each), 0);
        close_now(each.result);
    }
    EXPECT_EQ(-ENXIO, open_file(path, O_WRONLY | O_NONBLOCK));
    const int both = open_file(path, O_RDWR | O_NONBLOCK);
    std::string text(8, '.');
    call read_it(read, both, text);
    start(read_it);
    turn();
    EXPECT_FALSE(read_it.done());
    EXPECT_EQ(2, write_text(both, "hi"));
    EXPECT_EQ(2, run(read_it));
    close_now(both);
}

TEST_P(SystemFiles, OperationsOnOneDescriptorAreNotReorderedByAClose)
{
    for (int round = 0; round < 20; ++round) {
        const std::string path = in_folder(std::to_string(round));
        const int fd = open_file(path, O_WRONLY | O_CREAT);
        std::string block(64 * 1024, 'x');
        call write_it(write, fd, block, 0);
        call close_it(close, fd);
        start(write_it);
        if (GetParam() == backend_kind::uring) // io_uring has no such order: see backend.hpp
            run(write_it);
        start(close_it);
        EXPECT_EQ(0, run(close_it));
        EXPECT_EQ(static_cast<std::int32_t>(block.size()), run(write_it));
    }
}

TEST_P(SystemFiles, ALongReadIsNotMadeByTheLoop)
{
    const std::string path = in_folder("large");
    const int fd = open_file(path, O_RDWR | O_CREAT);
    std::string megabytes(8 * 1024 * 1024, 'x');
    for (std::size_t done = 0; done < megabytes.size();) {
        call op(write, fd, megabytes.data() + done, megabytes.size() - done, static_cast<std::int64_t>(done));
        ASSERT_GT(finish(op), 0);
        done += static_cast<std::size_t>(op.result);
    }
    call read_it(read, fd, megabytes, 0);
    start(read_it);
    EXPECT_FALSE(read_it.done());
    EXPECT_EQ(static_cast<std::int32_t>(megabytes.size()), run(read_it));
    close_now(fd);
}

} // namespace
} // namespace simul::detail
