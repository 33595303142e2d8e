#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets each system call of a program fail once, with each plausible error, and looks how the program ends.

    sweep.py PROGRAM ARGUMENT [--every]     --every: all calls; else the first and the last of each kind

The program calls getppid() before and after what is to be tested. strace makes the calls fail.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# What each may plausibly fail with. EINTR and EAGAIN must go unnoticed. A call that is made to fail does nothing, so those
# that let go of something even when they fail aren't here: close, waitid with ECHILD. Nor is mmap: the sanitizer would be hit.
ERRORS = {
    "accept4": "EMFILE ECONNABORTED ENOBUFS", "bind": "EADDRINUSE EACCES", "connect": "ECONNREFUSED ETIMEDOUT",
    "clone3": "EAGAIN ENOMEM", "vfork": "EAGAIN", "clone": "EAGAIN", "epoll_create1": "EMFILE", "epoll_ctl": "ENOSPC ENOMEM",
    "epoll_pwait2": "EINTR", "eventfd2": "EMFILE ENFILE", "fstat": "EIO", "fsync": "EIO ENOSPC", "fdatasync": "EIO",
    "getdents64": "EIO", "getpeername": "ENOTCONN", "getsockname": "ENOBUFS", "io_uring_enter": "EINTR EAGAIN EBUSY",
    "io_uring_setup": "ENOSYS EPERM ENOMEM", "io_uring_register": "ENOMEM EINVAL", "listen": "EADDRINUSE", "memfd_create": "EMFILE",
    "openat": "EMFILE EACCES ENOSPC EINTR", "pidfd_open": "EMFILE ENOSYS", "pipe2": "EMFILE", "pread64": "EIO EINTR",
    "preadv2": "EIO EAGAIN", "pwrite64": "ENOSPC EIO EINTR", "pwritev2": "ENOSPC EAGAIN", "read": "EIO EINTR EAGAIN", "recvfrom": "ECONNRESET EINTR EAGAIN",
    "rename": "ENOSPC EACCES", "renameat2": "ENOSPC EACCES", "sendto": "EPIPE ECONNRESET EINTR EAGAIN", "setsockopt": "EINVAL", "shutdown": "ENOTCONN",
    "socket": "EMFILE ENOBUFS", "statx": "EIO EACCES", "unlink": "EIO", "unlinkat": "EIO", "waitid": "EINTR", "write": "ENOSPC EIO EPIPE EAGAIN",
}
ENDS_WELL = {0, 2}
SECONDS = 20


def strace(program, arguments, extra, folder, log):
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}  # leak detection needs ptrace for itself
    command = ["strace", "-f", "-o", log, *extra, program, *arguments, folder]
    try:
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as stuck:
        return "hangs", (stuck.stderr or b"").decode(errors="replace")
    return run.returncode, run.stderr


def calls_between_the_marks(log):
    """{system call: [which of its kind in the main thread]}, in the part of the program that is tested."""
    first = None
    counts = collections.Counter()
    tested = collections.defaultdict(list)
    marks = 0
    for line in open(log, errors="replace"):
        match = re.match(r"(\d+) +(\w+)\(", line)
        if not match:
            continue
        first = first or match[1]
        if match[1] != first:
            continue
        counts[match[2]] += 1
        if match[2] == "getppid":
            marks += 1
        elif marks == 1:
            tested[match[2]].append(counts[match[2]])
    return tested


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("argument")
    parser.add_argument("--every", action="store_true", default="SIMUL_LONG" in os.environ)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        def attempt(extra, name):
            place = os.path.join(folder, name)
            os.mkdir(place)
            return strace(options.program, [options.argument], extra, place, os.path.join(folder, name + ".log"))

        end, said = attempt([], "plain")
        if end != 0:
            sys.exit(f"without any failure it ends with {end}: {said}")
        tested = calls_between_the_marks(os.path.join(folder, "plain.log"))
        trials = [(call, error, which)
                  for call, places in sorted(tested.items()) if call in ERRORS
                  for error in ERRORS[call].split()
                  for which in (places if options.every else places[:1] + places[-1:])]
        trials = sorted(set(trials))

        def run(trial):
            call, error, which = trial
            return trial, attempt(["--seccomp-bpf", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={which}"], f"{call}-{error}-{which}")

        bad = []
        with ThreadPoolExecutor(2) as pool:
            for trial, (end, said) in pool.map(run, trials):
                if end not in ENDS_WELL:
                    bad.append(trial)
                    print("{} fails with {} at its call {}: ends with {}".format(*trial, end), said, sep="\n")
        unknown = sorted(set(tested) - set(ERRORS))
        print(f"{len(trials)} failures of {len(tested) - len(unknown)} system calls; {len(bad)} ended badly")
        print("not tried:", *unknown)
        sys.exit(1 if bad or not trials else 0)


main()
