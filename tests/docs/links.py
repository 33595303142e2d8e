#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing in the documentation leads nowhere.

    links.py [ROOT]

In each page of the tree, what a relative link leads to is there, and so is the heading behind a `#`. Each public header has
its page, include/simul/task/queue.hpp docs/task/queue.md, and each such page a header; docs/README.md leads to every page of
docs, if by the page of its area.
"""
import re
import sys
from pathlib import Path

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(?:img|source)\b[^>]*?\bsrc(?:set)?=\"([^\"]+)\"|\bhref=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```$|^(?:    .*\n)+|`[^`\n]*`", re.M | re.S)

# Headers that share the page of another, and pages that are no header's.
SHARED = {"cluster/call": "cluster/workflow", "cluster/order": "cluster/app", "db/redis_command": "db/redis",
          "db/redis_value": "db/redis", "text/json_reader": "text/json", "text/json_value": "text/json",
          "text/json_writer": "text/json"}
OTHER_PAGES = {"run/backends", "cluster/amqp", "cluster/operations", "cluster/python", "http/threats"}


def anchors_of(page):
    """The anchors of its headings, as GitHub makes them."""
    found, text = set(), re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
        anchor = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        number = 0
        while (anchor if number == 0 else f"{anchor}-{number}") in found:
            number += 1
        found.add(anchor if number == 0 else f"{anchor}-{number}")
    return found | set(re.findall(r"\b(?:id|name)=\"([^\"]+)\"", text))


def links_of(page):
    text = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), page.read_text())
    for link in LINK.finditer(text):
        yield text.count("\n", 0, link.start()) + 1, next(filter(None, link.groups()))


def broken_links(root, pages):
    anchors = {}
    for page in pages:
        for line, link in links_of(page):
            if re.match(r"\w+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page.resolve()
            if not target.exists():
                yield f"{page.relative_to(root)}:{line}: nothing is at {link}"
            elif anchor and target.suffix == ".md":
                if anchor not in anchors.setdefault(target, anchors_of(target)):
                    yield f"{page.relative_to(root)}:{line}: {path or page.name} has no heading #{anchor}"


def headers_without_pages(root):
    include, docs = root / "include/simul", root / "docs"
    headers = {str(each.relative_to(include).with_suffix("")) for each in include.glob("*/*.hpp")
               if each.parent.name != "detail"}
    for header in sorted(headers):
        if not (docs / f"{SHARED.get(header, header)}.md").exists():
            yield f"include/simul/{header}.hpp has no page docs/{header}.md"
    for area in sorted({header.split("/")[0] for header in headers}):
        for page in sorted((docs / area).glob("*.md")):
            name = f"{area}/{page.stem}"
            if page.name != "README.md" and name not in headers | OTHER_PAGES | set(SHARED.values()):
                yield f"docs/{name}.md has no header include/simul/{name}.hpp"


def unreachable(root):
    """Pages of docs that nothing leads to from docs/README.md."""
    start = (root / "docs/README.md").resolve()
    seen, todo = {start}, [start]
    while todo:
        page = todo.pop()
        for _, link in links_of(page):
            if not re.match(r"\w+:", link) and (path := link.partition("#")[0]).endswith(".md"):
                target = (page.parent / path).resolve()
                if target.exists() and target not in seen:
                    seen.add(target)
                    todo.append(target)
    for page in sorted((root / "docs").rglob("*.md")):
        if page.resolve() not in seen:
            yield f"{page.relative_to(root)}: no link leads here from docs/README.md"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    pages = [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md")), *sorted((root / "bench").rglob("*.md")),
             *sorted((root / "examples").rglob("*.md"))]
    wrong = [*broken_links(root, pages), *headers_without_pages(root), *unreachable(root)]
    print("\n".join([*wrong, f"{len(pages)} pages looked at"]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
