# SPDX-License-Identifier: MIT
"""asyncio's subprocesses, as bench/run calls them: PROGRAM [--uvloop] [--quick] [FIGURE...]."""
import asyncio
import sys
import time

if "--uvloop" in sys.argv:
    import uvloop

    uvloop.install()


async def spawn_and_wait():
    await (await asyncio.create_subprocess_exec("/bin/true")).wait()


async def keep_output():
    child = await asyncio.create_subprocess_exec("/bin/echo", "hello", stdout=asyncio.subprocess.PIPE)
    return (await child.communicate())[0]


def measure(what, n):
    async def main():
        start = time.perf_counter()
        for _ in range(n):
            await what()
        return time.perf_counter() - start

    return asyncio.run(main()) / n * 1e6


quick = "--quick" in sys.argv
asked = [each for each in sys.argv[1:] if not each.startswith("--")]
for name, what in (("subprocess_spawn", spawn_and_wait), ("subprocess_output", keep_output)):
    if not asked or name in asked:
        count = 30 if quick else 300
        measure(what, count // 10)
        print(name, measure(what, count))
