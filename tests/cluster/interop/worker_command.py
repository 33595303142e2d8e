#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""worker_command.py SIMUL LIBRARY: `simul worker`, with the jobs of a library, asked by hand through a Redis."""
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

SIMUL, LIBRARY = sys.argv[1:3]
del sys.argv[1:3]


def simul(*arguments):
    return subprocess.run([SIMUL, "worker", *arguments], capture_output=True, text=True, timeout=60)


class Refusals(unittest.TestCase):
    def test_says_what_is_missing(self):
        run = simul("--app", "./nothing.so")
        self.assertEqual((run.returncode, run.stderr), (
            3, "simul worker: ./nothing.so: cannot open shared object file: No such file or directory\n"))
        run = simul()
        self.assertEqual((run.returncode, run.stderr), (
            3, "simul worker: there are no jobs to do: name a library that has some, as --app ./libmine.so\n"))
        run = simul("--app", LIBRARY, "--broker", "nowhere://127.0.0.1")
        self.assertEqual(run.returncode, 3)
        self.assertIn('the scheme "nowhere"', run.stderr)
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))  # and doesn't listen
            run = simul("--app", LIBRARY, "--broker", f"redis://127.0.0.1:{door.getsockname()[1]}")
        self.assertEqual(run.returncode, 3)
        self.assertIn("Connection refused", run.stderr)

    def test_takes_libraries_whose_paths_it_can_hand_on(self):
        self.assertEqual(simul("--app", "a:b.so").returncode, 2)


class Worker(unittest.TestCase):
    def test_does_the_jobs_of_a_library(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "redis.sock")
            server = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "redis-server", "--port", "0", "--unixsocket", path, "--dir",
                                       folder, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
            worker = None
            try:
                redis = self.connect(path)
                with socket.socket() as door:
                    door.bind(("127.0.0.1", 0))
                    metrics = f"127.0.0.1:{door.getsockname()[1]}"
                worker = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", SIMUL, "worker", "--broker", f"unix://{path}", "--app", LIBRARY,
                                           "-c1", "--verbose", "--name", "w@here", "--metrics", metrics], stderr=subprocess.PIPE, text=True)
                self.assertIn("until Ctrl-C", worker.stderr.readline())
                self.assertEqual(worker.stderr.readline(), "w@here is ready\n")
                self.assertEqual(self.run_job(redis, "cpp.add", [2, 3])["result"], 5)  # a process has loaded the library, too
                self.assertRegex(worker.stderr.readline(), r"cpp.add SUCCESS 0\.\d+ s")
                numbers = self.fetch(metrics)
                self.assertIn('simul_worker_jobs_total{state="SUCCESS"} 1\n', numbers)
                self.assertIn("simul_worker_job_seconds_count 1\n", numbers)
                worker.send_signal(signal.SIGTERM)
                self.assertEqual(worker.wait(30), 0)
            finally:
                if worker:
                    worker.kill()
                    worker.stderr.close()
                    worker.wait()
                server.kill()
                server.wait()

    def connect(self, path):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            peer = socket.socket(socket.AF_UNIX)
            if peer.connect_ex(path) == 0:
                return peer.makefile("rwb")
            peer.close()
            time.sleep(0.02)
        self.fail("redis-server doesn't listen")

    def command(self, redis, *words):
        redis.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in map(str.encode, words)))
        redis.flush()
        line = redis.readline()
        if line.startswith(b"$") and line != b"$-1\r\n":
            return redis.read(int(line[1:]) + 2)[:-2]
        return None if line == b"$-1\r\n" else line

    def run_job(self, redis, name, args):
        job = str(uuid.uuid4())
        body = base64.b64encode(json.dumps([args, {}, {}]).encode()).decode()
        self.command(redis, "LPUSH", "celery", json.dumps({
            "body": body, "content-encoding": "utf-8", "content-type": "application/json", "headers": {"task": name, "id": job},
            "properties": {"correlation_id": job, "delivery_info": {"exchange": "", "routing_key": "celery"},
                           "body_encoding": "base64", "delivery_tag": str(uuid.uuid4())}}))
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if found := self.command(redis, "GET", "celery-task-meta-" + job):
                return json.loads(found)
            time.sleep(0.02)
        self.fail("no result")

    def fetch(self, at):
        host, port = at.split(":")
        with socket.create_connection((host, int(port)), 10) as peer:
            peer.sendall(b"GET /metrics HTTP/1.0\r\nHost: a\r\n\r\n")
            return peer.makefile("r").read()


if __name__ == "__main__":
    unittest.main(warnings="ignore")
