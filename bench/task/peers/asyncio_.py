# SPDX-License-Identifier: MIT
#
# The figures of area task with Python's asyncio; with --uvloop, on uvloop.
import asyncio
import os
import sys
import threading
import time




async def timed_await(coroutine):
    start = time.perf_counter_ns()
    await coroutine
    return time.perf_counter_ns() - start


async def trivial():
    return 1


async def spawn_await(n):
    create_task = asyncio.get_running_loop().create_task
    for _ in range(n):
        await create_task(trivial())


async def yield_(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def post(n):
    loop = asyncio.get_running_loop()
    for _ in range(0, n, 1000):
        for _ in range(1000):
            loop.call_soon(int)
        await asyncio.sleep(0)


async def cross_post(n):
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def poster():
        for _ in range(n):
            loop.call_soon_threadsafe(int)
        loop.call_soon_threadsafe(done.set_result, None)

    thread = threading.Thread(target=poster)
    thread.start()
    await done
    thread.join()


async def gather_each(n):
    await asyncio.gather(*[trivial() for _ in range(n)])


async def timer_add_cancel(n):
    loop = asyncio.get_running_loop()
    for _ in range(0, n, 1000):
        handles = [loop.call_later(30, int) for _ in range(1000)]
        for handle in handles:
            handle.cancel()
        await asyncio.sleep(0)


async def timer_fire(n):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = n

    def fire():
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)

    start = loop.time() + 0.001
    for i in range(n):
        loop.call_at(start + i * 7919 % 10_000_000 / 1e9, fire)
    time.sleep(max(0, start + 0.011 - loop.time()))
    return await timed_await(done)


async def queue_pass(n):
    queue = asyncio.Queue(16)

    async def producer():
        for i in range(n):
            await queue.put(i)

    task = asyncio.create_task(producer())
    for _ in range(n):
        await queue.get()
    await task


async def mutex_uncontended(n):
    lock = asyncio.Lock()
    for _ in range(n):
        async with lock:
            pass


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


async def task_bytes(n):
    before = resident_bytes()
    tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(n)]
    await asyncio.sleep(0)
    after = resident_bytes()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return after - before


# A coroutine that returns a number has measured itself.
FIGURES = {
    "spawn_await": (100_000, spawn_await),
    "yield": (200_000, yield_),
    "post": (500_000, post),
    "cross_post": (200_000, cross_post),
    "gather_each": (100_000, gather_each),
    "timer_add_cancel": (100_000, timer_add_cancel),
    "timer_fire": (50_000, timer_fire),
    "queue_pass": (200_000, queue_pass),
    "mutex_uncontended": (500_000, mutex_uncontended),
    "task_bytes": (100_000, task_bytes),
}


async def measure(coroutine):
    start = time.perf_counter_ns()
    own = await coroutine
    return time.perf_counter_ns() - start if own is None else own


def main():
    asked = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if "--uvloop" in sys.argv:
        import uvloop
        uvloop.install()
    for name, (count, figure) in FIGURES.items():
        if asked and name not in asked:
            continue
        if "--quick" in sys.argv:
            count //= 10
        asyncio.run(measure(figure(count // 10)))
        print(f"{name} {asyncio.run(measure(figure(count))) / count:.6g}", flush=True)


main()
