#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages of the examples show what is there.

    pages.py quotes docs/examples
    pages.py replay docs/examples/count.md count/async --programs build/dev/examples --simul build/dev/simul

`quotes`: below `<!-- file: examples/count/async.cpp -->` stands what is in that file, what is said to be Python is, and links
lead to something.

`replay`: runs the ```console blocks that run ./count/async, or a command of that name, and compares. In a block, a line with "$ " is a command for bash,
and what follows is its output. It runs in a new folder, in which the programs are, finds the command `simul`, and has to
succeed without a word on stderr. Below `<!-- any order -->` the lines of each output may come in any, below `<!-- any order of words -->` the words.
Durations are compared in virtual time (SIMUL_BACKEND=sim) only: elsewhere "0.10 seconds" stands for any.

With --write both mend the page instead.
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
DURATION = re.compile(r"\b\d+(\.\d+)?(?= (?:seconds|ms)\b)")


def show_difference(page, expected, found):
    sys.stdout.writelines(difflib.unified_diff(expected, found, str(page), "what is there"))


def with_text(block, text):
    at = block.start("text") - block.start()
    return block[0][:at] + text + "```"


def quotes(options):
    def quoted(block):
        note = block["note"] or ""
        if not note.startswith("file: "):
            return block[0]
        return with_text(block, re.sub(r"\A.*SPDX.*\n//\n", "", Path(note.removeprefix("file: ")).read_text()))

    wrong = False
    for page in sorted(options.pages.glob("*.md")):
        before = page.read_text()
        for block in BLOCK.finditer(before):
            if block["language"] == "python":
                compile(block["text"], str(page), "exec")
        for link in re.findall(r"\]\(([^):]+)\)", BLOCK.sub("", before)):
            if not (page.parent / link).exists():
                print(f"{page}: nothing is at {link}")
                wrong = True
        after = BLOCK.sub(quoted, before)
        if options.write:
            page.write_text(after)
        elif after != before:
            show_difference(page, before.splitlines(True), after.splitlines(True))
            wrong = True
    return wrong


def run_block(block, options):
    """Its commands, each with the output that it shows, the one that it has, and what else is wrong with it."""
    parts = re.split(r"^\$ (.*)\n", block["text"], flags=re.M)
    environment = os.environ | {"PATH": f"{options.simul.resolve().parent}:{os.environ['PATH']}"} if options.simul else None
    with tempfile.TemporaryDirectory() as folder:
        for each in options.programs.iterdir():
            os.symlink(each.resolve(), Path(folder) / each.name)
        for command, shown in zip(parts[1::2], parts[2::2]):
            run = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, env=environment)
            trouble = run.stderr + (f"exit code {run.returncode}\n" if run.returncode else "")
            yield command, shown, run.stdout, trouble


def comparable(command, output, note):
    if "SIMUL_BACKEND=sim" not in command:
        output = DURATION.sub("#", output)
    if note == "any order of words":
        return sorted(word + "\n" for word in output.split())
    lines = output.splitlines(True)
    return sorted(lines) if note == "any order" else lines


def replay(options):
    runs, wrong = 0, False

    def replayed(block):
        nonlocal runs, wrong
        if block["language"] != "console" or not re.search(rf"^\$ .*(?:\./|(?<= )){options.program}\b", block["text"], re.M):
            return block[0]
        text = ""
        for command, shown, printed, trouble in run_block(block, options):
            runs += 1
            text += f"$ {command}\n{printed}"
            expected, found = (comparable(command, output, block["note"]) for output in (shown, printed))
            if trouble or (expected != found and not options.write):
                wrong = True
                print(f"$ {command}\n{trouble}")
                show_difference(options.page, expected, found)
        return with_text(block, text)

    page = BLOCK.sub(replayed, options.page.read_text())
    if options.write and not wrong:
        options.page.write_text(page)
    if runs == 0:
        print(f"{options.page} doesn't show how ./{options.program} runs")
    return wrong or runs == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(required=True)
    mode = modes.add_parser("quotes")
    mode.set_defaults(run=quotes)
    mode.add_argument("--write", action="store_true")
    mode.add_argument("pages", type=Path)
    mode = modes.add_parser("replay")
    mode.set_defaults(run=replay)
    mode.add_argument("--write", action="store_true")
    mode.add_argument("page", type=Path)
    mode.add_argument("program")
    mode.add_argument("--programs", type=Path, required=True)
    mode.add_argument("--simul", type=Path)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
