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
    source: str  # below bench/: C++, Go or Python
    figures: frozenset[str]
    flags: tuple[str, ...] = ()  # to compile and link
    args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Area:
    packages: tuple[str, ...]  # Debian's, of the peers
    figures: tuple[Figure, ...]
    programs: tuple[Program, ...]


def program(name, source, figures, flags="", args=""):
    return Program(name, source, frozenset(figures.split()), tuple(flags.split()), tuple(args.split()))


# Its own check is for other versions of clang, or wants libc++.
ASIO = "-DASIO_HAS_CO_AWAIT -DASIO_HAS_STD_COROUTINE"

LOOP = "spawn_await yield post cross_post gather_each timer_add_cancel timer_fire task_bytes"

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
}
