#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tour_command.py SIMUL: `simul tour`, small enough for a test."""
import json
import tempfile
import unittest
from pathlib import Path

from demo_site import on_terminal, simul


def tour(directory, *arguments):
    return simul("tour", *arguments, timeout=120, cwd=directory)


class Tour(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_races_each_model_of_a_job(self):
        run = tour(self.directory, "genres", "titles", "--pages", "6", "--at-once", "3", "--json")
        self.assertEqual(run.returncode, 0, run.stderr)
        told = json.loads(run.stdout)
        self.assertEqual(told["schema"], "simul.tour/1")
        rows = {f"{row['job']}/{row['model']}": row for row in told["rows"]}
        self.assertEqual(list(rows), ["genres/sync", "genres/threads", "genres/async", "titles/sync", "titles/one by one",
                                      "titles/async", "titles/processes", "titles/both"])
        self.assertEqual([rows[name]["at_once"] for name in ("genres/sync", "genres/async", "titles/one by one")], [1, 5, 1])
        self.assertEqual(rows["titles/async"]["at_once"], 3)
        self.assertEqual(rows["genres/async"]["lanes"], [f"task {i}" for i in range(1, 6)])
        self.assertEqual(rows["titles/both"]["lanes"][-1], f"process {rows['titles/both']['workers']}, task 3")
        for row in rows.values():
            self.assertEqual(len({piece["name"] for piece in row["pieces"]}), 5 if row["job"] == "genres" else 6)
            # Articles may be asked for in another order than that which the ideal supposes.
            self.assertGreaterEqual(row["seconds"], row["ideal"] * (0.99 if row["at_once"] == 1 else 0.5), row)
            self.assertLess(row["seconds"], row["ideal"] * 2 + 2, row)  # 1.1, where nothing else runs
        page = (self.directory / "simul-tour.html").read_text()
        self.assertIn("<canvas data-job=\"titles\"", page)
        self.assertNotIn("http://", page)  # it needs nothing beside it

    def test_writes_a_table(self):
        run = tour(self.directory, "genres", "--html", "")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"(?m)^  async +0\.\d\d +\d\.\dx")
        # Five tasks, two in each line.
        self.assertRegex(run.stdout, r"(?m)^  async +\|[ ▀▄█]+\|\n +\|[ ▀▄█]+\|\n +\|[ ▀]+\|$")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_has_colours_where_they_are_wanted(self):
        arguments = ["tour", "genres", "--html", ""]
        self.assertIn("\x1b[1mFive genres", on_terminal(*arguments))
        self.assertNotIn("\x1b[1m", on_terminal(*arguments, NO_COLOR="1"))
        with (self.directory / "table").open("w+") as table:  # a file, though there is a terminal
            on_terminal(*arguments, output=table)
            table.seek(0)
            self.assertNotIn("\x1b", table.read())
        self.assertIn("\x1b[1m", tour(self.directory, *arguments[1:], "--color", "always").stdout)

    def test_knows_its_jobs(self):
        run = tour(self.directory, "opera")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("JOB is genres, powers or titles", run.stderr)


if __name__ == "__main__":
    unittest.main()
