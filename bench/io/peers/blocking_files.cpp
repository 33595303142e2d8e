// SPDX-License-Identifier: MIT
//
// The bound of files: one after the other, by plain system calls.
#include "../../program.hpp"
#include "../many_files.hpp"

namespace {

using paths = std::vector<std::string>;

const std::string content(bench::small_file, 'x');

std::string read_file(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status{};
    ::fstat(fd, &status);
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    if (::read(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        std::abort();
    ::close(fd);
    return text;
}

void write_file(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (::write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
        std::abort();
    ::close(fd);
}

void read_blocks(const std::string& path)
{
    bench::block_room room;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    while (::read(fd, room.data(), room.size()) > 0)
        bench::keep(*room.data());
    ::close(fd);
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    bench::measure_files(
        program,
        [](const paths& all) {
            for (const std::string& path : all)
                bench::keep(read_file(path));
        },
        [](const paths& all) {
            for (const std::string& path : all)
                write_file(path);
        },
        read_blocks);
}
