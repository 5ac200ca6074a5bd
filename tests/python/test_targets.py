"""test_targets.py - models within the limits of machines: parts, precision, and what `isg fit` says about them.

The machines are made for the tests (tests/targets/): 50 to 550 spins, float32 or signed 8-bit couplings, fields through an
ancilla. What they lose is measured against the native annealer on the same samples.
"""

import json
import pathlib
import unittest

import numpy as np

from common import Case, FULL, QUICK, ROOT, SHARED, invoke, run_model
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
        rng = np.random.default_rng(7)
        samples = 1 if QUICK else 2
        inputs = {name: rng.standard_normal((samples, 1, 512, 64), dtype=np.float32) for name in "qkv"}
        inputs["e"] = rng.standard_normal((samples, 64), dtype=np.float32)
        source = self.write("one_head.attn", ONE_HEAD)
        _, native = run_model(source, inputs, ["keys"], self.folder, tag="native")
        _, small = run_model(source, inputs, ["keys"], self.folder, "--target", TARGETS / "float-100.yaml", tag="small")
        native, small = (r["hamiltonians"][0]["energy_mean"] for r in (native, small))
        gap = (small - native) / abs(native)
        print(f"one head of 512 tokens on float-100: gap {100 * gap:.3f} %")
        self.assertLessEqual(gap, 0.02)


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


class Refused(Case):
    """What a machine cannot run is said with what is short and what would help."""

    def test_sparse_topology(self):
        digits = ROOT / "examples" / "digits"
        done = invoke("run", digits / "digits.attn", "--weights", digits / "digits.safetensors", "--input",
                      f"patches={digits / 'patches.npy'}", "--target", "dwave-advantage")
        self.assertEqual(done.returncode, 1)
        self.assertIn("needs embedding", done.stderr)
        self.assertIn("180", done.stderr)

    def test_unknown_target(self):
        done = invoke("run", "x.attn", "--target", "qboson-cim-500")
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
