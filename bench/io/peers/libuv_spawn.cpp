// SPDX-License-Identifier: MIT
//
// libuv's way: uv_spawn, the exit callback, the next one.
#include "../../program.hpp"

#include <string>
#include <uv.h>

namespace {

struct runs {
    long left;
    bool keeps_output;
    uv_process_t process{};
    uv_pipe_t pipe{};
    std::string output{};
    char piece[4096]{};
    int open = 0;

    void start()
    {
        if (left-- == 0)
            return;
        char true_name[] = "/bin/true";
        char echo_name[] = "/bin/echo";
        char word[] = "hello";
        char* only_name[] = {true_name, nullptr};
        char* with_word[] = {echo_name, word, nullptr};
        uv_stdio_container_t streams[3] = {};
        for (int i = 0; i < 3; ++i) {
            streams[i].flags = UV_INHERIT_FD;
            streams[i].data.fd = i;
        }
        if (keeps_output) {
            uv_pipe_init(uv_default_loop(), &pipe, 0);
            pipe.data = this;
            streams[1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
            streams[1].data.stream = stream();
        }
        uv_process_options_t options{};
        options.file = keeps_output ? echo_name : true_name;
        options.args = keeps_output ? with_word : only_name;
        options.stdio = streams;
        options.stdio_count = 3;
        options.exit_cb = [](uv_process_t* ended, int64_t, int) { uv_close(reinterpret_cast<uv_handle_t*>(ended), closed); };
        process.data = this;
        open = keeps_output ? 2 : 1;
        output.clear();
        if (uv_spawn(uv_default_loop(), &process, &options) == 0 && keeps_output)
            uv_read_start(stream(), give_room, take);
    }

    uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&pipe); }

    static void give_room(uv_handle_t* of, std::size_t, uv_buf_t* room)
    {
        auto& self = *static_cast<runs*>(of->data);
        *room = uv_buf_init(self.piece, sizeof self.piece);
    }
    static void take(uv_stream_t* of, ssize_t size, const uv_buf_t*)
    {
        auto& self = *static_cast<runs*>(of->data);
        if (size > 0)
            self.output.append(self.piece, static_cast<std::size_t>(size));
        else if (size < 0)
            uv_close(reinterpret_cast<uv_handle_t*>(of), closed);
    }
    static void closed(uv_handle_t* of)
    {
        auto& self = *static_cast<runs*>(of->data);
        if (--self.open == 0)
            self.start();
    }
};

double run(long n, bool keeps_output)
{
    return bench::timed([&] {
               runs all{.left = n, .keeps_output = keeps_output};
               all.start();
               uv_run(uv_default_loop(), UV_RUN_DEFAULT);
           }) /
           1000;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("subprocess_spawn", 1000, [](long n) { return run(n, false); });
    program.figure("subprocess_output", 1000, [](long n) { return run(n, true); });
}
