# SPDX-License-Identifier: MIT
"""redis-py, and with --bound redis-benchmark: a program in C that does nothing with replies but count them."""
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PIPELINE_SIZE = 1000
TASKS_AT_ONCE = 100

quick = "--quick" in sys.argv
bound = "--bound" in sys.argv
asked = [argument for argument in sys.argv[1:] if not argument.startswith("--")]


def cpu(whose):
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def by_redis_benchmark(socket, n, at_once):
    before = cpu(resource.RUSAGE_CHILDREN)
    command = ["redis-benchmark", "-s", socket, "-c", "1", "-P", str(at_once), "-n", str(n), "--csv", "GET", "key"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    per_second = float(output.splitlines()[-1].split(",")[1].strip('"'))
    return 1e6 / per_second, (cpu(resource.RUSAGE_CHILDREN) - before) * 1e6 / n


def by_redis_py(socket, n, at_once):
    import redis
    client = redis.Redis(unix_socket_path=socket)
    start, before = time.perf_counter(), cpu(resource.RUSAGE_SELF)
    if at_once == 1:
        for _ in range(n):
            client.get("key")
    else:
        for _ in range(n // at_once):
            some = client.pipeline(transaction=False)
            for _ in range(at_once):
                some.get("key")
            some.execute()
    return (time.perf_counter() - start) * 1e6 / n, (cpu(resource.RUSAGE_SELF) - before) * 1e6 / n


def main():
    with tempfile.TemporaryDirectory(prefix="bench_redis_") as directory:
        socket = directory + "/redis.sock"
        server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--dir", directory,
                                   "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
        try:
            while not Path(socket).exists():
                time.sleep(0.01)
            subprocess.run(["redis-cli", "-s", socket, "SET", "key", "value of a usual size"], check=True,
                           capture_output=True)
            measure = by_redis_benchmark if bound else by_redis_py
            for figure, count, at_once in [("redis_get", 50_000, 1), ("redis_pipeline_cpu", 100_000, PIPELINE_SIZE),
                                           ("redis_tasks_cpu", 100_000, TASKS_AT_ONCE)]:
                if not asked or figure in asked:
                    more = 10 if bound and at_once > 1 else 1
                    wall, spent = measure(socket, count * more // (10 if quick else 1), at_once)
                    print(figure, f"{wall if figure == 'redis_get' else spent:.6g}", flush=True)
        finally:
            server.kill()
            server.wait()


main()
