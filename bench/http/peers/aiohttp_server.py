# SPDX-License-Identifier: MIT
"""A server of aiohttp's, on uvloop: aiohttp_server.py FD"""
import asyncio
import socket
import sys

import uvloop
from aiohttp import web


async def hello(request):
    return web.Response(text="Hello, world!")


async def main():
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=int(sys.argv[1]))).start()
    await asyncio.Event().wait()


uvloop.install()
asyncio.run(main())
