"""test_inspect.py - the JSON of `isg inspect`, every number in it computed again with NumPy from the inputs, and against `isg run`."""

import base64
import itertools
import json
import pathlib
import resource
import shutil
import signal
import tempfile
import unittest

import numpy as np

from common import FULL, QUICK, ROOT, interrupt, interrupt_twice, invoke, run_model

DIGITS = ROOT / "examples" / "digits"

KEYS = ("name spins domain arrays formula terms couplings couplings_exact fields groups independent_parts moves notes numbers health "
        "spectrum measured landscape attention partition machine state").split()

PROGRAM = """
hamiltonian heads(J: f32[T, N, N], h: f32[T, N]; push = 0.75) {
  index t, u in T;
  index i, j in N;
  spin  x[t, i] in {0, 1};
  minimize sum[t, i, j : i < j] J[t, i, j] * x[t, i] * x[t, j]
           - 2 * sum[t, i] h[t, i] * x[t, i]
           + push * sum[t, u, i : t < u] x[t, i] * x[u, i] + 1.5;
  return chosen[t, i] = x[t, i];
}
hamiltonian chain(h: f32[N]) {
  index i in N;
  spin  s[i] in {-1, 1};
  minimize sum[i] h[i] * s[i] - sum[i : i > 0] s[i - 1] * s[i];
  return s[i] = s[i];
}
model two {
  input J: f32[2, 9, 9];
  input h: f32[2, 9];
  input picture: f32[9, 4];
  output chosen = heads(J, h);
  output s = chain(sum(heads(J, h), axis = 0) - sum(picture, axis = 1));
}
"""


def pixels(picture, levels=254):
    """The values of a MATRIX, or an image."""
    rows, columns = picture.get("rows", picture.get("height")), picture.get("columns", picture.get("width"))
    raw = np.frombuffer(base64.b64decode(picture["pixels"]), np.uint8).reshape(rows, columns)
    return picture["low"] + (picture["high"] - picture["low"]) * raw / levels


def without_times(document):
    """What must be the same in every run."""
    if isinstance(document, dict):
        return {k: without_times(v) for k, v in document.items() if k != "seconds"}
    return [without_times(v) for v in document] if isinstance(document, list) else document


