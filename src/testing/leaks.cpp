// SPDX-License-Identifier: MIT
#include "leaks.hpp"
#include "run/ambient.hpp"
#include "run/job_threads.hpp"

#include <chrono>
#include <cstdlib>
#include <dirent.h>
#include <fstream>
#include <memory>
#include <thread>
#include <unistd.h>

namespace simul::testing::detail {
namespace {

/// The numbers that are names in a folder of /proc, but for the descriptor with which it is read.
std::vector<int> numbers_in(const char* folder)
{
    struct closer {
        void operator()(DIR* open) const noexcept { ::closedir(open); }
    };
    std::vector<int> found;
    const std::unique_ptr<DIR, closer> open(::opendir(folder));
    const bool descriptors = std::string(folder) == "/proc/self/fd";
    while (const dirent* each = open ? ::readdir(open.get()) : nullptr)
        if (each->d_name[0] != '.')
            if (const int number = std::atoi(each->d_name); !descriptors || number != ::dirfd(open.get()))
                found.push_back(number);
    return found;
}

std::string line_of(const std::string& file)
{
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

bool includes(leak set, leak one)
{
    return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

void add_new(std::vector<std::string>& lines, const char* what, const std::map<int, std::string>& now,
             const std::map<int, std::string>& before)
{
    for (const auto& [number, name] : now)
        if (!before.contains(number))
            lines.push_back(std::string(what) + " " + std::to_string(number) + " (" + name + ")");
}

} // namespace

holdings holdings::now()
{
    holdings all;
    for (const int fd : numbers_in("/proc/self/fd")) {
        char target[256];
        const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
        if (size >= 0)
            all.descriptors_[fd] = std::string(target, static_cast<std::size_t>(size));
    }
    for (const int thread : numbers_in("/proc/self/task")) {
        const std::string folder = "/proc/self/task/" + std::to_string(thread);
        const std::string name = line_of(folder + "/comm");
        if (!name.empty() && !name.starts_with("iou-")) // the kernel's own, of an io_uring
            all.threads_[thread] = name;
        std::ifstream children(folder + "/children"); // of kernels that have CONFIG_PROC_CHILDREN
        for (int child = 0; children >> child;)
            all.children_[child] = line_of("/proc/" + std::to_string(child) + "/comm");
    }
    return all;
}

std::vector<std::string> holdings::beyond(const holdings& before, leak ignored) const
{
    std::vector<std::string> lines;
    if (!includes(ignored, leak::descriptors))
        add_new(lines, "descriptor", descriptors_, before.descriptors_);
    if (!includes(ignored, leak::threads))
        add_new(lines, "thread", threads_, before.threads_);
    if (!includes(ignored, leak::children))
        add_new(lines, "child process", children_, before.children_);
    return lines;
}

std::vector<std::string> leaks_since(const holdings& before, leak ignored)
{
    // A thread that was joined is seen in /proc a moment longer. One that waits for the next blocking job is no leak, nor is
    // what `unsync` keeps for its next call.
    simul::detail::end_ambient_loop();
    simul::detail::end_ambient_processes();
    for (int tries = 0;; ++tries) {
        simul::detail::dismiss_idle_job_threads();
        std::vector<std::string> left = holdings::now().beyond(before, ignored);
        if (left.empty() || tries == 20)
            return left;
        std::this_thread::sleep_for(std::chrono::milliseconds(tries));
    }
}

} // namespace simul::testing::detail
