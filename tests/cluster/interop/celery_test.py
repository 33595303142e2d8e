#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""celery_test.py redis|rabbitmq PROGRAM: Celery's clients, tools and workers, with a C++ worker at one broker.

PROGRAM is interop_worker (main.cpp); interop_client (client.cpp) stands beside it. Starts and stops broker and workers itself. Exit code 77: something isn't installed.
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

try:
    from celery import Celery, chain, chord, exceptions, group
    from celery.events.state import State
    from kombu import Connection
except ImportError:
    sys.exit(77)

HERE = Path(__file__).parent
KIND, PROGRAM = sys.argv[1:3]
CLIENT = Path(PROGRAM).with_name("interop_client")
del sys.argv[1:3]
PATIENCE = 60


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def with_parent(command):
    """Ends when this process does, however that ends."""
    return ["setpriv", "--pdeathsig", "KILL", *command]


def until(answer, what, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = answer()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


class Redis:
    joins = True

    def __init__(self, folder):
        self.port = free_port()
        self.url = self.results = f"redis://127.0.0.1:{self.port}/0"
        self.process = subprocess.Popen(with_parent(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]),
            stdout=subprocess.DEVNULL)
        until(self.answers, "redis-server")

    def answers(self):
        with socket.socket() as peer:
            return peer.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class RabbitMQ:
    joins = False  # results are messages
    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # the one in the PATH wants to be root

    def __init__(self, folder):
        if not os.access(self.program, os.X_OK):
            sys.exit(77)
        self.port, names = free_port(), free_port()
        self.url, self.results = f"amqp://guest:guest@127.0.0.1:{self.port}//", "rpc://"
        Path(folder, "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        Path(folder, "enabled_plugins").write_text("[].\n")
        self.names = subprocess.Popen(with_parent(["epmd", "-address", "127.0.0.1", "-port", str(names)]))
        self.process = subprocess.Popen(with_parent([self.program]), stdout=Path(folder, "output").open("w"), stderr=subprocess.STDOUT, env={
            **os.environ,
            "HOME": folder,  # for its cookie
            "RABBITMQ_NODENAME": f"simul{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": folder + "/data",
            "RABBITMQ_LOG_BASE": folder + "/log",
            "RABBITMQ_PID_FILE": folder + "/pid",
            "RABBITMQ_CONFIG_FILE": folder + "/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": folder + "/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the broker
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1"})
        until(self.answers, "rabbitmq-server", 180)

    def answers(self):
        try:
            with Connection(self.url, connect_timeout=2) as peer:
                peer.connect()
                return True
        except OSError:
            return False

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.names.kill()
        self.names.wait()


BROKERS = {"redis": Redis, "rabbitmq": RabbitMQ}


class Worker:
    def __init__(self, name, *queues):
        self.name = name
        self.process = subprocess.Popen(with_parent([PROGRAM, broker.url, name, *queues]), stderr=subprocess.PIPE, text=True)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            if "is ready" in line:
                break
        else:
            raise AssertionError("".join(self.said))
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()

    def end(self, by=signal.SIGTERM):
        self.process.send_signal(by)
        return self.process.wait(PATIENCE)


def setUpModule():
    global folder, broker, app, worker
    folder = tempfile.TemporaryDirectory()
    broker = BROKERS[KIND](folder.name)
    app = Celery("client", broker=broker.url, backend=broker.results)
    worker = Worker("cpp@here")


def tearDownModule():
    code = worker.end()
    app.close()
    broker.end()
    folder.cleanup()
    assert code == 0, "".join(worker.said)


def ask(task, *args, **kwargs):
    return app.send_task(task, args, kwargs)


def get(result, **options):
    return result.get(timeout=PATIENCE, **options)


def sig(task, *args, **options):
    return app.signature(task, args=args, options=options)


class Jobs(unittest.TestCase):
    def test_results(self):
        self.assertEqual(get(ask("cpp.add", 2, 3)), 5)
        self.assertEqual(get(ask("cpp.add", 2, y=3)), 5)
        self.assertEqual(get(ask("cpp.echo", "Dvořák, \U0001f600")), "Dvořák, \U0001f600")
        waited = ask("cpp.wait", 0.01)
        self.assertEqual(get(waited), waited.id)

    def test_many(self):
        asked = [ask("cpp.add", i, i) for i in range(200)]
        self.assertEqual([get(each) for each in asked], [2 * i for i in range(200)])

    def test_errors(self):
        with self.assertRaisesRegex(ValueError, "too large"):
            get(ask("cpp.fail", "too large"))
        with self.assertRaisesRegex(TypeError, "misses its argument 'y'"):
            get(ask("cpp.add", 2))
        with self.assertRaises(exceptions.NotRegistered):
            get(ask("cpp.nothing"))
        with self.assertRaises(Exception) as lost:
            get(ask("cpp.die"))
        self.assertEqual(type(lost.exception).__name__, "WorkerLostError")

    def test_retries(self):
        self.assertEqual(get(ask("cpp.flaky")), 2)

    def test_countdown_and_expiry(self):
        begin = time.monotonic()
        result = app.send_task("cpp.add", (2, 3), countdown=1)
        self.assertEqual(get(result), 5)
        self.assertGreater(time.monotonic() - begin, 0.9)
        with self.assertRaises(exceptions.TaskRevokedError):
            get(app.send_task("cpp.add", (2, 3), countdown=1, expires=0.5))

    def test_time_limits(self):
        for options, name in (({"time_limit": 0.2}, "TimeLimitExceeded"), ({"soft_time_limit": 0.2}, "SoftTimeLimitExceeded")):
            for task in ("cpp.sleep", "cpp.wait"):
                with self.assertRaises(Exception) as ended:
                    get(app.send_task(task, (60,), **options))
                self.assertEqual(type(ended.exception).__name__, name)

    def test_progress(self):
        result = ask("cpp.steps", 3)
        if broker.joins:
            until(lambda: result.state == "PROGRESS" and result.info["done"] >= 1, "progress")
        self.assertEqual(get(result), 3)


class Workflows(unittest.TestCase):
    def test_chain(self):
        result = chain(sig("cpp.add", 2, 2), sig("cpp.add", 10), sig("cpp.add", 100)).apply_async()
        self.assertEqual(get(result), 114)
        with self.assertRaises(ValueError):
            get(chain(sig("cpp.fail", "no"), sig("cpp.add", 10)).apply_async())

    def test_callbacks(self):
        app.send_task("cpp.add", (1, 2), link=sig("cpp.add", 10, task_id="called")).get(timeout=PATIENCE)
        if broker.joins:
            self.assertEqual(get(app.AsyncResult("called")), 13)

    def test_group(self):
        result = group(sig("cpp.add", i, i) for i in range(5)).apply_async()
        self.assertEqual(get(result), [0, 2, 4, 6, 8])

    def test_map(self):
        task = dict(sig("cpp.add"))
        result = app.send_task("celery.starmap", kwargs={"task": task, "it": [[1, 2], [3, 4]]})
        self.assertEqual(get(result), [3, 7])

    def test_chord(self):
        if not broker.joins:
            self.skipTest("messages can't be joined")
        self.assertEqual(get(chord([sig("cpp.add", i, i) for i in range(10)])(sig("cpp.sum"))), 90)
        failed = chord([sig("cpp.add", 1, 1), sig("cpp.fail", "no")])(sig("cpp.sum"))
        with self.assertRaisesRegex(exceptions.ChordError, "ValueError"):
            get(app.AsyncResult(failed.id))  # `failed` knows its parts, and raises what they do
        steps = chain(sig("cpp.add", 1, 1), group(sig("cpp.add", 1), sig("cpp.add", 2)), sig("cpp.sum"), sig("cpp.add", 100))
        self.assertEqual(get(steps.apply_async()), 107)


class BesidePython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.log = Path(folder.name, "python.log")
        cls.process = subprocess.Popen(
            with_parent([sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", "solo", "-n", "py@here",
                         "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]),
            cwd=HERE, env={**os.environ, "BROKER": broker.url, "RESULTS": broker.results, "PYTHONDONTWRITEBYTECODE": "1"},
            stderr=cls.log.open("w"), stdout=subprocess.DEVNULL)
        until(lambda: "ready." in cls.log.read_text(), "the Python worker")

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait(PATIENCE)

    def test_chain(self):
        steps = chain(sig("cpp.add", 2, 3, queue="celery"), sig("py.double", queue="python"), sig("cpp.add", 1, queue="celery"))
        self.assertEqual(get(steps.apply_async()), 11)

    def test_chord(self):
        if not broker.joins:
            self.skipTest("messages can't be joined")
        parts = [sig("cpp.add", i, i, queue="celery") for i in range(3)] + [sig("py.double", i, queue="python") for i in range(3)]
        for body, queue in (("cpp.sum", "celery"), ("py.total", "python")):
            self.assertEqual(get(chord(parts)(sig(body, queue=queue))), 12)


    def test_cpp_client(self):
        asked = subprocess.run([CLIENT, broker.url, broker.results], timeout=PATIENCE, capture_output=True, text=True)
        self.assertEqual((asked.returncode, asked.stderr), (0, ""))


class Control(unittest.TestCase):
    """What `celery status`, `celery inspect`, `celery control` and Flower ask."""

    def inspect(self, method, *args):
        return getattr(app.control.inspect(["cpp@here"], timeout=5), method)(*args)["cpp@here"]

    def control(self, method, **arguments):
        return app.control.broadcast(method, arguments, reply=True, timeout=5, destination=["cpp@here"], limit=1)[0]["cpp@here"]

    def celery(self, *command):
        run = subprocess.run([sys.executable, "-m", "celery", "-b", broker.url, *command], capture_output=True, text=True,
                             timeout=PATIENCE, cwd=folder.name)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def test_status(self):
        self.assertIn("cpp@here: OK", self.celery("status"))

    def test_inspect(self):
        self.assertEqual(self.inspect("ping"), {"ok": "pong"})
        self.assertIn("cpp.add", self.inspect("registered"))
        self.assertEqual(self.inspect("active_queues")[0]["name"], "celery")
        self.assertEqual(self.inspect("stats")["pool"]["max-concurrency"], 2)
        until(lambda: len(self.inspect("stats")["pool"]["processes"]) == 2, "the pids of both")
        self.assertEqual(self.inspect("conf")["task_acks_late"], True)
        self.assertIn("simul", self.inspect("report")["ok"])
        self.assertEqual(self.inspect("clock").keys(), {"clock"})

    def test_inspect_jobs(self):
        running = ask("cpp.wait", 60)
        active, = until(lambda: self.inspect("active"), "the job")
        self.assertEqual((active["id"], active["name"], active["args"]), (running.id, "cpp.wait", [60]))
        self.assertEqual(active["delivery_info"]["routing_key"], "celery")
        self.assertEqual(self.inspect("reserved"), [])
        self.assertEqual(self.inspect("query_task", running.id)[running.id][0], "active")
        running.revoke(terminate=True)
        with self.assertRaises(exceptions.TaskRevokedError):
            get(running)
        self.assertIn(running.id, self.inspect("revoked"))

    def test_inspect_scheduled(self):
        if KIND != "redis":
            self.skipTest("they wait in the broker")
        later = app.send_task("cpp.add", (1, 2), countdown=600)
        scheduled, = until(lambda: self.inspect("scheduled"), "the job")
        self.assertEqual(scheduled["request"]["id"], later.id)
        later.revoke()
        with self.assertRaises(exceptions.TaskRevokedError):
            get(later)

    def test_terminate_ends_the_process(self):
        running = ask("cpp.sleep", 600)
        until(lambda: self.inspect("active"), "the job")
        self.assertEqual(self.control("revoke", task_id=running.id, terminate=True, signal="SIGKILL"),
                         {"ok": f"terminate: {running.id}"})
        with self.assertRaisesRegex(exceptions.TaskRevokedError, "terminated"):
            get(running)

    def test_orders(self):
        self.assertEqual(self.control("rate_limit", task_name="cpp.echo", rate_limit="1000/s"),
                         {"ok": "new rate limit set successfully"})
        self.assertEqual(self.control("time_limit", task_name="cpp.echo", hard=9, soft=8), {"ok": "time limits set successfully"})
        self.assertIn("error", self.control("pool_grow", n=1))
        self.assertIn("error", self.control("nonsense"))
        self.assertEqual(self.control("add_consumer", queue="more"), {"ok": "add consumer more"})
        self.assertEqual(get(app.send_task("cpp.add", (1, 2), queue="more")), 3)
        self.assertEqual(self.control("cancel_consumer", queue="more"), {"ok": "no longer consuming from more"})

    def test_later_workers_know_what_was_revoked(self):
        app.control.revoke("nobodys-job")
        until(lambda: "nobodys-job" in self.inspect("revoked"), "the first worker")
        other = Worker("other@here", "others")
        self.assertIn("nobodys-job", app.control.inspect(["other@here"], timeout=5).revoked()["other@here"])
        self.assertEqual(other.end(), 0)

    def test_shutdown(self):
        other = Worker("other@here", "others")
        app.control.shutdown(["other@here"])
        self.assertEqual(other.process.wait(PATIENCE), 0)


class Events(unittest.TestCase):
    def test_monitors_see_workers_and_jobs(self):
        state, seen = State(), []
        stop = threading.Event()

        def watch():
            with app.connection_for_read() as connection:
                receiver = app.events.Receiver(connection, handlers={"*": lambda event: (state.event(event), seen.append(event))})
                for _ in receiver.itercapture(limit=None, timeout=None, wakeup=False):
                    if stop.is_set():
                        return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        until(lambda: any((event["type"], event["hostname"]) == ("worker-heartbeat", "cpp@here") for event in seen), "a heartbeat")
        self.assertTrue(state.workers["cpp@here"].alive)
        self.assertEqual(state.workers["cpp@here"].sw_ident, "simul")
        self.assertIn("ok", app.control.enable_events(["cpp@here"], reply=True)[0]["cpp@here"])
        good, bad = ask("cpp.add", 2, 3), ask("cpp.fail", "no")
        get(good)
        get(bad, propagate=False)
        until(lambda: good.id in state.tasks and state.tasks[good.id].state == "SUCCESS", "the job's end")
        until(lambda: bad.id in state.tasks and state.tasks[bad.id].state == "FAILURE", "the other's end")
        task = state.tasks[good.id]
        self.assertEqual((task.name, task.result, task.worker.hostname), ("cpp.add", "5", "cpp@here"))
        self.assertEqual(state.tasks[bad.id].exception, "ValueError('no')")
        app.control.disable_events(["cpp@here"], reply=True)
        stop.set()


class End(unittest.TestCase):
    def test_finishes_what_runs_and_gives_back_what_waits(self):
        if KIND != "redis":
            self.skipTest("the same code")
        one = Worker("one@here", "ending")
        running = [app.send_task("cpp.sleep", (0.5,), queue="ending") for _ in range(2)]
        waiting = [app.send_task("cpp.add", (i, 1), queue="ending") for i in range(3)]
        until(lambda: len(app.control.inspect(["one@here"], timeout=5).active()["one@here"]) == 2, "both jobs")
        self.assertEqual(one.end(), 0)
        for each in running:
            self.assertEqual(each.state, "SUCCESS")
        other = Worker("two@here", "ending")
        self.assertEqual([get(each) for each in waiting], [1, 2, 3])
        self.assertEqual(other.end(), 0)

    def test_asked_twice_it_ends_at_once(self):
        one = Worker("one@here", "ending")
        result = app.send_task("cpp.sleep", (1000,), queue="ending")
        until(lambda: app.control.inspect(["one@here"], timeout=5).active()["one@here"], "the job")
        one.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        one.end(signal.SIGINT)
        result.revoke()


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
