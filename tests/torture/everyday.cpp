// SPDX-License-Identifier: MIT
//
// A little of everything that asks the system for something: an echo over TCP, files, a child. sweep.py lets each of its
// system calls fail once. Whatever happens, it ends in one of two ways:
//
//     0  all went well, and gave what it should
//     2  an error was reported, in one line
//
// What it must not do: hang, crash, answer wrongly (3), or leave descriptors (4) or children (5) behind.
#include <simul/base/error.hpp>
#include <simul/io/fs.hpp>
#include <simul/io/subprocess.hpp>
#include <simul/io/tcp.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <exception>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using simul::bytes;
using simul::bytes_view;
using simul::task;

void expect(bool well, const char* what)
{
    if (well)
        return;
    std::fprintf(stderr, "wrong: %s\n", what);
    std::_Exit(3);
}

task<> echo(simul::stream& peer)
{
    co_await peer.write(co_await peer.read_all());
}

task<> network()
{
    auto door = simul::tcp::listen("127.0.0.1:0");
    auto serving = simul::spawn(door.serve(echo));
    {
        simul::stream peer = co_await simul::tcp::connect(door.local());
        co_await peer.write("hello");
        co_await peer.shutdown();
        const bytes answer = co_await peer.read_all();
        expect(bytes_view("hello").starts_with(answer), "the echo");
        if (answer != "hello")
            throw simul::end_of_stream("the echo was cut off");
        co_await peer.close();
    }
    door.close();
    co_await serving;
}

task<> files(std::string folder)
{
    const std::string path = folder + "/file";
    co_await simul::fs::write(path, "old");
    std::exception_ptr failure;
    try {
        co_await simul::fs::write(path, "new", {.atomic = true});
    } catch (const simul::error&) {
        failure = std::current_exception();
    }
    if (failure) {
        const bytes now = co_await simul::fs::read(path);
        expect(now == "old" || now == "new", "a file that was to be replaced atomically");
        std::rethrow_exception(failure);
    }
    expect(co_await simul::fs::read(path) == "new", "the file");
    co_await simul::fs::remove(path);
}

task<> child()
{
    const auto output = co_await simul::run_process({"/bin/cat"}, {.input = simul::redirect::data("to the child")});
    expect(output.output == "to the child", "what the child wrote");
}

int open_descriptors()
{
    int count = 0;
    if (DIR* const all = ::opendir("/proc/self/fd")) {
        while (::readdir(all))
            ++count;
        ::closedir(all);
    }
    return count;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string_view what = argc > 1 ? argv[1] : "";
    const std::string folder = argc > 2 ? argv[2] : ".";
    const int before = open_descriptors();
    int outcome = 0;
    ::getppid(); // from here on, tells sweep.py
    try {
        if (what == "network")
            simul::run(network());
        else if (what == "files")
            simul::run(files(folder));
        else if (what == "child")
            simul::run(child());
        else
            return 64;
    } catch (const simul::error& problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        outcome = 2;
    }
    ::getppid(); // until here
    if (open_descriptors() != before)
        return 4;
    if (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD)
        return 5;
    return outcome;
}
