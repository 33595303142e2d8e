# SPDX-License-Identifier: MIT
"""aiofiles, and the same by asyncio.to_thread: 64 files at a time, a large one in blocks."""
import asyncio
import os
import sys
import tempfile
import time

import aiofiles

SMALL, LARGE, BLOCK, AT_ONCE = 4096, 256 << 20, 1 << 20, 64
CONTENT = b"x" * SMALL
TO_THREAD = "--to-thread" in sys.argv


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def write_file(path):
    with open(path, "wb") as file:
        file.write(CONTENT)


async def read_one(path):
    if TO_THREAD:
        return await asyncio.to_thread(read_file, path)
    async with aiofiles.open(path, "rb") as file:
        return await file.read()


async def write_one(path):
    if TO_THREAD:
        return await asyncio.to_thread(write_file, path)
    async with aiofiles.open(path, "wb") as file:
        await file.write(CONTENT)


async def for_each(paths, work):
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(path):
        async with limit:
            await work(path)

    await asyncio.gather(*(one(path) for path in paths))


async def read_blocks(path):
    if TO_THREAD:
        with open(path, "rb", buffering=0) as file:
            while await asyncio.to_thread(file.read, BLOCK):
                pass
        return
    async with aiofiles.open(path, "rb", buffering=0) as file:
        while await file.read(BLOCK):
            pass


def seconds(work):
    start = time.perf_counter()
    asyncio.run(work)
    return time.perf_counter() - start


def drop_caches():
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("3")
        return True
    except OSError:
        return False


def main():
    count = 2_000 if "--quick" in sys.argv else 10_000
    asked = [name for name in sys.argv[1:] if not name.startswith("--")]
    for figure in asked or ["file_read_small", "file_read_cold", "file_write_small", "file_read_large"]:
        with tempfile.TemporaryDirectory(prefix="simul-bench-") as folder:
            paths = [f"{folder}/{i}" for i in range(count)]
            if figure == "file_read_large":
                with open(paths[0], "wb") as file:
                    for _ in range(LARGE // BLOCK):
                        file.write(b"x" * BLOCK)
                seconds(read_blocks(paths[0]))
                value = seconds(read_blocks(paths[0])) * (1 << 30) / LARGE
            else:
                if figure != "file_write_small":
                    for path in paths:
                        write_file(path)
                if figure == "file_read_cold" and not drop_caches():
                    continue
                if figure == "file_read_small":
                    seconds(for_each(paths, read_one))
                work = write_one if figure == "file_write_small" else read_one
                value = seconds(for_each(paths, work)) * 1e6 / count
            print(figure, f"{value:.6g}", flush=True)


main()
