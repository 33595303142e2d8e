// SPDX-License-Identifier: MIT
//
// An echo server on libuv.
#include "../echo_load.hpp"

#include <cstdlib>
#include <uv.h>

namespace {

struct connection {
    uv_tcp_t socket;
    uv_write_t request;
};

void give_room(uv_handle_t*, std::size_t, uv_buf_t* room)
{
    *room = uv_buf_init(static_cast<char*>(std::malloc(4096)), 4096);
}

void wrote(uv_write_t* request, int)
{
    std::free(request->data);
    delete request;
}

void closed(uv_handle_t* handle)
{
    delete static_cast<connection*>(handle->data);
}

void got(uv_stream_t* from, ssize_t size, const uv_buf_t* data)
{
    if (size <= 0) {
        std::free(data->base);
        if (size < 0)
            uv_close(reinterpret_cast<uv_handle_t*>(from), closed);
        return;
    }
    auto* const request = new uv_write_t;
    request->data = data->base;
    const uv_buf_t answer = uv_buf_init(data->base, static_cast<unsigned>(size));
    uv_write(request, from, &answer, 1, wrote);
}

void connected(uv_stream_t* door, int)
{
    auto* const made = new connection;
    uv_tcp_init(door->loop, &made->socket);
    made->socket.data = made;
    uv_accept(door, reinterpret_cast<uv_stream_t*>(&made->socket));
    uv_tcp_nodelay(&made->socket, 1);
    uv_read_start(reinterpret_cast<uv_stream_t*>(&made->socket), give_room, got);
}

} // namespace

int main(int argc, char** argv)
{
    return bench::echo_program(argc, argv, [](int listening) {
        uv_tcp_t door;
        uv_tcp_init(uv_default_loop(), &door);
        uv_tcp_open(&door, listening);
        uv_listen(reinterpret_cast<uv_stream_t*>(&door), 1024, connected);
        uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    });
}
