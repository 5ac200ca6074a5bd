"""test_solve.py - isg solve from outside: best known cuts, equal bytes on any number of threads, interruption, solution files."""

import hashlib
import json
import signal
import unittest

import numpy as np

from common import Case, QUICK, SHARED, interrupt, interrupt_twice, invoke

CUTS = {"G1": 11624, "G22": 13350, "G43": 6660}


def random_rudy(rng, nodes, edges, weights=(1,)):
    """The file's text, and its edges as (i, j, w), numbered from 0."""
    pairs = [(int(a), int(b), rng.choice(weights).item()) for a, b in rng.integers(0, nodes, (edges, 2)) if a != b]
    return f"{nodes} {len(pairs)}\n" + "".join(f"{a + 1} {b + 1} {w}\n" for a, b, w in pairs), pairs


def energy_of(pairs, state):
    return sum(w * state[a] * state[b] for a, b, w in pairs)


class Solutions(Case):
    def solve(self, problem, *extra, status=0):
        out = self.folder / "solution.json"
        done = invoke("solve", problem, "--from", "rudy", "-o", out, *extra)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(out.read_text()), done

    def test_solution_file(self):
        rng = np.random.default_rng(1)
        for weights in ((1,), (-1, 1), (0.25, -1.5), (0.1, 0.7, -0.3)):
            text, pairs = random_rudy(rng, 12, 30, np.array(weights))
            problem = self.write("problem.rudy", text)
            solution, _ = self.solve(problem)
            state = solution["solutions"][0]["state"]
            energies = [energy_of(pairs, [1 if bits >> i & 1 else -1 for i in range(12)]) for bits in range(1 << 12)]
            self.assertAlmostEqual(solution["energy"], min(energies), places=9)
            self.assertAlmostEqual(energy_of(pairs, state), solution["energy"], places=9)
            self.assertAlmostEqual(sum(w for a, b, w in pairs if state[a] != state[b]), solution["cut"], places=9)
            self.assertEqual(solution["problem"]["file_sha256"], hashlib.sha256(text.encode()).hexdigest())
            self.assertEqual(isinstance(solution["energy"], int), all(isinstance(w, int) for w in weights))

    def test_same_bytes_on_any_threads(self):
        rng = np.random.default_rng(2)
        for weights in ((1, -1), (0.1, -0.7)):
            problem = self.write("problem.rudy", random_rudy(rng, 300, 2000, np.array(weights))[0])
            seen = set()
            for threads in (1, 2, 3, 8):
                self.solve(problem, "--reads", "7", "--sweeps", "50", "--threads", threads)
                seen.add((self.folder / "solution.json").read_bytes())
            self.assertEqual(len(seen), 1)
            other, _ = self.solve(problem, "--reads", "7", "--sweeps", "50", "--seed", "1")
            self.assertNotIn((self.folder / "solution.json").read_bytes(), seen)
            self.assertEqual(other["seed"], 1)

    def test_same_bytes_on_a_machine(self):
        problem = self.write("problem.rudy", random_rudy(np.random.default_rng(3), 60, 300)[0])
        seen = set()
        for threads in (1, 2):
            solution, _ = self.solve(problem, "--target", "qboson-cim-550", "--reads", "4", "--threads", threads)
            seen.add((self.folder / "solution.json").read_bytes())
            self.assertEqual([len(s["state"]) for s in solution["solutions"]], [60] * 4)
            energies = [s["energy"] for s in solution["solutions"]]
            self.assertEqual(energies, sorted(energies))
        self.assertEqual(len(seen), 1)

    def test_time_limit(self):
        text, pairs = random_rudy(np.random.default_rng(4), 2000, 20000, np.array([1, -1]))
        problem = self.write("problem.rudy", text)
        for target in ((), ("--target", "ntt-cim-2000")):
            solution, done = self.solve(problem, "--reads", "1000000", "--time-limit", "0.3", *target, status=3)
            self.assertIn("isg: error: out of time after", done.stderr)
            self.assertFalse(solution["complete"])
            self.assertEqual(energy_of(pairs, solution["solutions"][0]["state"]), solution["energy"])
            self.assertLess(solution["energy"], -5000)

    def test_no_limit_reached(self):
        problem = self.write("problem.rudy", "2 1\n1 2 1\n")
        solution, _ = self.solve(problem, "--time-limit", "60")
        self.assertTrue(solution["complete"])


class Interruption(Case):
    """SIGINT once: the best so far, exit 3. Twice: the end."""

    def arguments(self, *extra):
        text, self.pairs = random_rudy(np.random.default_rng(5), 5000, 50000, np.array([1, -1]))
        self.out = self.folder / "out.json"
        return ["solve", self.write("problem.rudy", text), "--from", "rudy", "--reads", "1000000", "-o", self.out, *extra]

    def test_once(self):
        rng = np.random.default_rng(6)
        for k in range(2 if QUICK else 6):
            done = interrupt(0.5 + rng.random(), *self.arguments(*(("--threads", "1") if k % 2 else ())))
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("interrupted after", done.stderr)
            solution = json.loads(self.out.read_text())
            self.assertFalse(solution["complete"])
            self.assertEqual(energy_of(self.pairs, solution["solutions"][0]["state"]), solution["energy"])
            self.assertLess(solution["energy"], -10000)

    def test_twice(self):
        """The second ends the process wherever it is; the file is whole or not there."""
        self.assertIn(interrupt_twice(1, *self.arguments()), (-signal.SIGINT, None))
        if self.out.exists():
            json.loads(self.out.read_text())

    def test_on_a_machine(self):
        done = interrupt(1.5, *self.arguments("--target", "ntt-cim-100k"))
        self.assertEqual(done.returncode, 3, done.stderr)
        solution = json.loads(self.out.read_text())
        self.assertEqual(energy_of(self.pairs, solution["solutions"][0]["state"]), solution["energy"])


@unittest.skipUnless((SHARED / "data" / "G1.txt").exists(), "the problems of the G-set are not here")
class BestKnownCuts(Case):
    """At default settings, on one processor."""

    def test_cuts(self):
        for name, cut in CUTS.items():
            for seed in range(1 if QUICK else 3):
                out = self.folder / "cut.json"
                done = invoke("solve", SHARED / "data" / f"{name}.txt", "--from", "rudy", "--threads", "1", "--seed", seed, "-o", out)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertGreaterEqual(json.loads(out.read_text())["cut"], cut, f"{name}, seed {seed}")


if __name__ == "__main__":
    unittest.main()
