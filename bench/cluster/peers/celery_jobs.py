# SPDX-License-Identifier: MIT
"""Celery's workers, prefork, and client: as ../jobs.cpp."""
import os
import statistics
import sys
import threading
import time

from celery import Celery
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


def submit(count, at_once):
    """Celery's client has no way to wait for several results but one after the other."""
    waits = []
    for begun in range(0, count, at_once):
        start = time.perf_counter()
        several = [add.delay(i, i) for i in range(begun, min(begun + at_once, count))]
        for each in several:
            each.get()
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
