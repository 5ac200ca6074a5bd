"""test_goldens.py - the library's attention Hamiltonians against known answers (tests/goldens/README.md)."""

import json
import unittest

import numpy as np

from common import Case, GOLDENS, QUICK, ROOT, run_model

CASES = json.loads((GOLDENS / "cases.json").read_text())
SEEDS = (0, 1) if QUICK else (0, 1, 7, 12345, 2**63)

# A variant of the library's Hamiltonian that returns its couplings and fields.
LIBRARY = (ROOT / "frontend" / "std" / "qama.attn").read_text()
VARIANT = (LIBRARY[:LIBRARY.index("  return")] + "  return J[t, i, j] = J[t, i, j], h[t, i] = h[t, i];\n}\n").replace(
    "hamiltonian qama(", "hamiltonian coefficients(")

V2 = """
use "std/qama.attn";
model golden {{
  input q: f32[{t}, {n}, {dh}];
  input k: f32[{t}, {n}, {dh}];
  input v: f32[{t}, {n}, {dh}];
  input e: f32[{dh}];
  let (y, keys) = qama(q, k, v, e, a = {a}, b = {cl}, c = {pc});
  let (J, h) = coefficients(q, k, v, e, a = {a}, b = {cl}, c = {pc});
  output out = merge_heads(y);
  output keys = keys;
  output J = J;
  output h = h;
}}
"""

V1 = """
use "std/qama_v1.attn";
model golden {{
  input q: f32[{t}, {n}, {dh}];
  input k: f32[{t}, {n}, {dh}];
  input v: f32[{t}, {n}, {dh}];
  input j_mean: f32[{t}];
  input j_scale: f32[{t}];
  input h_mean: f32[{t}];
  input h_scale: f32[{t}];
  input y_mean: f32[{t}];
  input y_scale: f32[{t}];
  let (y, J, h, soft, H, Hd, x) =
    qama_v1(q, k, v, j_mean, j_scale, h_mean, h_scale, y_mean, y_scale, bits = {bits}, penalty = {penalty}, eps = {eps});
  output y = y;
  output J = J;
  output h = h;
  output soft = soft;
  output H = H;
  output Hd = Hd;
  output x = x;
}}
"""


def golden(case, name):
    return np.load(GOLDENS / case / f"{name}.npy")


def energy_v2(case, x):
    """x^T Q x, from the stored couplings and fields."""
    J, h = golden(case, "J"), golden(case, "h")
    a, b, _, _, push = golden(case, "coef")
    tokens = x.sum(axis=0)
    heads = (tokens**2 - (x**2).sum(axis=0)).sum()
    return -a * np.einsum("tij,ti,tj->", J, x, x) - b * x.shape[1] * (h * x).sum() + push * heads


class Goldens(Case):
    """Reference code of these tests against the stored answers, without the compiler."""

    def test_reference_energy(self):
        for case, about in CASES.items():
            if about["formula"] != "v2":
                continue
            with self.subTest(case=case):
                best = golden(case, "x_energy")[0]
                self.assertAlmostEqual(energy_v2(case, golden(case, "x")), best, delta=1e-9 * max(1, abs(best)))
                self.assertAlmostEqual(energy_v2(case, golden(case, "x_cd2")), golden(case, "x_cd2_energy")[0],
                                       delta=1e-9 * max(1, abs(best)))


