"""test_models.py - trained models end to end, against the answers stored with them (../shared/models).

Greedy descent must give the stored spins, logits and accuracy; annealing must be at least as good in energy. What isg
reports is also evaluated a second time, in float64, by vit.py. Models whose data is not at hand are skipped, except digits,
which are part of this repository.
"""

import gzip
import json
import unittest

import numpy as np

from common import Case, FULL, QUICK, ROOT, SHARED, run_model
from vit import Model, patches_of, read_safetensors

DIGITS = ROOT / "examples" / "digits"


def read_idx(path):
    """An idx file of bytes, gzipped."""
    data = gzip.decompress(path.read_bytes())
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * k:8 + 4 * k], "big") for k in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


class Trained:
    """One model's files: program, weights, images as the model takes them, and what must come out."""

    def __init__(self, name, attention):
        self.name, self.attention = name, attention
        self.answers = SHARED / "models" / name
        self.source = (DIGITS if name == "digits" else ROOT / "tests" / "models") / f"{name}.attn"
        if not self.answers.exists():
            raise unittest.SkipTest(f"{self.answers} is not there")
        self.weights = self.answers / "model.safetensors"
        self.labels = self.answer("labels_all").astype(np.int64)
        self.accuracy = json.loads((self.answers / "info.json").read_text())["acc_cd2_f64"]
        self.patches = self.read_patches()

    def answer(self, name):
        return np.load(self.answers / f"{name}.npy")

    def read_patches(self):
        if self.name == "digits":
            return np.load(DIGITS / "patches.npy")
        images = SHARED / "data" / "mnist" / "t10k-images-idx3-ubyte.gz"
        if not images.exists():
            raise unittest.SkipTest(f"{images} is not there")
        pixels = read_idx(images)[:len(self.labels)]
        np.testing.assert_array_equal(pixels[:256], self.answer("images_u8"))
        return patches_of(pixels, 4, 255)

    def reference(self):
        return Model(read_safetensors(self.weights), self.attention)


class Models(Case):
    def check_reference(self, trained):
        """vit.py itself, where spins and logits are stored."""
        energies, logits = trained.reference().evaluate(trained.patches[:256], trained.answer("x_cd2"))
        self.close(energies, trained.answer("energy_cd2"), 1e-7)
        self.close(logits, trained.answer("logits_cd2"), 1e-6)

    def run_trained(self, trained, count, *extra):
        np.save(self.folder / "labels.npy", trained.labels[:count])
        got, report = run_model(trained.source, {"patches": trained.patches[:count]}, ["logits", "keys"], self.folder,
                                "--labels", self.folder / "labels.npy", *extra, weights=trained.weights, timeout=1500)
        self.assertEqual(report["samples"], count)
        self.assertEqual(len(report["hamiltonians"]), 1, "equal calls are solved once")
        return got, report

    def check_report(self, trained, got, report, count):
        """Energies, logits and accuracy that isg gave, for the spins it gave, evaluated a second time."""
        energies, logits = trained.reference().evaluate(trained.patches[:count], got["keys"])
        entry = report["hamiltonians"][0]
        self.close(entry["energy_mean"], energies.mean(), 1e-5, None, "mean energy")
        self.close(entry["energy_min"], energies.min(), 1e-5, None, "lowest energy")
        self.close(got["logits"], logits, 2e-3, 1, "logits of these spins")
        self.assertAlmostEqual(report["accuracy"], (got["logits"].argmax(1) == trained.labels[:count]).mean(), places=9)

    def check_descent(self, trained):
        count = 256 if QUICK else len(trained.labels)
        got, report = self.run_trained(trained, count, "--solver", "descent")
        same = (got["keys"][:256] == trained.answer("x_cd2")).all(axis=(1, 2))
        self.assertGreaterEqual(same.mean(), 0.995, "spins")
        self.close(got["logits"][:256][same], trained.answer("logits_cd2")[same], 2e-3, 1, "logits")
        self.check_report(trained, got, report, count)
        if not QUICK:
            self.assertLessEqual(abs(report["accuracy"] - trained.accuracy), 0.003, "accuracy")
            self.assertGreaterEqual((got["logits"].argmax(1) == trained.answer("pred_all")).mean(), 0.99, "predictions")
            self.close(report["hamiltonians"][0]["energy_mean"], trained.answer("energy_all").mean(), 1e-4)

    def check_anneal(self, trained):
        count = len(trained.labels) if FULL else 32 if QUICK else 256
        got, report = self.run_trained(trained, count)
        greedy = trained.answer("energy_all")[:count].mean()
        self.assertLessEqual(report["hamiltonians"][0]["energy_mean"], greedy + 0.001 * abs(greedy), "annealed energies")
        self.check_report(trained, got, report, count)


def add_tests():
    for name, attention in (("mnist_energy", "energy"), ("mnist_hardmask", "hardmask"), ("digits", "hardmask")):
        for check in ("check_reference", "check_descent", "check_anneal"):
            def test(self, name=name, attention=attention, check=check):
                getattr(self, check)(Trained(name, attention))
            setattr(Models, f"test_{name}_{check[6:]}", test)


add_tests()


class Digits(Case):
    """What the repository holds, without ../shared."""

    def test_twin(self):
        labels = np.load(DIGITS / "labels.npy")
        got, report = run_model(DIGITS / "digits_mha.attn", {"patches": DIGITS / "patches.npy"}, ["logits"], self.folder, "--labels",
                                DIGITS / "labels.npy", weights=DIGITS / "digits_mha.safetensors")
        self.assertAlmostEqual(report["accuracy"], 0.9555555555555556, delta=0.003)
        self.assertEqual(report["hamiltonians"], [])
        model = Model({**read_safetensors(DIGITS / "digits_mha.safetensors"), "blocks.0.attn.e2v": np.zeros(8)}, "softmax")
        _, logits = model.evaluate(np.load(DIGITS / "patches.npy"), np.ones((len(labels), 8, 16)))
        self.close(got["logits"], logits, 2e-3, 1, "logits")

    def test_annealed(self):
        got, report = run_model(DIGITS / "digits.attn", {"patches": DIGITS / "patches.npy"}, ["logits", "keys"], self.folder,
                                "--labels", DIGITS / "labels.npy", weights=DIGITS / "digits.safetensors")
        self.assertGreaterEqual(report["accuracy"], 0.935)
        energies, logits = Model(read_safetensors(DIGITS / "digits.safetensors"), "hardmask").evaluate(
            np.load(DIGITS / "patches.npy"), got["keys"])
        self.close(report["hamiltonians"][0]["energy_mean"], energies.mean(), 1e-5)
        self.close(got["logits"], logits, 2e-3, 1, "logits of these spins")


if __name__ == "__main__":
    unittest.main()
