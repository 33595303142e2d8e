# SPDX-License-Identifier: MIT
"""An echo server with asyncio's streams: asyncio_echo.py FD [--uvloop]"""
import asyncio
import socket
import sys

if "--uvloop" in sys.argv:
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


async def echo(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(echo, sock=socket.socket(fileno=int(sys.argv[1])))
    await server.serve_forever()


asyncio.run(main())
