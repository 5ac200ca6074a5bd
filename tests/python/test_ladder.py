"""The temperatures of an anneal where the sizes of the coefficients mislead: penalties that hardly ever act together."""

import unittest

import numpy as np

from common import Case, run_model

BLOCKS, SIZE = 8, 30

MODEL = """
hamiltonian pick(gain: f32[N], clash: f32[N, N]) {
  index i, j in N;
  spin x[i] in {0, 1};
  minimize -sum[i] gain[i] * x[i] + 4 * sum[i, j : i < j] clash[i, j] * x[i] * x[j];
  return chosen[i] = x[i];
}
model pick_one_a_block { input gain: f32[240]; input clash: f32[240, 240]; output chosen = pick(gain, clash); }
"""


class Penalties(Case):
    def test_one_item_a_block(self):
        """Each block's best item is the optimum. A ladder from the sizes alone, of 29 penalties of 4 a spin, ends where items of a
        block change places freely: 79 % of the optimum. The narrowed one must reach 90 %."""
        random = np.random.default_rng(3)
        gain = random.random((8, BLOCKS * SIZE)).astype(np.float32)
        block = np.arange(BLOCKS * SIZE) // SIZE
        clash = np.repeat((block[:, None] == block)[None].astype(np.float32), 8, axis=0)
        optimum = -gain.reshape(8, BLOCKS, SIZE).max(axis=-1).sum(axis=-1).mean()
        model = self.write("pick.attn", MODEL)
        for seed in (0, 1):
            out, report = run_model(model, {"gain": gain, "clash": clash}, ["chosen"], self.folder, "--seed", seed)
            energy = report["hamiltonians"][0]["energy_mean"]
            self.assertTrue((out["chosen"].reshape(8, BLOCKS, SIZE).sum(axis=-1) == 1).all())
            self.assertLess(energy, 0.9 * optimum)
            self.assertGreaterEqual(energy, optimum - 1e-5)


if __name__ == "__main__":
    unittest.main()
