# SPDX-License-Identifier: MIT
"""Python's clients: python_client.py aiohttp|httpx PORT; aiohttp is on uvloop."""
import asyncio
import sys
import time


async def get_all_aiohttp(url, concurrency, count):
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency))

    async def get():
        async with session.get(url) as response:
            assert response.status == 200
            await response.read()

    await share(get, concurrency, count)
    return session.close


async def get_all_httpx(url, concurrency, count):
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    client = httpx.AsyncClient(limits=limits, timeout=30)

    async def get():
        assert (await client.get(url)).status_code == 200

    await share(get, concurrency, count)
    return client.aclose


async def share(get, concurrency, count):
    left = iter(range(count))

    async def work():
        for _ in left:
            await get()

    await asyncio.gather(*(work() for _ in range(concurrency)))


async def main(get_all, url):
    for line in sys.stdin:
        concurrency, count = map(int, line.split())
        cpu, wall = time.process_time(), time.perf_counter()
        close = await get_all(url, concurrency, count)
        used, took = time.process_time() - cpu, time.perf_counter() - wall
        await close()
        print(used * 1e6, took * 1e6, flush=True)


library, port = sys.argv[1:]
if library == "aiohttp":
    import aiohttp
    import uvloop
    uvloop.install()
    get_all = get_all_aiohttp
else:
    import httpx
    get_all = get_all_httpx
asyncio.run(main(get_all, f"http://127.0.0.1:{port}/"))