class V2Cases(Case):
    def check(self, case, seed):
        about = CASES[case]
        source = self.write("golden.attn", VARIANT + V2.format(**about))
        batch = {"q": golden(case, "q"), "k": golden(case, "k"), "v": golden(case, "v"), "e": golden(case, "e2v")}
        inputs = {name: array[None].astype(np.float32) for name, array in batch.items()}
        got, report = run_model(source, inputs, ["out", "keys", "J", "h"], self.folder, "--seed", seed)
        got = {name: array[0] for name, array in got.items()}
        scale = max(np.abs(golden(case, "J")).max(initial=0), np.abs(golden(case, "h")).max(), 1e-30)
        self.close(got["J"], golden(case, "J"), 1e-5, scale, "J")
        self.close(got["h"], golden(case, "h"), 1e-5, scale, "h")

        energy = report["hamiltonians"][0]["energy_min"]
        best = golden(case, "x_energy")[0]
        slack = 1e-6 * max(abs(best), 1e-30)
        if about["exact"]:
            self.assertGreaterEqual(energy, best - slack, "below the optimum")
            self.assertLessEqual(energy, best + max(slack, 1e-12), "not the optimum")
        self.assertTrue(np.isin(got["keys"], (0, 1)).all())
        self.close(energy_v2(case, got["keys"].astype(float)), energy, 1e-6, max(abs(energy), 1e-6), "energy of the spins")
        if np.array_equal(got["keys"], golden(case, "x")):
            self.close(got["out"], golden(case, "out"), 1e-4, None, "out")
        elif about["exact"] and about["n_opt"] == 1:
            self.fail("one optimum, and other spins")
        # H at the returned spins; y = H * e.
        x = got["keys"].astype(float)
        H = -(np.einsum("tij,ti,tj->ti", golden(case, "J"), x, x) + golden(case, "h") * x)
        y = (H[:, :, None] * golden(case, "e2v")).transpose(1, 0, 2).reshape(got["out"].shape)
        self.close(got["out"], y, 1e-4, max(np.abs(y).max(), 1e-6), "y")

    def test_best_known(self):
        """No exact optimum: at least as good as greedy descent, and close to the best of long annealing."""
        case = "v2_t8_n49_d8"
        source = self.write("golden.attn", VARIANT + V2.format(**CASES[case]))
        inputs = {name: golden(case, file)[None].astype(np.float32) for name, file in
                  (("q", "q"), ("k", "k"), ("v", "v"), ("e", "e2v"))}
        _, report = run_model(source, inputs, ["keys"], self.folder)
        energy = report["hamiltonians"][0]["energy_min"]
        best = golden(case, "x_energy")[0]
        self.assertLessEqual(energy, best + 0.005 * abs(best))
        self.assertLessEqual(energy, golden(case, "x_cd2_energy")[0] + 1e-6 * abs(best))


def add_v2_tests():
    for case, about in CASES.items():
        if about["formula"] == "v2":
            for seed in SEEDS if about["exact"] else SEEDS[:1]:
                def test(self, case=case, seed=seed):
                    self.check(case, seed)
                setattr(V2Cases, f"test_{case}_seed_{seed}", test)


add_v2_tests()


class V1Case(Case):
    """Batch normalisation took its statistics from the batch; here they are constants, one a head."""

    def constants(self, case, normalisation_eps):
        off = ~np.eye(golden(case, "J_raw").shape[-1], dtype=bool)
        raw = {"j": golden(case, "J_raw").transpose(1, 0, 2, 3)[:, :, off],
               "h": golden(case, "h_raw").transpose(1, 0, 2),
               "y": -golden(case, "Hd").transpose(1, 0, 2, 3)}
        found = {}
        for name, values in raw.items():
            flat = values.reshape(values.shape[0], -1)
            found[f"{name}_mean"] = flat.mean(axis=1)
            found[f"{name}_scale"] = 1 / np.sqrt(flat.var(axis=1) + normalisation_eps)
        return found

    def test_v1(self):
        for case, about in CASES.items():
            if about["formula"] != "v1":
                continue
            _, _, penalty, bits, eps, normalisation_eps = golden(case, "coef")
            source = self.write("golden.attn", V1.format(**about, penalty=penalty, eps=f"{eps:.0e}"))
            constants = self.constants(case, normalisation_eps)
            inputs = {name: golden(case, name).astype(np.float32) for name in ("q", "k", "v")}
            for name, values in constants.items():
                inputs[name] = np.repeat(values[None], about["b"], axis=0)
            names = ["y", "J", "h", "soft", "H", "Hd", "x"]
            for seed in SEEDS:
                with self.subTest(case=case, seed=seed):
                    got, report = run_model(source, inputs, names, self.folder, "--seed", seed)
                    self.close(got["J"], golden(case, "J"), 1e-5, None, "J")
                    self.close(got["h"], golden(case, "h"), 1e-5, None, "h")
                    expected = golden(case, "x_energy")
                    entry = report["hamiltonians"][0]
                    self.assertEqual(entry["spins"], about["N"])
                    self.close(entry["energy_min"], expected.min(), 1e-5, None, "lowest energy")
                    self.close(entry["energy_mean"], expected.mean(), 1e-5, None, "mean energy")
                    np.testing.assert_array_equal(got["x"], golden(case, "x"))
                    self.close(got["soft"], golden(case, "x_soft"), 1e-6, None, "soft")
                    self.close(got["H"], golden(case, "H"), 1e-4, None, "H")
                    self.close(got["Hd"], golden(case, "Hd"), 1e-4, None, "Hd")
                    self.close(got["y"], golden(case, "out"), 1e-4, None, "y")


if __name__ == "__main__":
    unittest.main()
