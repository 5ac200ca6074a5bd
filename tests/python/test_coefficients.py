"""test_coefficients.py - energies of models whose couplings are matrix products, lists of pairs, or both, recomputed with NumPy
from the spins that come out; and what is said when a product overflows."""

import unittest

import numpy as np

from common import QUICK, Case, invoke, run_model

ROWS = """\
hamiltonian rows(q: f32[T, N, D], k: f32[T, N, D], h: f32[HEADS, SPINS]) {
  index t in HEADS;
  index i, j in SPINS;
  spin  x[t, i] in {0, 1};
  let J[t, i, j] = (MAP) where i != j;
  minimize sum[t, i, j : ORDER] (FORM) * x[t, i] * x[t, j] + sum[t, i] h[t, i] * x[t, i];
  return chosen[t, i] = x[t, i], field[t, i] = sum[j] J[t, i, j] * x[t, j];
}
model m {
  input q: f32[SHAPE, DEPTH];
  input k: f32[SHAPE, DEPTH];
  input h: f32[HEADS, SPINS];
  output chosen = rows(q, k, h);OUTPUT
}
"""
PRODUCTS = {"dot(q[t, i], k[t, j])": "product", "dot(q[t, j], k[t, i])": "turned"}
MAP = "0.75 * dot(q[t, i], k[t, j]) - dot(q[t, j], k[t, i]) / 4 + 0.125"
SYMMETRIC = "(dot(q[t, i], k[t, j]) + dot(q[t, j], k[t, i])) / 16"
SAMPLES = 2


