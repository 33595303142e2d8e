# SPDX-License-Identifier: MIT
"""asyncio.to_thread and threading.Thread, as bench/run calls them: PROGRAM [--quick] [FIGURE...]."""
import asyncio
import sys
import threading
import time


def to_thread(n):
    async def main():
        start = time.perf_counter()
        for _ in range(n):
            await asyncio.to_thread(int)
        return time.perf_counter() - start

    return asyncio.run(main())


def thread_start(n):
    start = time.perf_counter()
    for _ in range(n):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    return time.perf_counter() - start


quick = "--quick" in sys.argv
asked = [each for each in sys.argv[1:] if not each.startswith("--")]
for name, count, measure in (("to_thread", 5000, to_thread), ("thread_start", 2000, thread_start)):
    if not asked or name in asked:
        count = count // 10 if quick else count
        measure(count // 10)
        print(name, measure(count) / count * 1e9)
