// SPDX-License-Identifier: MIT
//
// For tests of process pools: gates between processes, and what a process holds.
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <unistd.h>

namespace simul_test {

/// Waits for something that comes soon, in this or another process; false when it doesn't.
template <class Ready> bool comes(Ready ready)
{
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!ready()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

inline bool exists(const std::string& path)
{
    return ::access(path.c_str(), F_OK) == 0;
}
inline void make(const std::string& path)
{
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

/// A job waits here until the test lets it pass.
class gate {
public:
    gate()
    {
        char name[] = "/tmp/simul-gate-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~gate()
    {
        for (const char* each : {"/reached", "/open", "/passed"})
            ::unlink((path_ + each).c_str());
        ::rmdir(path_.c_str());
    }
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    const std::string& path() const { return path_; }
    void wait_until_reached() const
    {
        comes([&] { return exists(path_ + "/reached"); });
    }
    void open() const { make(path_ + "/open"); }
    bool was_passed() const { return exists(path_ + "/passed"); }

private:
    std::string path_;
};

inline bool wait_at_gate(const std::string& path)
{
    make(path + "/reached");
    const bool opened = comes([&] { return exists(path + "/open"); });
    make(path + "/passed");
    return opened;
}

/// Of this process, but for the one with which they are listed.
inline std::set<int> descriptors()
{
    std::set<int> found;
    DIR* const open = ::opendir("/proc/self/fd");
    while (const dirent* each = ::readdir(open))
        if (each->d_name[0] != '.')
            found.insert(std::atoi(each->d_name));
    found.erase(::dirfd(open));
    ::closedir(open);
    return found;
}

/// Ended; who was its parent may have to learn of it still.
inline bool has_ended(int pid)
{
    if (::kill(pid, 0) < 0 && errno == ESRCH)
        return true;
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(stat, text);
    return text.find(") Z ") != std::string::npos;
}

} // namespace simul_test