class Coefficients(Case):
    def solve(self, source, inputs, outputs):
        return run_model(self.write("model.attn", source), inputs, outputs, self.folder, "--reads", 2, "--sweeps", 20, "-q")

    def rows(self, form, order, spins, depth, stored, scale=1.0, heads=2, unused=(0, 0), j=MAP):
        """form: of J and its transpose in NumPy's words; stored: whether J is also read outside the couplings; unused: heads and
        rows of q and k that no index reaches; j: what J is."""
        random = np.random.default_rng(spins + depth)
        shape = (heads + unused[0], spins + unused[1])
        shapes = {"q": (*shape, depth), "k": (*shape, depth), "h": (heads, spins)}
        inputs = {name: (scale * random.normal(size=(SAMPLES, *shape))).astype(np.float32) for name, shape in shapes.items()}
        source = ROWS.replace("MAP", j).replace("ORDER", order).replace("FORM", form).replace("SPINS", str(spins))
        source = source.replace("DEPTH", str(depth)).replace("SHAPE", f"{shape[0]}, {shape[1]}").replace("HEADS", str(heads))
        source = source.replace("OUTPUT", "\n  output field = rows(q, k, h).field;" if stored else "")
        arrays, report = self.solve(source, inputs, ["chosen", "field"] if stored else ["chosen"])
        q, k, h, x = (a.astype(float) for a in (inputs["q"], inputs["k"], inputs["h"], arrays["chosen"]))
        product = np.einsum("btid,btjd->btij", q[:, :heads, :spins], k[:, :heads, :spins])
        turned = product.transpose(0, 1, 3, 2)
        for text, array in PRODUCTS.items():
            j, form = j.replace(text, array), form.replace(text, array)
        coupling = eval(j) * (1 - np.eye(spins))
        if stored:
            self.close(arrays["field"], np.einsum("btij,btj->bti", coupling, x), 1e-5, what=form)
        row, column = np.meshgrid(np.arange(spins), np.arange(spins), indexing="ij")
        taken = {"i < j": row < column, "j < i": column < row, "i != j": row != column}[order]
        value = eval(form.replace("J[t, i, j]", "coupling").replace("J[t, j, i]", "coupling.transpose(0, 1, 3, 2)"))
        energy = np.einsum("btij,bti,btj->b", value * taken, x, x) + (h * x).sum((1, 2))
        got = report["hamiltonians"][0]
        self.close([got["energy_mean"], got["energy_min"]], [energy.mean(), energy.min()], 1e-6, scale=np.abs(energy).max() + 1,
                   what=f"{form}, {order}, {spins} spins, depth {depth}, stored {stored}, {heads} heads, unused {unused}")

    def test_products(self):
        for form in ("J[t, i, j]", "2 * (J[t, i, j] + J[t, j, i]) / 3", "-J[t, i, j] + 3 * J[t, j, i] - 0.5",
                     "dot(q[t, i], k[t, j])", "J[t, i, j] * J[t, j, i]"):
            self.rows(form, "i < j", 33, 16, False)
        for order in ("j < i", "i != j"):
            self.rows("J[t, i, j] - 0.5 * J[t, j, i]", order, 33, 16, False)
        for spins, depth in ((16, 32), (48, 8), (49, 8), (3, 4)) if QUICK else ((16, 32), (48, 8), (49, 8), (3, 4), (273, 5)):
            for stored in (False, True):
                self.rows("J[t, i, j] + J[t, j, i]", "i < j", spins, depth, stored)

    def test_one_head(self):
        for stored in (False, True):
            self.rows("J[t, i, j] + J[t, j, i]", "i < j", 49, 8, stored, heads=1)
        self.rows("2 * dot(q[t, i], k[t, j])", "i != j", 33, 16, False, heads=1)

    def test_maps_in_rows(self):
        """A symmetric map is a multiple of its rows, or not quite; either way both are right."""
        for form in ("-1 * J[t, i, j] + -1 * J[t, j, i]", "3 * J[t, i, j]", "J[t, i, j] - 0.5", "J[t, i, j] * J[t, j, i]"):
            for heads in (1,) if QUICK else (1, 2):
                self.rows(form, "i < j", 48, 16, True, heads=heads, j=SYMMETRIC)
        for j in (SYMMETRIC + " + 0.25",) if QUICK else (SYMMETRIC + " + 0.25", "-" + SYMMETRIC.replace("16", "0.3") + " + 1"):
            self.rows("J[t, i, j] + J[t, j, i]", "i < j", 33, 16, True, j=j)
        if not QUICK:
            self.rows("J[t, i, j] - dot(q[t, i], k[t, j])", "i < j", 33, 16, True, j=SYMMETRIC)
            self.rows("J[t, i, j]", "i < j", 33, 16, True, j=SYMMETRIC, unused=(1, 3))

    def test_rows_that_no_index_reaches(self):
        for heads, unused in ((1, (0, 7)), (1, (2, 0)), (2, (1, 16))):
            self.rows("J[t, i, j] + J[t, j, i]", "i < j", 48, 16, False, heads=heads, unused=unused)

    def test_overflow_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "sample 0: Hamiltonian 'rows': a coefficient of spin .* is NaN or infinite"):
            self.rows("J[t, i, j]", "i < j", 33, 16, False, scale=1e20)

    def test_lists_of_pairs(self):
        random = np.random.default_rng(1)
        spins, terms, single = 40, "", []
        for count in range(60 if QUICK else 300):
            i, j = map(int, random.choice(spins, 2, replace=False))
            c = round(float(random.normal()), 3)
            terms += f" + ({c}) * x[{i}] * x[{j}]"
            single.append((i, j, c))
            if count % 9 == 0:
                terms += f" + ({c}) * x[{i}]"
                single.append((i, i, c))
            if count % 50 == 0:
                terms += f" + a[{i}] * x[{j}] * x[{i}]"
                single.append((i, j, f"a{i}"))
        source = f"""hamiltonian lists(a: f32[N]) {{
  index i in N;
  spin  x[i] in {{0, 1}};
  minimize sum[i : i + 1 < N] a[i] * x[i] * x[i + 1] - sum[i : i + 3 < N and i != 4] 0.5 * x[i] * x[i + 3]{terms};
  return chosen[i] = x[i];
}}
model m {{ input a: f32[{spins}]; output chosen = lists(a); }}
"""
        a = random.normal(size=(SAMPLES, spins)).astype(np.float32)
        arrays, report = self.solve(source, {"a": a}, ["chosen"])
        energies = []
        for v, x in zip(a.astype(float), arrays["chosen"].astype(float)):
            energy = sum(v[i] * x[i] * x[i + 1] for i in range(spins - 1))
            energy -= sum(0.5 * x[i] * x[i + 3] for i in range(spins - 3) if i != 4)
            energies.append(energy + sum((v[int(c[1:])] if isinstance(c, str) else c) * x[i] * x[j] for i, j, c in single))
        got = report["hamiltonians"][0]
        self.close([got["energy_mean"], got["energy_min"]], [np.mean(energies), np.min(energies)], 1e-9)

    def test_many_terms_compile_to_little(self):
        sizes = []
        for count in (100, 1000):
            terms = " + ".join(f"0.{i + 1} * x[{i % 39}] * x[{i % 39 + 1}] * {i + 1}" for i in range(count))
            source = self.write("many.attn", f"hamiltonian many() {{ index i in 40; spin x[i] in {{0, 1}};\n  minimize {terms};\n"
                                             "  return chosen[i] = x[i];\n}\nmodel m { output chosen = many(); }\n")
            done = invoke("compile", source, "-o", self.folder / "many.o")
            self.assertEqual(done.returncode, 0, done.stderr)
            sizes.append((self.folder / "many.o").stat().st_size)
        self.assertLess(sizes[1], sizes[0] + 1000 * 64)


if __name__ == "__main__":
    unittest.main()
