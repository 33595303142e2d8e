# SPDX-License-Identifier: MIT
"""concurrent.futures.ProcessPoolExecutor. `PROGRAM [--quick] [FIGURE...]` prints `FIGURE VALUE` for each figure asked for."""
import sys
import time
from concurrent.futures import ProcessPoolExecutor

WORKERS = 2


def next_one(n):
    return n + 1


def much(size):
    return b"x" * size


def timed(body):
    begin = time.perf_counter()
    body()
    return time.perf_counter() - begin


def jobs(pool, n):
    def body():
        window = []
        for i in range(n):
            if len(window) == 1000:
                window.pop(0).result()
            window.append(pool.submit(next_one, i))
        for flight in window:
            flight.result()

    return timed(body) / n * 1e6


def latency(pool, n, pause):
    total = 0
    for _ in range(n):
        time.sleep(pause)
        total += timed(lambda: pool.submit(next_one, 1).result())
    return total / n * 1e6


def start(n, ballast=0):
    touched = b"x" * ballast

    def body():
        pools.append(ProcessPoolExecutor(WORKERS))
        pools[-1].submit(next_one, 1).result()

    total = 0
    for _ in range(n):
        pools = []
        total += timed(body)
        pools[0].shutdown()
    assert len(touched) == ballast
    return total / n * 1e3


def large(pool, n):
    def body():
        for _ in range(n):
            pool.submit(much, 100_000_000).result()

    return timed(body) / n * 1e3


def with_pool(measure, *arguments):
    with ProcessPoolExecutor(WORKERS) as pool:
        pool.submit(next_one, 1).result()
        return measure(pool, *arguments)


def main():
    asked = [argument for argument in sys.argv[1:] if argument != "--quick"]
    scale = 10 if "--quick" in sys.argv else 1
    figures = {
        "process_jobs": lambda: with_pool(jobs, 20_000 // scale),
        "process_latency": lambda: with_pool(latency, 1000 // scale, 0.001),
        "process_latency_busy": lambda: with_pool(latency, 10_000 // scale, 0),
        "process_start": lambda: start(20 // scale),
        "process_start_512mb": lambda: start(10 // scale, 512 << 20),
        "process_100mb": lambda: with_pool(large, 10 // scale),
    }
    for name in asked or figures:
        if name in figures:
            print(name, f"{figures[name]():.6g}", flush=True)


main()
