#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""aiohttp_.py URLS OUTPUT AT_ONCE: the titles of pages, by aiohttp and BeautifulSoup. What still fails after six retries, which
have to be written by hand, is left out."""
import asyncio
import sys

import aiohttp
from bs4 import BeautifulSoup


async def get(session, url):
    for left in range(6, -1, -1):
        async with session.get(url) as answer:
            if left == 0 or answer.status not in (429, 500):
                answer.raise_for_status()
                return await answer.text()
        await asyncio.sleep(float(answer.headers.get("Retry-After", 0.5)))


async def write_title(session, url, output):
    try:
        heading = BeautifulSoup(await get(session, url), "html.parser").find("h1")
    except aiohttp.ClientError as error:
        print(url, error, file=sys.stderr)
        return
    output.write(f"{url}\t{heading.text.strip() if heading else ''}\n")
    output.flush()


async def main(urls, path, at_once):
    with open(urls, encoding="utf-8") as lines, open(path, "a", encoding="utf-8") as output:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
            await asyncio.gather(*[write_title(session, url.strip(), output) for url in lines])


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
