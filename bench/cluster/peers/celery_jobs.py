# SPDX-License-Identifier: MIT
"""Celery's workers, prefork, and client: as ../jobs.cpp."""
import statistics
import sys
import time

from celery import Celery
from celery.result import ResultSet
from celery.signals import worker_ready

role, url, *numbers = sys.argv[1:]
app = Celery("bench", broker=url, backend="rpc://" if url.startswith("amqp") else url)
app.conf.task_acks_late = True
app.conf.worker_redirect_stdouts = False  # "ready" is no log


@app.task(name="bench.add")
def add(x, y):
    return x + y


@worker_ready.connect
def tell(**_):
    print("ready", flush=True)


def wait_for(several):
    """As is fastest. One after the other, RabbitMQ's take ten times as long; all together, Redis's do no better."""
    if url.startswith("amqp") and len(several) > 1:
        ResultSet(several, app=app).get()
    else:
        for each in several:
            each.get()


def submit(count, at_once):
    waits = []
    for begun in range(0, count, at_once):
        start = time.perf_counter()
        wait_for([add.delay(i, i) for i in range(begun, min(begun + at_once, count))])
        waits.append(time.perf_counter() - start)
    return waits


if role == "worker":
    app.worker_main(["worker", "-P", "prefork", "-c", "2", "--without-gossip", "--without-mingle", "-l", "ERROR"])
else:
    count, at_once = map(int, numbers)
    submit(10, 1)
    start = time.perf_counter()
    waits = submit(count, at_once)
    print((time.perf_counter() - start) * 1e6 / count, statistics.median(waits) * 1e6)
