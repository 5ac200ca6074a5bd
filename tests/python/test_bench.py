"""test_bench.py - tests/bench/run --quick: that it measures what it says. No times."""

import json
import math
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree

import numpy as np

from common import Case, QUICK, ROOT, isg_path

BENCH = ROOT / "tests" / "bench"
sys.path.insert(0, str(BENCH))

import measure  # noqa: E402
import problems  # noqa: E402


class Making(unittest.TestCase):
    """Problems: the couplings that the yardstick gets, and the energy of the Hamiltonian as written."""

    def check(self, p, states):
        """E by couplings differs from E as written by one constant."""
        offsets = []
        for state in states:
            row = np.repeat(np.arange(p.spins), np.diff(p.row_start))
            pairs = (p.coupling * state[row] * state[p.neighbour]).sum() / 2
            offsets.append(p.energy(state) - pairs - (p.field * state).sum())
        self.assertLess(np.ptp(offsets), 1e-9 * max(1, np.abs(offsets).max()))

    def test_qama(self):
        rng = np.random.default_rng(0)
        for heads, tokens in ((1, 5), (3, 4), (2, 7)):
            a = problems.qama_inputs(1, 2, heads, tokens, 32, 16)
            p = problems.qama_problem(a["q"][1], a["k"][1], a["v"][1], a["e"])
            self.check(p, rng.integers(0, 2, (20, p.spins)) * 2 - 1)
            # One spin up: its field alone, by the definition; two of one token: the heads' penalty.
            v, e = a["v"][1].astype(float), a["e"].astype(float)
            lone, both = np.full((heads, tokens), -1), np.full((heads, tokens), -1)
            lone[0, 1] = 1
            self.assertAlmostEqual(p.energy(lone.ravel()), -0.16 * tokens * (v[0, 1] * e).mean(), places=9)
            if heads > 1:
                both[:2, 1] = 1
                other = np.where(both - lone, 1, -1)
                push = 0.8 * math.sqrt(2 / math.pi) * tokens / (heads - 1)
                self.assertAlmostEqual(p.energy(both.ravel()) - p.energy(lone.ravel()) - p.energy(other.ravel()), push, places=9)

    def test_graphs(self):
        rng = np.random.default_rng(1)
        for nodes, *edges in ((9, *problems.complete_edges(2, 9)), (12, *problems.random_edges(3, 12, 30))):
            p = problems.graph_problem(nodes, *edges)
            self.check(p, rng.integers(0, 2, (20, nodes)) * 2 - 1)
            self.assertEqual(p.row_start[-1], 2 * len(edges[0]))


class Statements(unittest.TestCase):
    """Figures from curves, by hand."""

    def test_to_solution(self):
        self.assertEqual(measure.to_solution(2.0, 0.0), math.inf)
        self.assertEqual(measure.to_solution(2.0, 1.0), 2.0)
        self.assertEqual(measure.to_solution(2.0, 0.999), 2.0)
        self.assertAlmostEqual(measure.to_solution(2.0, 0.9), 4.0)
        self.assertAlmostEqual(measure.to_solution(1.0, 0.5), math.log2(100))

    def test_reach(self):
        curve = [(1.0, 0.1), (10.0, 0.01), (100.0, 0.0)]
        self.assertIsNone(measure.reach(curve, -1.0))
        self.assertEqual(measure.reach(curve, 0.5), 1.0)
        self.assertAlmostEqual(measure.reach(curve, 0.055), math.sqrt(10))
        self.assertAlmostEqual(measure.reach(curve, 0.0), 100.0)

    def test_ratio(self):
        self.assertEqual(measure.ratio([1.0, 2.0], [10.0, 10.0])["median"], 7.5)
        self.assertEqual(measure.ratio([10.0], [5.0], higher=True)["median"], 2.0)
        self.assertEqual(measure.ratio([1.0], [math.inf])["median"], math.inf)
        self.assertIsNone(measure.ratio([None], [1.0]))


@unittest.skipIf(QUICK, "measures nothing in instrumented builds")
@unittest.skipUnless((isg_path().parents[1] / "bench" / "bench_solver").exists(), "bench_solver is not built")
class Quick(Case):
    """All classes on small problems."""

    def test_all(self):
        done = subprocess.run([sys.executable, BENCH / "run", "--quick", "--build", isg_path().parents[1], "-o", self.folder],
                              capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads((self.folder / "bench.json").read_text())
        results = report["results"]
        self.assertEqual(sorted(results), ["a", "b", "c", "coefficients", "d", "e-G43", "layer"])
        for key in ("a", "b", "c", "d", "e-G43"):
            self.check_class(key, results[key], done.stdout)
        for row in results["layer"]["settings"]:
            self.assertGreaterEqual(row["gap"], 0)
        self.assertGreater(results["coefficients"][0]["share"]["least"], 0)
        self.check_picture(results)

    def check_class(self, key, r, printed):
        self.assertLess(r["energy_mismatch"], 1e-4, key)
        self.assertEqual(len(r["best_known"]), r["problems"])
        self.assertIn(r["title"], printed)
        for side in ("ours", "yardstick"):
            table = [row for row in r["solvers"][side] if row["sweeps"]]
            self.assertEqual([row["sweeps"] for row in table], [table[0]["sweeps"] << k for k in range(len(table))])
            self.assertGreater(len(table), 2, f"{key}, {side}")
            for row in r["solvers"][side]:
                for what in ("seconds", "attempts_per_second", "gap", "success", "energy"):
                    self.assertEqual(len(row[what]), r["repeats"])
                self.assertTrue(all(g > -1e-9 for g in row["gap"]), f"{key}, {side}")
                self.assertTrue(all(0 <= p <= 1 for p in row["success"]))
            self.assertLessEqual(min(table[-1]["gap"]), max(table[0]["gap"]), f"{key}, {side}: sweeps do not help")
        names = [row["measure"] for row in r["measures"]]
        self.assertIn("attempts a second", names)
        self.assertEqual(len(names), len(set(names)))

    def check_picture(self, results):
        text = (self.folder / "bench.svg").read_text()
        root = xml.etree.ElementTree.fromstring(text)
        titles = {t.text for t in root.iter("{http://www.w3.org/2000/svg}text")}
        classes = [r for r in results.values() if "title" in r and "solvers" in r]
        self.assertTrue({r["title"] for r in classes} <= titles)
        self.assertIn("Isinglass", titles)
        points = sum(sum(1 for row in table if row["sweeps"]) for r in classes for table in r["solvers"].values())
        self.assertEqual(len(list(root.iter("{http://www.w3.org/2000/svg}circle"))), points)
        self.assertFalse(re.search("nan|inf", text, re.I))


class Refusals(Case):
    def test_arguments(self):
        for arguments, said in ((["--classes", "a,z"], "there is no class 'z'"), (["--build", self.folder], "is not built")):
            done = subprocess.run([sys.executable, BENCH / "run", *map(str, arguments)], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
