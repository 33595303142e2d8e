// SPDX-License-Identifier: MIT
#include "io/file_beneath.hpp"

#include "file_fixture.hpp"

#include <sys/stat.h>

namespace {

using namespace file_tests;
using simul::detail::find_beneath;
using simul::detail::found_file;
using simul::detail::open_root;
using simul::detail::read_at;
using simul::detail::symlinks;

/// What is in the file that is found; "(nothing)" when none is.
task<std::string> content_of(std::string root, std::string path, symlinks are = symlinks::refused)
{
    const auto open = co_await open_root(root);
    const auto found = co_await find_beneath(open, path, are);
    if (!found)
        co_return "(nothing)";
    co_return co_await read_at(*found, 0, found->status.size);
}

FILE_TEST(FileBeneath, FindsWhatIsBelowADirectoryAndNothingElse)
{
    const std::string root = dir / "root";
    co_await fs::mkdir(root + "/sub", {.parents = true});
    co_await fs::write(root + "/sub/a", "inside");
    co_await fs::write(dir / "secret", "outside");
    co_await fs::symlink("sub/a", root + "/near");
    co_await fs::symlink("../secret", root + "/far");
    co_await fs::symlink(root + "/sub/a", root + "/absolute");
    co_await fs::symlink("near", root + "/loop");
    EXPECT_EQ(co_await content_of(root, "sub/a"), "inside");
    EXPECT_EQ(co_await content_of(root, "sub/../sub/./a"), "inside");
    for (const symlinks each : {symlinks::refused, symlinks::followed}) {
        const std::string_view nothings[] = {"b",         "a/b", "sub/a/", "../secret", "sub/../../secret", "../root/sub/a",
                                             "/etc/passwd", "/",   "far",    "far/x",    "absolute",          ""};
        for (const std::string_view path : nothings)
            EXPECT_EQ(co_await content_of(root, std::string(path), each), "(nothing)") << path;
        EXPECT_EQ(co_await content_of(root, std::string(300, 'n'), each), "(nothing)");
        EXPECT_EQ(co_await content_of(root, std::string(5000, '/'), each), "(nothing)");
        EXPECT_EQ(co_await content_of(root, root + "/sub/a", each), "(nothing)");
    }
    EXPECT_EQ(co_await content_of(root, "near"), "(nothing)");
    EXPECT_EQ(co_await content_of(root, "near", symlinks::followed), "inside");
    EXPECT_EQ(co_await content_of(root, "loop", symlinks::followed), "inside");
    EXPECT_EQ(co_await errno_of(content_of(root, std::string("sub/a\0b", 7))), EINVAL);
    EXPECT_EQ(co_await errno_of(content_of(root + "/nothing", "a")), ENOENT);
}

FILE_TEST(FileBeneath, TheRootMayBeALink)
{
    co_await fs::mkdir(dir / "release-7");
    co_await fs::write(dir / "release-7/a", "seven");
    co_await fs::symlink("release-7", dir / "current");
    EXPECT_EQ(co_await content_of(dir / "current", "a"), "seven");
}

FILE_TEST(FileBeneath, TellsWhatItFoundAndReadsFromAnywhereInIt)
{
    co_await fs::write(dir / "a", "0123456789");
    const auto root = co_await open_root(dir.path());
    const auto file = co_await find_beneath(root, "a", symlinks::refused);
    CO_ASSERT_TRUE(file);
    EXPECT_TRUE(file->status.is_file());
    EXPECT_EQ(file->status.size, 10u);
    EXPECT_EQ(file->status.modified, (co_await fs::stat(dir / "a")).modified);
    EXPECT_EQ(co_await read_at(*file, 4, 3), "456");
    EXPECT_EQ(co_await read_at(*file, 8, 10), "89");
    EXPECT_EQ(co_await read_at(*file, 100, 10), "");
    const auto itself = co_await find_beneath(root, ".", symlinks::refused);
    CO_ASSERT_TRUE(itself);
    EXPECT_TRUE(itself->status.is_directory());
    EXPECT_EQ((co_await simul::detail::list(itself->open, dir.path())).size(), 1u);
}

SIMUL_TEST_REAL(FileBeneath, DoesntWaitForAFifo)
{
    auto dir = co_await fs::temp_dir();
    CO_ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
    const auto root = co_await open_root(dir.path());
    const auto found = co_await find_beneath(root, "fifo", symlinks::refused);
    CO_ASSERT_TRUE(found);
    EXPECT_EQ(found->status.type, fs::file_type::fifo);
    co_await dir.close();
}

SIMUL_TEST(FileBeneath, AnErrorNamesThePath)
{
    co_await simul::with(fs::temp_dir(), [](const fs::temp_directory& dir) -> task<> {
        co_await fs::write(dir / "a", "text");
        fault::fail(fault::on::open, 2, EACCES); // the first is the directory
        EXPECT_EQ(co_await message_of(content_of(dir.path(), "a")), "open a: Permission denied");
        fault::fail(fault::on::read, 1, EIO);
        EXPECT_EQ(co_await message_of(content_of(dir.path(), "a")), "read a: Input/output error");
    });
}

} // namespace
