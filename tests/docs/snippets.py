#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documentation shows is compiled, and what it says that a program prints is compared.

    snippets.py syntax README.md docs --compiler clang++-19 --flags "-std=c++20 -I include"
    snippets.py source snippets.cpp README.md docs
    snippets.py run build/dev/tests/docs/simul_docs_snippets README.md docs

A ```cpp block may be a whole program, some declarations, or statements, which are put into a task. What it needs and does not
show stands in a comment before it, invisible to readers; it holds for the rest of the page:

    <!-- given:
    struct page {};
    simul::task<page> fetch(std::string url);
    -->

A block is run if it has a `main` or a TEST, or says what it prints: `fmt::print("{}\\n", 6 * 7);  // 42`, in statements or in
`void show()`. Such a comment's words have to come one after the other in the output; two spaces end them, what follows is a
remark. Time is virtual (SIMUL_BACKEND=sim). A comment in the line above a block says otherwise:

    <!-- not run: why -->       is compiled only: without a network, or without an end
    <!-- real time -->          on the real backend: with processes
    <!-- program: hello -->     is the program hello, which the page's ```console blocks call as ./hello. Their output is
                                compared; other commands in them are not run
    <!-- fragment -->           can't be compiled
    <!-- file: a/b.cpp -->      a file of the project, compiled where it is

