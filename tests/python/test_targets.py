"""test_targets.py - models within the limits of machines: parts, precision, and what `isg fit` says about them.

The machines are made for the tests (tests/targets/): 50 to 550 spins, float32 or signed 8-bit couplings, fields through an
ancilla. What they lose is measured against the native annealer on the same samples.
"""

import json
import pathlib
import unittest

import numpy as np

from common import Case, FULL, QUICK, ROOT, SHARED, interrupt, invoke, run_model
from vit import patches_of

TARGETS = ROOT / "tests" / "targets"
MODEL = SHARED / "models" / "mnist_energy"
SAMPLES = 256 if FULL else 24 if QUICK else 96


@unittest.skipUnless(MODEL.exists(), f"{MODEL} is not there")
class MnistEnergy(Case):
    """The trained model of 392 spins on small machines."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.images = np.load(MODEL / "images_u8.npy")[:SAMPLES]
        cls.labels = np.load(MODEL / "labels.npy")[:SAMPLES]

    def run_on(self, target, *extra):
        arrays, report = run_model(ROOT / "tests/models/mnist_energy.attn", {"patches": patches_of(self.images, 4, 255)}, ["logits"],
                                   self.folder, "--target", target, *extra, weights=MODEL / "model.safetensors")
        return report["hamiltonians"][0]["energy_mean"], float(np.mean(arrays["logits"].argmax(1) == self.labels))

    def test_small_machines(self):
        native, accuracy = self.run_on("native")
        for spins in (100, 200, 550):
            for kind in ("float", "signed8"):
                with self.subTest(spins=spins, kind=kind):
                    energy, right = self.run_on(TARGETS / f"{kind}-{spins}.yaml")
                    gap = (energy - native) / abs(native)
                    print(f"mnist_energy on {kind}-{spins}: gap {100 * gap:.3f} %, accuracy {right:.4f} ({accuracy:.4f} native)")
                    self.assertLessEqual(gap, 0.01)
                    self.assertGreaterEqual(right, accuracy - max(0.01, 1.5 / SAMPLES))

    def test_fifty_spins_still_run(self):
        native, _ = self.run_on("native")
        energy, _ = self.run_on(TARGETS / "float-50.yaml")
        self.assertLess(energy, 0)
        self.assertGreaterEqual(energy, native - 1e-6 * abs(native))

    def test_same_seed_same_answer_on_any_threads(self):
        one = self.run_on(TARGETS / "signed8-100.yaml", "--seed", 3, "--threads", 1, "--reads", 2, "--sweeps", 20)
        two = self.run_on(TARGETS / "signed8-100.yaml", "--seed", 3, "--threads", 2, "--reads", 2, "--sweeps", 20)
        self.assertEqual(one, two)


ONE_HEAD = """use "std/qama.attn";
model one_head {
  input q: f32[1, 512, 64];
  input k: f32[1, 512, 64];
  input v: f32[1, 512, 64];
  input e: f32[64];
  output keys = qama(q, k, v, e).keys;
}
"""


class OneHead(Case):
    """512 tokens of one head: a dense problem that has no tokens to keep together."""

    def test_hundred_spins(self):
        source = self.write("one_head.attn", ONE_HEAD)
        gaps = []
        for seed in range(7, 27 if FULL else 8 if QUICK else 11):
            rng = np.random.default_rng(seed)
            inputs = {name: rng.standard_normal((2, 1, 512, 64), dtype=np.float32) for name in "qkv"}
            inputs["e"] = rng.standard_normal((2, 64), dtype=np.float32)
            energies = []
            for target in ("native", TARGETS / "float-100.yaml", TARGETS / "signed8-100.yaml"):
                _, report = run_model(source, inputs, ["keys"], self.folder, "--target", target, "--seed", seed)
                energies.append(report["hamiltonians"][0]["energy_mean"])
            gaps += [(small - energies[0]) / abs(energies[0]) for small in energies[1:]]
            self.assertLessEqual(max(gaps), 0.02, f"seed {seed}")
        print(f"one head of 512 tokens on 100 spins: gap {100 * np.mean(gaps):.3f} % on average, {100 * max(gaps):.3f} % at most")


class Fit(Case):
    """What `isg fit` says."""

    DIGITS = ROOT / "examples" / "digits"

    def fit(self, *extra):
        done = invoke("fit", self.DIGITS / "digits.attn", "--weights", self.DIGITS / "digits.safetensors", "--format", "json", *extra)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {row["target"]: row for row in json.loads(done.stdout)}

    def test_every_machine_has_a_row(self):
        rows = self.fit()
        self.assertEqual(rows["qboson-cim-550"]["verdict"], "fits")
        self.assertEqual(rows["qboson-cim-550"]["spins_needed"], 129)
        self.assertEqual(rows["stanford-cim-100"]["verdict"], "fits in parts")
        self.assertEqual(rows["stanford-cim-100"]["parts"], 2)
        self.assertEqual(rows["dwave-advantage"]["verdict"], "needs embedding")
        self.assertIn("180", rows["dwave-advantage"]["advice"])

    def test_measured(self):
        rows = self.fit("--input", f"patches={self.DIGITS / 'patches.npy'}", "--target", TARGETS / "signed8-200.yaml", "--samples", 3)
        row = rows["signed8-200"]
        self.assertEqual(row["samples"], 3)
        self.assertLessEqual(row["gap"], 0.02)
        self.assertGreater(row["agreement"], 0.8)
        self.assertGreaterEqual(row["error_bound"], 0)

    def test_interrupted(self):
        """What has no end is not measured, and said so; the rows are there all the same."""
        model = self.write("glass.attn", "hamiltonian glass(J: f32[N, N]) {\n  index i, j in N;\n  spin s[i] in {-1, 1};\n"
                                         "  minimize sum[i, j : i < j] J[i, j] * s[i] * s[j];\n  return s[i] = s[i];\n}\n"
                                         "model m { input J: f32[30, 30]; output s = glass(J); }\n")
        couplings = self.save("J.npy", np.random.default_rng(3).normal(size=(3, 30, 30)).astype(np.float32))
        arguments = [model, "--input", f"J={couplings}", "--sweeps", 1000000000, "--target", "stanford-cim-100", "--target",
                     TARGETS / "signed8-200.yaml"]
        done = interrupt(1.5, "fit", *arguments, "--format", "json")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("interrupted", done.stderr)
        rows = json.loads(done.stdout)
        self.assertEqual([row["target"] for row in rows], ["stanford-cim-100", "signed8-200"])
        self.assertEqual([(row["samples"], row["complete"], row["gap"]) for row in rows], [(0, False, None)] * 2)
        done = interrupt(1.5, "fit", *arguments)
        self.assertEqual((done.returncode, done.stdout.count("interrupted: not measured")), (3, 2), done.stdout)

    def test_a_grid_of_single_steps_says_what_is_lost(self):
        target = self.write("one-step.yaml", "name: one-step\nkind: annealer\nspins: 200\ntopology: complete\n"
                                             "couplings: {bits: 2, min: -1, max: 1}\nfields: ancilla\nformat: kaiwu-ising-csv\n"
                                             "source: made for the test\n")
        row = self.fit("--input", f"patches={self.DIGITS / 'patches.npy'}", "--target", target, "--samples", 2)["one-step"]
        self.assertEqual(row["verdict"], "loses precision")
        self.assertGreater(row["couplings_lost"], 0.3)
        self.assertTrue(row["advice"])

    def test_too_small(self):
        target = self.write("tiny.yaml", "name: tiny\nkind: annealer\nspins: 2\ntopology: complete\nfields: ancilla\n"
                                         "format: kaiwu-ising-csv\nsource: made for the test\n")
        row = self.fit("--target", target)["tiny"]
        self.assertEqual(row["verdict"], "fits in parts")


    KEYS = {"target", "hamiltonian", "spins", "spins_needed", "spins_available", "parts", "rounds", "anneals", "seconds", "samples",
            "fixed", "couplings_lost", "usual_lost", "error_bound", "energy_native", "energy_machine", "gap", "agreement", "complete",
            "verdict", "advice"}

    def test_json_is_whole(self):
        for extra in ((), ("--input", f"patches={self.DIGITS / 'patches.npy'}", "--samples", 2)):
            for row in self.fit("--target", "qboson-cim-550", "--target", "native", "--target", "dwave-2000q", *extra).values():
                self.assertEqual(set(row), self.KEYS)
        self.assertIsNone(self.fit("--target", "native")["native"]["spins_available"])

    def test_same_bytes_on_any_threads(self):
        said = [invoke("fit", self.DIGITS / "digits.attn", "--weights", self.DIGITS / "digits.safetensors", "--input",
                       f"patches={self.DIGITS / 'patches.npy'}", "--format", "json", "--samples", 40, "--target", "ntt-cim-2000",
                       "--reads", 2, "--sweeps", 40, "--threads", n).stdout for n in (1, 2, 3)]
        self.assertTrue(said[0].startswith("["))
        self.assertEqual(said[0], said[1])
        self.assertEqual(said[0], said[2])

    def test_machine_time(self):
        row = self.fit("--target", "qboson-cim-550", "--reads", 5)["qboson-cim-550"]
        self.assertAlmostEqual(row["seconds"], 5 * 0.015)
        target = self.machine(70, "run_seconds: 0.001")
        self.assertAlmostEqual(self.fit("--target", target, "--reads", 1, "--passes", 3)["made"]["seconds"], 2 * 3 * 0.001)

    def test_text_reads_well(self):
        for extra in ((), ("--input", f"patches={self.DIGITS / 'patches.npy'}", "--samples", 2)):
            done = invoke("fit", self.DIGITS / "digits.attn", "--weights", self.DIGITS / "digits.safetensors", *extra)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.splitlines()
            self.assertLessEqual(max(map(len, lines)), 100)
            self.assertEqual(lines[0], "qama: 128 spins")
            column = lines[1].index("verdict")  # the cells of every row end before it
            rows = [line for line in lines[2:] if line[:1].strip() and ":" not in line]
            self.assertGreater(len(rows), 10)
            for line in rows:
                self.assertRegex(line[column - 2:], r"^  (fits|needs|loses|too)")

    def machine(self, spins, *lines, fields="ancilla"):
        return self.write("made.yaml", f"name: made\nkind: annealer\nspins: {spins}\ntopology: complete\nfields: {fields}\n"
                                       "format: kaiwu-ising-csv\nsource: made for the test\n" + "\n".join(lines) + "\n")

    def test_fields_that_a_machine_has_not(self):
        row = self.fit("--target", self.machine(200, fields="none"), "--input", f"patches={self.DIGITS / 'patches.npy'}")["made"]
        self.assertEqual(row["verdict"], "needs fields")
        self.assertIn("fields: ancilla", row["advice"])

    def test_presolve_and_the_grid(self):
        row = self.fit("--target", "stanford-cim-100", "--input", f"patches={self.DIGITS / 'patches.npy'}")["stanford-cim-100"]
        self.assertGreater(row["usual_lost"], 0.9)
        self.assertLess(row["couplings_lost"], row["usual_lost"])
        self.assertIn("without presolve", row["advice"])


class Run(Case):
    """`isg run --target` on digits."""

    DIGITS = ROOT / "examples" / "digits"

    def setUp(self):
        super().setUp()
        self.patches = np.load(self.DIGITS / "patches.npy")[:12]

    def run_on(self, target, *extra, tag="run"):
        arrays, report = run_model(self.DIGITS / "digits.attn", {"patches": self.patches}, ["logits"], self.folder, "--target", target,
                                   *extra, weights=self.DIGITS / "digits.safetensors", tag=tag)
        return arrays["logits"].tobytes(), report

    def target(self, text):
        return self.write("own.yaml", "name: own\nkind: annealer\ntopology: complete\nformat: kaiwu-ising-csv\n"
                                      "source: made for the test\n" + text)

    def said(self, target, *extra):
        return invoke("run", self.DIGITS / "digits.attn", "--weights", self.DIGITS / "digits.safetensors", "--input",
                      f"patches={self.save('few.npy', self.patches)}", "--output", f"logits={self.folder / 'o.npy'}", "--target", target,
                      *extra)

    def test_coherent_ising_machine(self):
        _, native = self.run_on("native")
        one, report = self.run_on("qboson-cim-550", "--threads", 1, "--seed", 4, tag="one")
        two, again = self.run_on("qboson-cim-550", "--threads", 2, "--seed", 4, tag="two")
        self.assertEqual(one, two)
        expected, got = native["hamiltonians"][0], report["hamiltonians"][0]
        self.assertLessEqual(got["energy_mean"], expected["energy_mean"] + 0.01 * abs(expected["energy_mean"]))
        self.assertEqual(got, again["hamiltonians"][0])
        self.assertEqual((got["spins"], got["terms"]), (expected["spins"], expected["terms"]))
        self.assertEqual(report["target"], "qboson-cim-550")
        self.assertGreater(got["fixed_spins_mean"], 0)
        self.assertLessEqual(got["fixed_spins_mean"], 128)
        self.assertIsNone(got["flips_per_second"])

    def test_reads_and_sweeps_as_used(self):
        _, report = self.run_on("qboson-cim-550", "--reads", 3, "--sweeps", 50)
        self.assertEqual((report["reads"], report["sweeps"]), (3, 50))

    def test_passes(self):
        own = self.target("spins: 30\nfields: ancilla\n")
        energies = [self.run_on(own, "--passes", p)[1]["hamiltonians"][0]["energy_mean"] for p in (1, 2, 8)]
        self.assertEqual(energies, sorted(energies, reverse=True))
        self.assertIn("6 parts in 6 rounds", self.said(own, "--passes", 1).stderr)

    def test_what_the_machine_did(self):
        done = self.said("stanford-cim-100")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("qama on stanford-cim-100: 2 parts in 2 rounds", done.stderr)
        self.assertIn("presolve fixed", done.stderr)
        self.assertNotIn("on native", self.said("native").stderr)
        self.assertEqual(self.said("stanford-cim-100", "--quiet").stderr, "")

    def test_lost_couplings_are_said_plainly(self):
        self.patches = np.load(self.DIGITS / "patches.npy")
        done = self.said(self.target("spins: 200\nfields: ancilla\ncouplings: {bits: 2, min: -1, max: 1}\n"))
        self.assertRegex(done.stderr, r"precision \(2 bits, -1..1\): \d+ of \d+ couplings sent became zero")
        self.assertRegex(done.stderr, r"\d+ of \d+ runs lost ALL their couplings")


class Refused(Case):
    """What a machine cannot run is said with what is short and what would help."""

    DIGITS = ROOT / "examples" / "digits"

    def refuse(self, target, *said, extra=(), status=1):
        done = invoke("run", self.DIGITS / "digits.attn", "--weights", self.DIGITS / "digits.safetensors", "--input",
                      f"patches={self.DIGITS / 'patches.npy'}", "--target", target, *extra)
        self.assertEqual(done.returncode, status, done.stderr)
        for text in said:
            self.assertIn(text, done.stderr)

    def own(self, text):
        return self.write("own.yaml", "name: own\nkind: annealer\ntopology: complete\nformat: kaiwu-ising-csv\nsource: made\n" + text)

    def test_sparse_topologies(self):
        self.refuse("dwave-advantage", "needs embedding", "180", "all-to-all")
        self.refuse("dwave-2000q", "needs embedding", "64", "128 spins")
        self.refuse("hitachi-asic", "needs embedding", "all-to-all")

    def test_unknown_target(self):
        self.refuse("qboson-cim-500", "qboson-cim-550")
        self.refuse(self.folder / "none.yaml", "none.yaml")

    def test_no_fields(self):
        self.refuse(self.own("spins: 200\nfields: none\n"), "fields: ancilla")

    def test_too_many_couplings(self):
        self.refuse(self.own("spins: 2000\nfields: ancilla\ncouplings: {count: 3}\n"), "takes 3 couplings", "too many")

    def test_descent_is_not_a_machine(self):
        self.refuse("qboson-cim-550", "--solver descent", extra=("--solver", "descent"), status=2)

    def test_impossible_machines(self):
        for text in ("spins: 0\n", "spins: 1\n", "spins: 9\ncouplings: {bits: 1}\n", "spins: 9\ncouplings: {bits: 8, min: 3, max: -3}\n"):
            with self.subTest(text):
                self.refuse(self.own(text), "own.yaml:", "error:")


if __name__ == "__main__":
    unittest.main()
