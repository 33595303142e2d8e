# SPDX-License-Identifier: MIT
"""What bench/run measures: a new area is an entry here and programs in bench/<area>/."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    unit: str
    target: float | None = None
    against: str | None = None  # the target is a ratio to this: a peer, "bound" or "best peer"; None: it is absolute
    better: str = "lower"


@dataclass(frozen=True)
class Program:
    name: str  # "ours" and "bound" are linked with simul; else the peer's
    source: str  # below bench/: C++, Go, Python or JavaScript
    figures: frozenset[str]
    flags: tuple[str, ...] = ()  # to compile and link
    args: tuple[str, ...] = ()
    load: tuple[str, ...] = ()  # a Python script that calls the program and measures it, and what it gets before its command


@dataclass(frozen=True)
class Area:
    packages: tuple[str, ...]  # Debian's, of the peers
    figures: tuple[Figure, ...]
    programs: tuple[Program, ...]
    targets: tuple[str, ...] = ("libsimul.a",)  # of CMake, that ours need


def program(name, source, figures, flags="", args="", load=""):
    return Program(name, source, frozenset(figures.split()), tuple(flags.split()), tuple(args.split()), tuple(load.split()))


def http_server(name, source, **more):
    return program(name, source, "http_server_cpu http_server_rps", load="http/load.py server", **more)


def http_client(name, source, **more):
    return program(name, source, "http_client_cpu http_client_delayed http_client_delayed_1000",
                   load="http/load.py client", **more)


def fetcher(name, tool):
    return program(name, "fetch/race.py", "fetch_wall fetch_cpu fetch_lost fetch_requests", args=tool)


# Its own check is for other versions of clang, or wants libc++.
ASIO = "-DASIO_HAS_CO_AWAIT -DASIO_HAS_STD_COROUTINE"
BEAST = "-DBOOST_ASIO_HAS_CO_AWAIT -DBOOST_ASIO_HAS_STD_COROUTINE"

LOOP = "spawn_await yield post cross_post gather_each timer_add_cancel timer_fire task_bytes"

FORK_JOIN = " ".join(f"{what}_{threads}t" for what in ("fib_34", "skynet", "nqueens", "matmul") for threads in (1, 2))

PROCESSES = "process_jobs process_latency process_latency_busy process_start process_100mb"

POWERS = "powers_1 powers_2 powers_2_processes"

GMP = "-lgmpxx -lgmp"

ECHO = "echo_1 echo_100 echo_100_cpu connection_bytes"

FILES = "file_read_small file_read_cold file_write_small file_read_large"

REDIS = "redis_get redis_pipeline_cpu redis_tasks_cpu"

CLUSTER = "cluster_redis_jobs cluster_rabbitmq_jobs cluster_latency"

SPAWN = "subprocess_spawn subprocess_output"

AREAS = {
    "task": Area(
        packages=("libasio-dev", "golang-go", "python3-uvloop"),
        figures=(
            Figure("spawn_await", "ns", 0.125, "asio"),
            Figure("yield", "ns", 0.12, "asio"),
            Figure("post", "ns", 0.6, "asio"),
            Figure("cross_post", "ns", 0.7, "asio"),
            Figure("gather_each", "ns", 0.21, "asio"),
            Figure("timer_add_cancel", "ns", 0.2, "asio"),
            Figure("timer_fire", "ns", 0.2, "asio"),
            Figure("await_traced_extra", "ns", 2),
            Figure("queue_pass", "ns", 1.0, "best peer"),
            Figure("channel_pass", "ns", 1.0, "best peer"),
            Figure("mutex_uncontended", "ns", 1.0, "best peer"),
            Figure("task_bytes", "B", 300),
        ),
        programs=(
            program("ours", "task/loop.cpp",
                    "spawn_await yield post cross_post timer_add_cancel timer_fire task_bytes"),
            program("ours", "task/gather.cpp", "gather_each"),
            program("ours", "task/await.cpp", "await_traced_extra"),
            program("ours", "task/pass.cpp", "queue_pass channel_pass mutex_uncontended"),
            program("bound", "task/peers/bare.cpp", "spawn_await yield gather_each"),
            program("asio", "task/peers/asio.cpp", LOOP + " queue_pass channel_pass", flags=ASIO),
            program("go", "task/peers/go.go", "spawn_await yield cross_post gather_each timer_add_cancel timer_fire "
                    "queue_pass channel_pass mutex_uncontended task_bytes"),
            program("uvloop", "task/peers/asyncio_.py", LOOP + " queue_pass mutex_uncontended", args="--uvloop"),
            program("asyncio", "task/peers/asyncio_.py", LOOP + " queue_pass mutex_uncontended"),
        ),
    ),
    "run": Area(
        packages=("libtbb-dev", "libgmp-dev"),
        figures=(
            Figure("fib_34_1t", "ms"),
            Figure("fib_34_2t", "ms", 0.25, "tbb"),
            Figure("skynet_1t", "ms"),
            Figure("skynet_2t", "ms", 0.25, "tbb"),
            Figure("skynet_2t_mib", "MiB", 6),
            Figure("nqueens_1t", "ms"),
            Figure("nqueens_2t", "ms", 0.65, "tbb"),
            Figure("matmul_1t", "ms"),
            Figure("matmul_2t", "ms", 1.0, "tbb"),
            Figure("thread_jobs", "us", 0.2),
            Figure("thread_latency", "us", 15),
            Figure("channel_mpmc", "ns", 75),
            Figure("process_jobs", "us", 1),
            Figure("process_latency", "us", 15),
            Figure("process_latency_busy", "us", 2),
            Figure("process_start", "ms", 5),
            Figure("process_start_512mb", "ms", 5),
            Figure("process_100mb", "ms", 1.5, "bound"),
            Figure("powers_1", "s", 1.03, "bound"),
            Figure("powers_2", "s", 1.03, "bound"),
            Figure("powers_2_processes", "s", 1.03, "bound"),
        ),
        programs=(
            program("ours", "threads/fork_join.cpp", FORK_JOIN + " skynet_2t_mib"),
            program("ours", "threads/jobs.cpp", "thread_jobs thread_latency channel_mpmc"),
            program("tbb", "threads/peers/tbb.cpp", FORK_JOIN + " skynet_2t_mib", flags="-ltbb"),
            program("serial", "threads/peers/serial.cpp", FORK_JOIN),
            program("python", "threads/peers/futures.py", "thread_jobs thread_latency"),
            program("ours", "process/pool.cpp", PROCESSES + " process_start_512mb"),
            program("bound", "process/peers/bare.cpp", PROCESSES),
            program("ours", "process/powers.cpp", POWERS, flags=GMP),
            program("bound", "process/peers/gmp.cpp", POWERS, flags=GMP),
            program("python", "process/peers/executor.py", PROCESSES + " process_start_512mb"),
        ),
    ),
    "io": Area(
        packages=("python3-aiofiles", "libasio-dev", "libuv1-dev", "python3-uvloop"),
        figures=(
            Figure("echo_1", "us", 1.03, "bound"),
            Figure("echo_100", "us", 1.05, "bound"),
            Figure("echo_100_cpu", "us", 1.08, "bound"),
            Figure("connection_bytes", "B", 4096),
            Figure("subprocess_spawn", "us", 1.1, "bound"),
            Figure("subprocess_output", "us", 1.1, "bound"),
            Figure("subprocess_start", "us"),
            Figure("file_read_small", "us", 1.15, "bound"),
            Figure("file_read_cold", "us", 0.3, "bound"),
            Figure("file_write_small", "us", 1.1, "bound"),
            Figure("file_read_large", "s", 1.05, "bound"),
        ),
        programs=(
            program("ours", "io/echo.cpp", ECHO),
            program("bound", "io/peers/bare_uring.cpp", ECHO),
            program("asio", "io/peers/asio.cpp", ECHO, flags=ASIO),
            program("libuv", "io/peers/libuv.cpp", ECHO, flags="-luv"),
            program("uvloop", "io/peers/asyncio.cpp", ECHO, args="--uvloop"),
            program("asyncio", "io/peers/asyncio.cpp", ECHO),
            program("ours", "io/subprocess.cpp", SPAWN + " subprocess_start"),
            program("bound", "io/peers/bare_spawn.cpp", SPAWN + " subprocess_start"),
            program("libuv", "io/peers/libuv_spawn.cpp", SPAWN, flags="-luv"),
            program("asyncio", "io/peers/asyncio_subprocess.py", SPAWN),
            program("uvloop", "io/peers/asyncio_subprocess.py", SPAWN, args="--uvloop"),
            program("ours", "io/files.cpp", FILES),
            program("bound", "io/peers/blocking_files.cpp", FILES),
            program("aiofiles", "io/peers/aiofiles_.py", FILES),
            program("to_thread", "io/peers/aiofiles_.py", FILES, args="--to-thread"),
        ),
    ),
    "http": Area(
        packages=("golang-go", "libboost-dev", "libcurl4-openssl-dev", "nginx", "nlohmann-json3-dev", "nodejs",
                  "python3-aiohttp", "python3-bs4", "python3-httpx", "python3-uvloop", "wrk"),
        figures=(
            Figure("http_server_cpu", "us", 1.15, "bound"),
            Figure("http_server_rps", "/s", better="higher"),
            Figure("http_client_cpu", "us", 1.3, "bound"),
            Figure("http_client_delayed", "ms", 1.5, "bound"),
            Figure("http_client_delayed_1000", "ms", 1.2, "bound"),
            Figure("json_parse", "us", 1.05, "bound"),
            Figure("json_value", "us", 1.0, "best peer"),
            Figure("json_dump", "us", 1.0, "bound"),
            Figure("html_title", "us", 1.05, "bound"),
            Figure("url_parse", "us"),
        ),
        programs=(
            program("ours", "text/text.cpp", "json_parse json_value json_dump html_title url_parse"),
            program("bound", "text/peers/bare.cpp", "json_parse json_dump html_title", flags="-lsimdjson -lgumbo"),
            program("nlohmann", "text/peers/nlohmann.cpp", "json_value json_dump"),
            program("python", "text/peers/python.py", "json_parse json_dump html_title"),
            http_server("ours", "http/server.cpp"),
            http_server("bound", "http/peers/bare_uring.cpp"),
            http_server("epoll", "http/peers/bare_epoll.cpp"),
            http_server("nginx", "http/peers/nginx_.py"),
            http_server("beast", "http/peers/beast_server.cpp", flags=BEAST),
            http_server("go", "http/peers/go_server.go"),
            http_server("node", "http/peers/node_.js"),
            http_server("aiohttp", "http/peers/aiohttp_server.py"),
            http_client("ours", "http/client.cpp"),
            http_client("bound", "http/peers/bare_client.cpp"),
            http_client("beast", "http/peers/beast_client.cpp", flags=BEAST),
            http_client("libcurl", "http/peers/curl.cpp", flags="-lcurl"),
            http_client("go", "http/peers/go_client.go"),
            http_client("aiohttp", "http/peers/python_client.py", args="aiohttp"),
            http_client("httpx", "http/peers/python_client.py", args="httpx"),
        ),
    ),
    "db": Area(
        packages=("libhiredis-dev", "python3-redis", "redis-server"),
        figures=(
            Figure("redis_get", "us", 1.1, "bound"),
            Figure("redis_pipeline_cpu", "us", 1.0, "hiredis"),
            Figure("redis_tasks_cpu", "us", 1.5, "hiredis"),
        ),
        programs=(
            program("ours", "db/redis.cpp", REDIS),
            program("bound", "db/peers/python.py", REDIS, args="--bound"),
            program("hiredis", "db/peers/hiredis.cpp", REDIS, flags="-lhiredis"),
            program("redis-py", "db/peers/python.py", REDIS),
        ),
    ),
    "cluster": Area(
        packages=("python3-celery", "python3-redis", "redis-server", "rabbitmq-server"),
        figures=(
            Figure("cluster_redis_jobs", "us", 0.1, "celery"),
            Figure("cluster_rabbitmq_jobs", "us", 0.14, "celery"),
            Figure("cluster_latency", "us", 1000),
        ),
        programs=(
            program("ours", "cluster/jobs.cpp", CLUSTER, load="cluster/load.py"),
            program("bound", "cluster/load.py", "cluster_redis_jobs", args="redis-alone"),
            program("bound", "cluster/peers/bare_amqp.cpp", "cluster_rabbitmq_jobs", load="cluster/load.py"),
            program("celery", "cluster/peers/celery_jobs.py", CLUSTER, load="cluster/load.py"),
        ),
    ),
    "fetch": Area(
        packages=("curl", "pup", "python3-aiohttp", "python3-bs4"),
        figures=(
            Figure("fetch_wall", "ms", 1270),
            Figure("fetch_cpu", "ms", 100),
            Figure("fetch_lost", "pages", 0),
            Figure("fetch_requests", "for each page"),
        ),
        programs=(
            fetcher("ours", "simul"),
            fetcher("xargs-curl-pup", "xargs"),
            fetcher("curl-Z", "curl"),
            fetcher("aiohttp", "aiohttp"),
        ),
        targets=("simul_command",),
    ),
    "blocking": Area(
        packages=(),
        figures=(
            Figure("fiber_yield", "ns"),
            Figure("fiber_await_task", "ns"),
            Figure("fiber_ready", "ns"),
            Figure("fiber_spawn", "ns"),
            Figure("fiber_bytes", "B", 8192),
            Figure("to_thread", "ns", 1.0, "asyncio"),
            Figure("thread_start", "ns"),
            Figure("block_on_ready", "ns"),
            Figure("block_on_yield", "ns"),
            Figure("cpu_count", "ns"),
        ),
        programs=(
            program("ours", "blocking/fiber.cpp", "fiber_yield fiber_await_task fiber_ready fiber_spawn fiber_bytes"),
            program("ours", "blocking/threads.cpp", "to_thread thread_start block_on_ready block_on_yield cpu_count"),
            program("bound", "blocking/peers/bare.cpp", "fiber_yield thread_start"),
            program("asyncio", "blocking/peers/asyncio_.py", "to_thread thread_start"),
        ),
    ),
}