class Inspect(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="isg-inspect-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def inspect(self, *arguments):
        done = invoke("inspect", *arguments, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def check_distribution(self, d, values):
        values = np.asarray(values, float).ravel()
        self.assertEqual(d["count"], values.size)
        self.assertEqual(d["zeros"], int((values == 0).sum()))
        for key, value in (("min", values.min()), ("max", values.max()), ("mean", values.mean()),
                           ("rms", np.sqrt((values ** 2).mean()))):
            self.assertAlmostEqual(d[key], value, delta=1e-6 * (1 + abs(value)), msg=key)
        h = d["histogram"]
        counts = np.histogram(values, bins=len(h["counts"]), range=(h["low"], h["high"]))[0]
        self.assertEqual(sum(h["counts"]), values.size)
        self.assertLessEqual(np.abs(counts - h["counts"]).sum(), 4)  # what lies on an edge may fall to either side

    def check_problem(self, h, matrix, fields, offset, binary):
        """Everything that follows from the numbers alone. matrix: symmetric, zero diagonal."""
        n = len(fields)
        upper = matrix[np.triu_indices(n, 1)]
        self.assertEqual((h["spins"], h["couplings"], h["fields"]), (n, int((upper != 0).sum()), int((fields != 0).sum())))
        self.check_distribution(h["numbers"]["coupling"], upper[upper != 0])
        self.check_distribution(h["numbers"]["field"], fields)
        self.assertAlmostEqual(h["numbers"]["offset"], offset, places=9)
        self.assertLessEqual(np.abs(pixels(h["numbers"]["matrix"]) - matrix).max(), np.abs(matrix).max() / 254 + 1e-9)
        spin, spin_fields = (matrix / 4, fields / 2 + matrix.sum(1) / 4) if binary else (matrix, fields)
        ratio = np.abs(spin_fields) / np.abs(spin).sum(1)
        np.testing.assert_allclose(h["numbers"]["ratio"]["by_spin"], ratio, rtol=1e-5)
        self.assertEqual(h["numbers"]["ratio"]["above_one"], int((ratio >= 1).sum()))
        values = np.linalg.eigvalsh(spin)
        self.assertAlmostEqual(h["spectrum"]["largest"], values[-1], delta=1e-6)
        self.assertAlmostEqual(h["spectrum"]["smallest"], values[0], delta=1e-6)
        self.assertAlmostEqual(h["spectrum"]["relaxation"]["threshold"], values[-1] - values[0], delta=2e-6)
        states = np.array(list(itertools.product((0, 1) if binary else (-1, 1), repeat=n)), np.int8) if n <= 18 else None
        low = 0 if binary else -1

        def energy(up):
            x = np.full(n, low, float)
            x[up] = 1
            return offset + fields @ x + x @ matrix @ x / 2

        landscape, measured = h["landscape"], h["measured"]
        for state in landscape["states"]:
            self.assertAlmostEqual(state["energy"], energy(state["up"]), places=6)
        self.assertAlmostEqual(measured["best"], energy(h["state"]), places=6)
        for a, row in zip(landscape["states"], landscape["hamming"]):
            self.assertEqual(row, [len(set(a["up"]) ^ set(b["up"])) for b in landscape["states"]])
        self.assertEqual(sum(landscape["histogram"]["counts"]), landscape["reads"])
        hits = sum(e <= measured["reference"]["energy"] + 1e-6 for e in landscape["energies"])
        self.assertEqual(measured["success"]["hits"], hits)
        self.assertLessEqual(measured["success"]["low"], hits / landscape["reads"])
        self.assertGreaterEqual(measured["success"]["high"], hits / landscape["reads"])
        if states is None:
            return
        energies = np.sort(np.concatenate([offset + part @ fields + np.einsum("si,ij,sj->s", part, matrix, part) / 2
                                           for part in np.array_split(states.astype(float), 64)]))
        levels = landscape["exact"]["levels"]
        self.assertEqual(landscape["exact"]["total_states"], 2 ** n)
        self.assertEqual(measured["reference"], {"energy": levels[0]["energy"], "kind": "exact"})
        at = 0
        for level in levels[:-1]:
            near = np.abs(energies - level["energy"]) < 1e-6
            self.assertEqual(int(near.sum()), level["states"])
            self.assertAlmostEqual(energies[at], level["energy"], places=6)
            at += level["states"]
        for fixed in h["numbers"]["fixed"]["spins"]:  # some ground state has every fixed spin as it is fixed
            self.assertEqual(int(fixed["spin"] in landscape["exact"]["ground"]), fixed["value"])

    def model(self):
        """A model of two Hamiltonians, the second on the result of the first; two samples."""
        r = np.random.default_rng(5)
        inputs = {"J": r.normal(size=(2, 2, 9, 9)), "h": r.normal(size=(2, 2, 9)) * 0.4, "picture": r.normal(size=(2, 9, 4))}
        inputs = {name: array.astype(np.float32) for name, array in inputs.items()}
        path = self.folder / "two.attn"
        path.write_text(PROGRAM)
        arguments = [path]
        for name, array in inputs.items():
            np.save(self.folder / f"{name}.npy", array)
            arguments += ["--input", f"{name}={self.folder / name}.npy"]
        return path, inputs, arguments

    def test_model(self):
        path, inputs, arguments = self.model()
        document = self.inspect(*arguments, "--sample", 1, "--seed", 3)
        self.assertEqual([h["name"] for h in document["hamiltonians"]], ["heads", "chain"])
        for h in document["hamiltonians"]:
            self.assertEqual(sorted(h), sorted(KEYS))
        J, fields, picture = (inputs[name][1].astype(float) for name in ("J", "h", "picture"))
        matrix = np.zeros((18, 18))
        for t in range(2):
            matrix[9 * t:9 * t + 9, 9 * t:9 * t + 9] = np.triu(J[t], 1) + np.triu(J[t], 1).T
        matrix += 0.75 * np.kron(1 - np.eye(2), np.eye(9))
        heads, chain = document["hamiltonians"]
        self.check_problem(heads, matrix, -2 * fields.ravel(), 1.5, True)
        self.assertEqual(heads["arrays"][0]["indices"], [{"name": "t", "extent": 2}, {"name": "i", "extent": 9}])
        terms = {term["source"]["text"]: term for term in heads["terms"]}
        self.check_distribution(terms["J[t, i, j] * x[t, i] * x[t, j]"]["numbers"],
                                [J[t][np.triu_indices(9, 1)] for t in range(2)])
        self.check_distribution(terms["2 * sum[t, i] h[t, i] * x[t, i]"]["numbers"], -2 * fields)
        self.check_distribution(terms["push * sum[t, u, i : t < u] x[t, i] * x[u, i]"]["numbers"], [0.75] * 9)
        self.check_distribution(terms["1.5"]["numbers"], [1.5])
        chosen = np.zeros(18)
        chosen[heads["state"]] = 1
        links = np.diag(-np.ones(8), 1)
        self.check_problem(chain, links + links.T, chosen.reshape(2, 9).sum(0) - picture.sum(1), 0, False)
        self.check_sources(document, path.read_text())
        self.check_attention(heads, matrix, chosen.reshape(2, 9), picture)
        self.assertIsNone(chain["attention"])
        self.assertEqual(without_times(document), without_times(self.inspect(*arguments, "--sample", 1, "--seed", 3)))

    def check_sources(self, document, text):
        lines = text.split("\n")
        self.assertEqual([s["text"] for s in document["subject"]["sources"]], [text])
        for h in document["hamiltonians"]:
            for place in [term["source"] for term in h["terms"]] + [array["source"] for array in h["arrays"]]:
                self.assertEqual(place["line"], place["end_line"])
                self.assertEqual(lines[place["line"] - 1][place["column"] - 1:place["end_column"] - 1], place["text"])
                call = place["called_from"][-1]
                self.assertTrue(lines[call["line"] - 1][call["column"] - 1:].startswith(h["name"] + "("))

    def check_attention(self, h, matrix, chosen, picture):
        attention = h["attention"]
        self.assertEqual((attention["array"], attention["heads_total"], attention["tokens"]), ("x", 2, 9))
        for t, head in enumerate(attention["heads"]):
            self.assertEqual(head["chosen"], np.flatnonzero(chosen[t]).tolist())
            block = matrix[9 * t:9 * t + 9, 9 * t:9 * t + 9]
            self.assertLessEqual(np.abs(pixels(head["matrix"]) - block).max(), np.abs(block).max() / 254 + 1e-9)
        np.testing.assert_allclose(attention["sparsity_by_head"], chosen.mean(1))
        np.testing.assert_allclose(attention["sparsity_by_token"], chosen.mean(0))
        self.assertEqual(attention["sharing"], [int((chosen.sum(0) == k).sum()) for k in range(3)])
        image = attention["image"]
        whole = picture.reshape(3, 3, 2, 2).transpose(0, 2, 1, 3).reshape(6, 6)
        self.assertEqual((image["input"], image["height"], image["patch_height"], image["grid_columns"]), ("picture", 6, 2, 3))
        self.assertLessEqual(np.abs(pixels(image, 255) - whole).max(), np.ptp(whole) / 510 + 1e-6)

    def test_run_agrees(self):
        """What is inspected is what runs: the same reads give the same best energies."""
        path, inputs, arguments = self.model()
        document = self.inspect(*arguments, "--reads", 5, "--sweeps", 6, "--seed", 11)
        first = {name: array[:1] for name, array in inputs.items()}
        outputs, report = run_model(path, first, ["chosen"], self.folder, "--reads", "5", "--sweeps", "6", "--seed", "11")
        for h, r in zip(document["hamiltonians"], report["hamiltonians"]):
            self.assertAlmostEqual(h["measured"]["best"], r["energy_min"], places=9)
        self.assertEqual(np.flatnonzero(outputs["chosen"]).tolist(), document["hamiltonians"][0]["state"])

    def test_machine(self):
        path, inputs, arguments = self.model()
        target = ROOT / "tests" / "targets" / "signed8-50.yaml"
        document = self.inspect(*arguments, "--target", target)
        first = {name: array[:1] for name, array in inputs.items()}
        _, report = run_model(path, first, [], self.folder, "--target", str(target))
        h, r = document["hamiltonians"][0], report["hamiltonians"][0]
        machine = h["machine"]
        self.assertTrue(machine["fits"])
        self.assertAlmostEqual(machine["energy"], r["energy_min"], places=6)
        self.assertGreaterEqual(machine["gap"], -1e-9)
        self.assertEqual(machine["spins_sent"] + machine["spins_fixed"], 18)
        self.assertEqual(h["partition"]["part_of_spin"], [0] * 18)
        if machine["matrix"]:
            sent = pixels(machine["matrix"])
            self.assertEqual(len(machine["sent"]) + (machine["ancilla"] is not None), len(sent))
            self.assertLessEqual(np.abs(sent - np.rint(sent)).max(), machine["matrix"]["high"] / 254 + 1e-9)

    def test_digits(self):
        document = self.inspect(DIGITS / "digits.attn", "--weights", DIGITS / "digits.safetensors", "--input",
                                f"patches={DIGITS / 'patches.npy'}", "--sample", 3, "--target", "stanford-cim-100")
        h = document["hamiltonians"][0]
        self.assertEqual((h["name"], h["spins"], h["couplings"]), ("qama", 128, 1408))
        self.assertEqual([g["count"] for g in h["groups"]], [16])
        self.assertEqual(sum(term["couplings"] for term in h["terms"] if term["degree"] == 2), 1408)
        parts = h["partition"]
        where = np.array(parts["part_of_spin"])
        self.assertEqual(np.bincount(where).tolist(), [p["spins"] for p in parts["parts"]])
        patches = np.load(DIGITS / "patches.npy")[3]
        whole = patches.reshape(4, 4, 2, 2).transpose(0, 2, 1, 3).reshape(8, 8)
        self.assertLessEqual(np.abs(pixels(h["attention"]["image"], 255) - whole).max(), np.ptp(whole) / 510 + 1e-6)
        self.assertLess(len(json.dumps(document)), 3 << 20)

    def test_problem(self):
        r = np.random.default_rng(8)
        matrix = np.triu(np.round(r.normal(size=(14, 14)), 3) * (r.random((14, 14)) < 0.5), 1)
        fields = np.round(r.normal(size=14), 3)
        path = self.folder / "p.qubo"
        lines = [f"{i} {i} {v}" for i, v in enumerate(fields)]
        pairs = [f"{i} {j} {matrix[i, j]}" for i in range(14) for j in range(14) if matrix[i, j]]
        path.write_text("\n".join([f"p qubo 0 14 14 {len(pairs)}"] + lines + pairs) + "\n")
        document = self.inspect(path)
        self.assertEqual(document["subject"]["format"], "qubo")
        self.check_problem(document["hamiltonians"][0], matrix + matrix.T, fields, 0, True)

    def test_diff(self):
        _, _, arguments = self.model()
        (self.folder / "one.json").write_text(json.dumps(self.inspect(*arguments)))
        document = self.inspect(*arguments, "--sample", 1, "--diff", self.folder / "one.json")
        self.assertEqual(document["left"]["subject"]["sample"], 1)
        self.assertEqual(document["right"]["subject"]["sample"], 0)
        rows = {(row["hamiltonian"], row["what"]): row for row in document["diff"]["rows"]}
        row = rows["heads", "best energy"]
        self.assertEqual(row["left"], "%.6g" % document["left"]["hamiltonians"][0]["measured"]["best"])
        self.assertEqual(row["right"], "%.6g" % document["right"]["hamiltonians"][0]["measured"]["best"])
        self.assertNotIn(("heads", "spins"), rows)

    def random_problem(self, spins=2000):
        r = np.random.default_rng(9)
        pairs = {(min(a, b), max(a, b)) for a, b in r.integers(1, spins + 1, (10 * spins, 2)).tolist() if a != b}
        lines = [f"{a} {b} {w}" for (a, b), w in zip(sorted(pairs), r.choice([-1, 1], len(pairs)).tolist())]
        path = self.folder / "random.rudy"
        path.write_text("\n".join([f"{spins} {len(pairs)}"] + lines) + "\n")
        return path

    def interrupted(self, seconds, *arguments):
        """The document of an inspection that was interrupted, its form that of any other, and its text."""
        done = interrupt(seconds, "inspect", *arguments, "--format", "json")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("interrupted", done.stderr)
        document = json.loads(done.stdout)
        self.assertIs(document["subject"]["complete"], False)
        for h in document["hamiltonians"]:
            self.assertEqual(sorted(h), sorted(KEYS))
            self.assertTrue(any(note.startswith("interrupted") for note in h["notes"]), h["notes"])
            for key in ("numbers", "health", "spectrum", "state"):
                self.assertIsNotNone(h[key])
        path = self.folder / "interrupted.json"
        path.write_text(done.stdout)
        text = invoke("inspect", path)
        self.assertEqual(text.returncode, 0, "what was written can be shown: " + text.stderr)
        self.assertIn("note: interrupted", text.stdout)
        return document, text.stdout

    def test_interrupted_between_reads(self):
        """The reads that ended are those that more reads begin with."""
        path = self.random_problem()
        arguments = [path, "--from", "rudy", "--sweeps", 40]
        document, text = self.interrupted(2, *arguments, "--reads", 1000000, "--target", "ntt-cim-100k")
        h, = document["hamiltonians"]
        reads = h["measured"]["reads"]
        self.assertTrue(0 < reads < 1000000)
        self.assertIn(f"measured, on {reads} reads of 40 sweeps", text)
        self.assertEqual(h["landscape"]["reads"], reads)
        self.assertIsNone(h["measured"]["autocorrelation"])
        self.assertIsNone(h["machine"])
        self.assertTrue(any("what the machine makes of it" in note for note in h["notes"]))
        again = self.inspect(*arguments, "--reads", reads)["hamiltonians"][0]
        self.assertEqual(again["landscape"]["energies"], h["landscape"]["energies"])
        self.assertLessEqual(h["measured"]["best"], again["landscape"]["energies"][0])

    def test_interrupted_in_the_first_read(self):
        """Nothing is measured; the best state so far is there."""
        document, text = self.interrupted(0.5, self.random_problem(), "--from", "rudy", "--sweeps", 1000000000)
        h, = document["hamiltonians"]
        self.assertIn("the problem is large: 8 reads of 1000000000 sweeps", text)
        self.assertEqual((h["measured"], h["landscape"], document["subject"]["reads"]), (None, None, 0))
        self.assertNotIn("measured, on", text)
        self.assertGreater(len(h["state"]), 0)

    def test_an_interrupted_model(self):
        """The first of two Hamiltonians has all the time; the second is bound to what came of it, and not measured."""
        _, _, arguments = self.model()
        document, _ = self.interrupted(2, *arguments, "--sweeps", 1000000000, "--target", "qboson-cim-550")
        self.assertEqual([h["name"] for h in document["hamiltonians"]], ["heads", "chain"])
        for key in ("measured", "landscape", "machine"):
            self.assertEqual([h[key] for h in document["hamiltonians"]], [None, None], key)
        unfinished = [any("those of unfinished states" in note for note in h["notes"]) for h in document["hamiltonians"]]
        self.assertEqual(unfinished, [False, True])

    def test_an_interrupted_comparison(self):
        _, _, arguments = self.model()
        (self.folder / "one.json").write_text(json.dumps(self.inspect(*arguments)))
        sides = {"left": [*arguments, "--diff", self.folder / "one.json"],
                 "right": [self.folder / "one.json", *arguments[1:], "--diff", arguments[0]]}
        for side, command in sides.items():
            with self.subTest(side):
                done = interrupt(2, "inspect", *command, "--sweeps", 1000000000)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertRegex(done.stdout, rf"{side}: +[^\n]*, interrupted: not all was measured\n")
                self.assertEqual(done.stdout.count("interrupted"), 1)
                values = {"left": "- +-?[0-9.]+", "right": "-?[0-9.]+ +-"}[side]
                self.assertRegex(done.stdout, rf"best energy +{values}\n")

    def test_interrupted_twice(self):
        """The second ends it while the numbers of a large problem are still to be found."""
        path = self.random_problem(20000)
        status = interrupt_twice(0.2, "inspect", path, "--from", "rudy", "--reads", 1000000)
        self.assertEqual(status, -signal.SIGINT)

    def test_refused(self):
        path, inputs, arguments = self.model()
        inputs["h"][0, 1, 2] = np.nan
        np.save(self.folder / "h.npy", inputs["h"])
        done = invoke("inspect", *arguments)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("[0, 1, 2]", done.stderr)
        self.inspect(*arguments, "--sample", 1)  # the other sample is sound
        for text in ("{", '{"hamiltonians": {}}', '{"version": 1, "subject": 3, "hamiltonians": []}'):
            (self.folder / "bad.json").write_text(text)
            self.assertEqual(invoke("inspect", self.folder / "bad.json").returncode, 1, text)
        done = invoke("inspect", path, "--input", f"J={self.folder}/J.npy")
        self.assertEqual(done.returncode, 1)
        self.assertIn("input 'h' is missing", done.stderr)

    @unittest.skipIf(QUICK, "large")
    def test_large(self):
        """A million couplings (when all is to be tested; else fewer) in less than a GiB, and what was left out is said."""
        r = np.random.default_rng(2)
        pairs = np.unique(np.sort(r.integers(1, 100001, (1000000 if FULL else 250000, 2)), axis=1), axis=0)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        path = self.folder / "large.rudy"
        lines = [f"{i} {j} {w}" for (i, j), w in zip(pairs.tolist(), r.choice([-1, 1], len(pairs)).tolist())]
        path.write_text("\n".join([f"100000 {len(pairs)}"] + lines) + "\n")
        h = self.inspect(path, "--from", "rudy")["hamiltonians"][0]
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 1 << 20)
        self.assertEqual(h["couplings"], len(pairs))
        self.assertIsNone(h["numbers"]["ratio"]["by_spin"])
        self.assertEqual(h["spectrum"]["method"], "arpack")
        self.assertTrue(h["spectrum"]["converged"])
        self.assertTrue(any("large" in note for note in h["notes"]))


if __name__ == "__main__":
    unittest.main()
