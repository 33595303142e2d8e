#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""load.py COMMAND... [--quick] FIGURE: the same jobs, through the same broker, for each client and its workers.

COMMAND is called as `COMMAND worker URL`, which prints "ready", and as `COMMAND client URL COUNT AT_ONCE`, which prints what a job
took and the median wait for one, in us. Each job has a result, and is acknowledged after it. `redis-alone` as COMMAND is what Redis
itself needs for the messages of a job, without a worker; for RabbitMQ, peers/bare_amqp.cpp is.
"""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AT_ONCE = 100


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def wait_for(port, process):
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        with socket.socket() as peer:
            if peer.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"{process.args[0]} didn't start")


@contextlib.contextmanager
def running(command, **more):
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], **more)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def redis(folder):
    port = free_port()
    command = ["redis-server", "--port", str(port), "--dir", folder, "--save", "", "--appendonly", "no"]
    with running(command, stdout=subprocess.DEVNULL) as process:
        wait_for(port, process)
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def rabbitmq(folder):
    port, epmd_port = free_port(), free_port()
    Path(folder, "enabled_plugins").write_text("[].\n")
    environment = os.environ | {
        "HOME": folder,  # for its cookie
        "RABBITMQ_NODENAME": f"bench{port}@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_MNESIA_BASE": f"{folder}/data", "RABBITMQ_LOG_BASE": f"{folder}/log",
        "RABBITMQ_PID_FILE": f"{folder}/pid", "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RUNNING_UNDER_SYSTEMD": "true", "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1"}
    with running(["epmd", "-address", "127.0.0.1", "-port", str(epmd_port)]):
        with running(["/usr/lib/rabbitmq/bin/rabbitmq-server"], env=environment, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL) as process:
            wait_for(port, process)
            yield f"amqp://guest:guest@127.0.0.1:{port}//"


def measure(command, url, count, at_once):
    with running([*command, "worker", url], stdout=subprocess.PIPE, text=True) as worker:
        for line in worker.stdout:
            if "ready" in line:
                break
        else:
            sys.exit("the worker didn't start")
        client = subprocess.run([*command, "client", url, str(count), str(at_once)], capture_output=True, text=True)
        if client.returncode:
            sys.exit(client.stderr)
        return [float(word) for word in client.stdout.split()]


def redis_alone(url, count):
    """A job is pushed and taken, its result kept and told."""
    port = re.search(r":(\d+)/", url)[1]
    message, result = "x" * 900, "x" * 250
    total = 0.0
    for words in (["LPUSH", "q", message], ["RPOP", "q"], ["SETEX", "r", "100", result], ["PUBLISH", "r", result]):
        run = subprocess.run(["redis-benchmark", "-p", port, "-c", "1", "-P", str(AT_ONCE), "-n", str(count), "--csv", *words],
                             capture_output=True, text=True, check=True)
        total += 1e6 / float(run.stdout.splitlines()[-1].split('","')[1])
    return total


BROKERS = {"cluster_redis_jobs": redis, "cluster_rabbitmq_jobs": rabbitmq, "cluster_latency": redis}

*command, figure = sys.argv[1:]
quick = command[-1] == "--quick"
if quick:
    command.pop()
folder = tempfile.mkdtemp(prefix="simul-bench-")
try:
    with BROKERS[figure](folder) as url:
        count = 1_000 if quick else 10_000
        if command == ["redis-alone"]:
            print(figure, redis_alone(url, 10 * count))
        elif figure == "cluster_latency":
            print(figure, measure(command, url, count // 10, 1)[1])
        else:
            print(figure, measure(command, url, count, AT_ONCE)[0])
finally:
    shutil.rmtree(folder, ignore_errors=True)
