#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles the C++ of the documentation, as its readers would.

    compile_snippets.py --compiler clang++-19 --flags "-std=c++20 -I include" README.md docs

Every ```cpp block is compiled, all of them in one go, each in a namespace of its own; errors name the page and its line.
A block may be a whole program, some declarations, or statements, which are put into a task. What it needs and does not
show stands in a comment before it, invisible to readers; it holds for the rest of the page:

    <!-- given:
    struct page {};
    simul::task<page> fetch(std::string url);
    -->

A block that can't be compiled has `<!-- fragment -->` in the line above it; one that shows a file of the project, which is
compiled where it is, `<!-- file: examples/count/async.cpp -->`.
"""
import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

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

CONTROL = re.compile(r"(?:for|while|if|do|switch|try|return|co_return|co_await|co_yield|\{)(?!\w)")
CALL = re.compile(r"(?:\*|\+\+|--)?[\w:]+(?:<[^;]*>)?(?:(?:\.|->)\w+)*\s*(?:\(|=[^=]|[+-]=|\+\+)")
DEFINITION = re.compile(r"(?:template|struct|class|enum|using|namespace|SIMUL_\w*TEST\w*|TEST\w*|INSTANTIATE\w*)\b")


class Snippet:
    def __init__(self, page, line, text, given):
        self.page, self.line, self.text, self.given = page, line, text, given


def snippets_of(page):
    """The blocks of a page, with what is given for each."""
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
            if not lines[first - 2].startswith(("<!-- fragment -->", "<!-- file: ")):
                found.append(Snippet(page, first + 1, "\n".join(lines[first : at + 1]), list(given)))
            at += 1
        at += 1
    return found


def items_of(text):
    """What stands one after the other at the top: declarations and statements, as (offset, text)."""
    items, depth, start, at = [], 0, 0, 0
    while at < len(text):
        skipped = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|#[^\n]*', re.S).match(text, at)
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


def arrange(snippet):
    """Its includes, and the code of its namespace."""
    includes, outside, inside = [], [], []
    for offset, item in items_of(snippet.text):
        code = re.sub(r"//[^\n]*", "", item).strip()
        lead = len(item) - len(item.lstrip())
        line = snippet.line + snippet.text.count("\n", 0, offset + lead)
        placed = f'#line {line} "{snippet.page}"\n{item.strip()}'
        if code.startswith("#"):
            includes.append(code)
        elif not code:
            continue
        elif DEFINITION.match(code) or (is_function(code) and not CONTROL.match(code)):
            outside.append(placed)
        elif inside or CONTROL.match(code) or CALL.match(code) or re.search(r"\bco_await\b", code):
            inside.append(placed)
        else:
            outside.append(placed)
    if inside:
        outside += ["simul::task<> statements() {", *inside, "co_return; }"]
    return includes, outside


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--flags", default="")
    parser.add_argument("--show", action="store_true", help="print what is compiled")
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()

    pages = [page for path in options.paths for page in ([path] if path.is_file() else sorted(path.rglob("*.md")))]
    snippets = [each for page in pages for each in snippets_of(page)]
    includes, namespaces = [], []
    for number, snippet in enumerate(snippets):
        wanted, code = arrange(snippet)
        includes += wanted
        given = [f'#line {line} "{snippet.page}"\n{text}' for line, text in snippet.given]
        namespaces.append("\n".join([f"namespace snippet_{number} {{", *given, *code, "}"]))
    source = "\n".join([*dict.fromkeys(includes), PRELUDE, *namespaces, ""])
    if options.show:
        print(source)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "snippets.cpp"
        file.write_text(source)
        # A main in a namespace has to return; what is not used is the reader's; a dropped task is nobody's.
        command = [options.compiler, *shlex.split(options.flags), "-fsyntax-only", "-w", "-Wno-error", "-ferror-limit=0", str(file)]
        failed = subprocess.run(command).returncode != 0
    print(f"{len(snippets)} snippets of {len(pages)} pages")
    return failed


if __name__ == "__main__":
    sys.exit(main())
