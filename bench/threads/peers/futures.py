# SPDX-License-Identifier: MIT
"""Python's ThreadPoolExecutor at the same jobs."""
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

quick = "--quick" in sys.argv
asked = [argument for argument in sys.argv[1:] if not argument.startswith("--")]


def jobs():
    count = 10_000 if quick else 50_000
    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        for _ in range(count // 1000):
            for future in [pool.submit(int) for _ in range(1000)]:
                future.result()
        return (time.perf_counter() - start) / count * 1e6


def latency():
    times = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(100 if quick else 1000):
            time.sleep(0.001)
            start = time.perf_counter()
            pool.submit(int).result()
            times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


for name, measure in {"thread_jobs": jobs, "thread_latency": latency}.items():
    if not asked or name in asked:
        print(name, measure())
