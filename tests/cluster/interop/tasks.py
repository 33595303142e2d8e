# SPDX-License-Identifier: MIT
"""The tasks of a Python worker that stands beside the C++ one: celery -A tasks worker."""
import os

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"], backend=os.environ["RESULTS"])
app.conf.task_default_queue = "python"
app.conf.worker_enable_remote_control = False


@app.task(name="py.double")
def double(x):
    return 2 * x


@app.task(name="py.total")
def total(numbers):
    return sum(numbers)
