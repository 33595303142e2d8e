# SPDX-License-Identifier: MIT
"""Python's json, and BeautifulSoup with html.parser, on the same texts."""
import json
import sys
import time

from bs4 import BeautifulSoup

quick = "--quick" in sys.argv
asked = [argument for argument in sys.argv[1:] if not argument.startswith("--")]


def sample_json():
    text, i, size = ["["], 0, 1
    while size < 1_000_000:
        score = f"{i * 37 % 1000}.{i % 89 + 10}"
        text.append(("," if i else "") +
                    f'\n  {{"id": {i * 7_919_000_003 % 1_000_000_007}, "name": "user {i}", "description": "Number {i} says \\"hello\\" '
                    f'to the wörld, and tells a story that goes on for a while", "verified": {"true" if i % 3 == 0 else "false"}, '
                    f'"score": {score}, "followers": [{i}, {i * i}, -{i % 17}]}}')
        size += len(text[-1].encode())
        i += 1
    return "".join(text) + "\n]\n"


def sample_html():
    text = ['<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Sample</title><link rel="stylesheet" href="/style.css">'
            '<script>var a = 1 < 2;</script></head>\n<body class="page">\n<h1 id="heading">A <i>sample</i> page</h1>\n']
    size, i = len(text[0]), 0
    while size < 198_000:
        text.append(f'<div class="section s{i}"><h2>Section {i}</h2>\n<p>Some text with a <a href="/wiki/Link_{i}" title="Link {i}">link</a>, '
                    f'an &amp; entity, and <b>bold</b> w&ouml;rds that make up most of a page&#8217;s text, as it goes on and on.</p>\n'
                    f'<ul><li>one<li>two <a href="#n{i}">[{i}]</a></ul></div>\n')
        size += len(text[-1])
        i += 1
    return "".join(text) + "</body></html>\n"


def us_each(body, count):
    body()
    start = time.perf_counter()
    for _ in range(count):
        body()
    return (time.perf_counter() - start) / count * 1e6


JSON, HTML = sample_json(), sample_html()
VALUE = json.loads(JSON)
MEASURES = {
    "json_parse": lambda: us_each(lambda: json.loads(JSON), 10 if quick else 50),
    "json_dump": lambda: us_each(lambda: json.dumps(VALUE), 10 if quick else 50),
    "html_title": lambda: us_each(lambda: BeautifulSoup(HTML, "html.parser").find("h1").text, 2 if quick else 5),
}
for name, measure in MEASURES.items():
    if not asked or name in asked:
        print(name, measure())