`syntax` compiles what isn't run, all of it in one go, each block in a namespace of its own, and ```python blocks; errors name
the page and its line. `source` writes what is run as one program, which takes the name or the place of a block, `run` runs it.
"""
import argparse
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))
import pages as consoles

PRELUDE = """
#include <simul/simul.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/fault.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/testing/sequencer.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <deque>
#include <optional>
#include <string>
#include <vector>
using namespace std::chrono_literals;
"""

ENTRY = """
struct entry {
    std::string_view name;
    int (*run)(int, char**);
};
"""

MAIN = """
// Called as a link with the name of a program, or with the name as its argument.
int main(int argc, char** argv)
{
    const std::string_view path = argv[0];
    const std::string_view called = path.substr(path.rfind('/') + 1);
    for (const auto& [name, run] : entries) {
        if (name == called)
            return run(argc, argv);
        if (argc > 1 && name == argv[1])
            return run(argc - 1, argv + 1);
    }
    fmt::print(stderr, "nothing is called {}\\n", argc > 1 ? argv[1] : argv[0]);
    return 2;
}
"""

CONTROL = re.compile(r"(?:for|while|if|else|do|switch|try|catch|return|co_return|co_await|co_yield|\{)(?!\w)")
CALL = re.compile(r"(?:\*|\+\+|--)?[\w:]+(?:<[^;]*>)?(?:(?:\.|->)\w+)*\s*(?:\(|=[^=]|[+-]=|\+\+)")
DEFINITION = re.compile(r"(?:template|struct|class|enum|using|namespace|SIMUL_\w*TEST\w*|TEST\w*|INSTANTIATE\w*)\b")
NEEDS_A_LOOP = re.compile(r"\bco_await\b|\bspawn\(")
NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|#[^\n]*', re.S)
INCLUDE = re.compile(r"^#include .*", re.M)
SUITE = re.compile(r"^(?:SIMUL_\w*)?TEST\w*\((\w+)", re.M)
CLAIM = re.compile(r"\bprint\(.*;[\s}]*// ?(.*?)(?:  .*)?$", re.M)


class Snippet:
    def __init__(self, page, line, note, text, given):
        self.page, self.line, self.note, self.text, self.given = page, line, note, text, given
        self.includes, self.code, self.entry = arrange(self)

    @property
    def place(self):
        return f"{self.page}:{self.line}"

    @property
    def program(self):
        return self.note.removeprefix("program: ") if self.note.startswith("program: ") else None

    @property
    def claims(self):
        return [words.split() for words in CLAIM.findall(self.text)]

    @property
    def is_run(self):
        wanted = self.entry in ("main", "test") or (self.entry and self.claims)
        return bool(wanted) and not self.note.startswith("not run: ")


def snippets_of(page):
    """The C++ blocks of a page, with what is given for each."""
    given, found = [], []
    lines = page.read_text().splitlines()
    at = 0
    while at < len(lines):
        if lines[at].startswith("<!-- given:"):
            first = at + 1
            while "-->" not in lines[at]:
                at += 1
            given.append((first + 1, "\n".join(lines[first:at])))
        elif lines[at].startswith("```cpp"):
            first = at + 1
            while lines[at + 1] != "```":
                at += 1
            note = re.match(r"<!-- (.*) -->$", lines[first - 2])
            note = note[1] if note else ""
            if note != "fragment" and not note.startswith("file: "):
                found.append(Snippet(page, first + 1, note, "\n".join(lines[first : at + 1]), list(given)))
            at += 1
        at += 1
    return found


def items_of(text):
    """What stands one after the other at the top: declarations and statements, as (offset, text)."""
    items, depth, start, at = [], 0, 0, 0
    while at < len(text):
        skipped = NO_CODE.match(text, at)
        if skipped:
            if text[at] == "#":
                items.append((at, skipped.group()))
                start = skipped.end()
            at = skipped.end()
            continue
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
        at += 1
        closed = text[at - 1] == "}" and not re.match(r"\s*[;,).(=]", text[at:])
        if depth == 0 and (text[at - 1] == ";" or closed):
            items.append((start, text[start:at]))
            start = at
    if text[start:].strip():
        items.append((start, text[start:]))
    return items


def is_function(code):
    """Whether a body in braces follows the parameters."""
    depth, brace = 0, -1
    for at, c in enumerate(code):
        if depth == 0 and c == "{":
            brace = at
            break
        if depth == 0 and c == "=":
            return False
        depth += (c in "([") - (c in ")]")
    return brace > 0 and re.search(r"\)[^;]*$", code[:brace]) is not None


def is_definition(code):
    """What can only stand outside of functions, or wants to."""
    return DEFINITION.match(code) or (is_function(code) and not CONTROL.match(code))


def is_statement(code):
    return CONTROL.match(code) or CALL.match(code) or NEEDS_A_LOOP.search(code)


def arrange(snippet):
    """Its includes, the code of its namespace, and where that begins: main, test, statements, show, or None."""
    includes, outside, inside, entry = [], [], [], None
    items = [(offset, item, re.sub(r"//[^\n]*", "", item).strip()) for offset, item in items_of(snippet.text)]
    codes = [code for _, _, code in items if code and not code.startswith("#")]
    whole = re.search(r"^int main\(", snippet.text, re.M) or SUITE.search(snippet.text)
    # Where functions are defined, they may use the variables before them.
    all_inside = not any(map(is_definition, codes)) and any(map(is_statement, codes))
    for offset, item, code in items:
        above = snippet.text.count("\n", 0, offset + len(item) - len(item.lstrip()))
        if snippet.program: # as if it were alone in a file
            line, file = above + 1, f"{snippet.program}.cpp"
        else:
            line, file = snippet.line + above, snippet.page.resolve()
        placed = f'#line {line} "{file}"\n{item.strip()}'
        if code.startswith("#"):
            includes.append(code)
        elif not code:
            continue
        elif code.startswith("int main("):
            outside.append(placed[: placed.rindex("}")] + " return 0; }") # in a namespace it has to
            entry = "main"
        elif is_definition(code):
            outside.append(placed)
            if code.startswith("void show()"):
                entry = "show"
            elif SUITE.match(code):
                entry = "test"
        elif not whole and (inside or all_inside or is_statement(code)):
            inside.append(placed)
        else:
            outside.append(placed)
    if inside:
        outside += ["simul::task<> statements() {", *inside, "co_return; }"]
        entry = entry or "statements"
    return includes, outside, entry


def call_of(snippet, namespace):
    """The body of a function of argc and argv that runs it."""
    if snippet.entry == "main":
        takes = re.search(r"^int main\(([^)]*)", snippet.text, re.M)[1]
        return f"return {namespace}::main({'argc, argv' if takes else ''});"
    if snippet.entry == "test":
        suites = ":".join(f"{suite}.*:*/{suite}.*" for suite in dict.fromkeys(SUITE.findall(snippet.text)))
        return f'testing::InitGoogleTest(&argc, argv); testing::GTEST_FLAG(filter) = "{suites}"; return RUN_ALL_TESTS();'
    if snippet.entry == "show":
        return f"{namespace}::show(); return 0;"
    return f"simul::run({namespace}::statements()); return 0;"


def source_of(snippets):
    """All of them, each in a namespace of its own."""
    shown = [each for snippet in snippets for each in snippet.includes]
    hidden = [each for snippet in snippets for _, text in snippet.given for each in INCLUDE.findall(text)]
    parts = [*dict.fromkeys(shown + hidden), PRELUDE]
    for number, snippet in enumerate(snippets):
        given = [f'#line {line} "{snippet.page.resolve()}"\n{INCLUDE.sub("", text)}' for line, text in snippet.given]
        parts += [f"namespace snippet_{number} {{", *given, *snippet.code, "}"]
    return "\n".join([*parts, ""])


def syntax(options):
    pages = pages_of(options)
    snippets = [each for page in pages for each in snippets_of(page) if not each.is_run]
    failed = False
    for page in pages:
        text = page.read_text()
        for block in consoles.BLOCK.finditer(text):
            if block["language"] == "python":
                try:
                    compile("\n" * text.count("\n", 0, block.start("text")) + block["text"], str(page), "exec")
                except SyntaxError as mistake:
                    print(f"{page}:{mistake.lineno}: this Python says: {mistake.msg}")
                    failed = True
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "snippets.cpp"
        file.write_text(source_of(snippets))
        command = [options.compiler, *shlex.split(options.flags), "-fsyntax-only", "-w", "-Wno-error", "-ferror-limit=0", str(file)]
        failed |= subprocess.run(command).returncode != 0
    print(f"{len(snippets)} snippets of {len(pages)} pages compiled")
    return failed


def source(options):
    snippets = [each for page in pages_of(options) for each in snippets_of(page) if each.is_run]

    table = [f'    {{"{snippet.program or snippet.place}", '
             f'[](int argc, char** argv) -> int {{ {call_of(snippet, f"snippet_{number}")} }}}},'
             for number, snippet in enumerate(snippets)]
    # What is not used is the reader's; a dropped task is nobody's.
    text = "\n".join(['#pragma clang diagnostic ignored "-Weverything"', source_of(snippets), f'#line 1 "{options.file}"',
                      ENTRY, "const entry entries[] = {", *table, "};", MAIN])
    if not options.file.exists() or options.file.read_text() != text:
        options.file.write_text(text)
    return False


def contains(words, part):
    return any(words[at : at + len(part)] == part for at in range(len(words) - len(part) + 1))


def run_alone(snippet, executable):
    """What is wrong with it."""
    environment = dict(os.environ)
    environment.pop("SIMUL_BACKEND", None)
    if snippet.note != "real time":
        environment["SIMUL_BACKEND"] = "sim"
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([executable, snippet.place], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=60)
    wrong = [f"exit code {run.returncode}\n{run.stdout}{run.stderr}"] if run.returncode else []
    for claim in snippet.claims:
        if not contains(run.stdout.split(), claim):
            wrong.append(f"says that it prints \"{' '.join(claim)}\", and prints\n{run.stdout}{run.stderr}")
    return [f"{snippet.place}: {each}" for each in wrong]


def replay(page, names, executable):
    """The commands of a page's console blocks that call its programs: what is wrong with each."""
    wrong, called = [], set()
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            (Path(folder) / name).symlink_to(executable)
        programs = argparse.Namespace(programs=Path(folder), simul=None)
        for block in consoles.BLOCK.finditer(page.read_text()):
            if block["language"] != "console":
                continue
            parts = re.split(r"^\$ (.*)\n", block["text"], flags=re.M)
            shown = [(command, output, set(re.findall(r"\./(\w+)", command)) & names)
                     for command, output in zip(parts[1::2], parts[2::2])]
            text = "".join(f"$ {command}\n{output}" for command, output, calls in shown if calls)
            called.update(*(calls for _, _, calls in shown))
            for command, expected, printed, trouble in consoles.run_block({"text": text}, programs):
                printed = re.sub(r"\bsnippet_\d+::", "", printed) # ours
                same = [consoles.comparable(command, each, block["note"]) for each in (expected, printed)]
                if trouble or same[0] != same[1]:
                    wrong.append(f"{page}: $ {command}\n{trouble}{printed}instead of\n{expected}")
    return wrong + [f"{page}: no console block runs ./{each}" for each in names - called]


def run(options):
    executable = options.executable.resolve()
    jobs, count = [], 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for page in pages_of(options):
            snippets = [each for each in snippets_of(page) if each.is_run]
            count += len(snippets)
            names = {each.program for each in snippets if each.program}
            jobs += [pool.submit(run_alone, each, executable) for each in snippets if not each.program]
            if names:
                jobs.append(pool.submit(replay, page, names, executable))
        wrong = [each for job in jobs for each in job.result()]
    print("\n".join([*wrong, f"{count} programs run"]))
    return bool(wrong)


def pages_of(options):
    return [page for path in options.paths for page in ([path] if path.is_file() else sorted(path.rglob("*.md")))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(required=True)
    mode = modes.add_parser("syntax")
    mode.set_defaults(run=syntax)
    mode.add_argument("--compiler", required=True)
    mode.add_argument("--flags", default="")
    mode.add_argument("paths", nargs="+", type=Path)
    mode = modes.add_parser("source")
    mode.set_defaults(run=source)
    mode.add_argument("file", type=Path)
    mode.add_argument("paths", nargs="+", type=Path)
    mode = modes.add_parser("run")
    mode.set_defaults(run=run)
    mode.add_argument("executable", type=Path)
    mode.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
