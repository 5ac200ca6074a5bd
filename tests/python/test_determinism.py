"""test_determinism.py - the same seed gives the same bytes on any number of threads and for any split of the batch."""

import json
import unittest

import numpy as np

from common import Case, QUICK, ROOT, invoke, run_model
from generate import make_program
from reference import program_text

DIGITS = ROOT / "examples" / "digits"
NAMES = ["logits", "keys"]


def bytes_of(folder, tag, names=NAMES):
    return {name: (folder / f"{tag}-out-{name}.npy").read_bytes() for name in names}


class SameBytes(Case):
    def digits(self, patches, tag, *extra):
        run_model(DIGITS / "digits.attn", {"patches": patches}, NAMES, self.folder, *extra,
                  weights=DIGITS / "digits.safetensors", tag=tag)
        return bytes_of(self.folder, tag)

    def test_threads(self):
        patches = np.load(DIGITS / "patches.npy")[:32 if QUICK else 150]
        for solver in ("anneal", "descent"):
            one = self.digits(patches, "one", "--threads", 1, "--seed", 5, "--solver", solver)
            for threads in (1, 2, 3, 8):
                with self.subTest(threads=threads, solver=solver):
                    self.assertEqual(one, self.digits(patches, "more", "--threads", threads, "--seed", 5, "--solver", solver))

    def test_batch_split(self):
        """Parts of a file, each told where it begins, give the rows of the whole."""
        patches = np.load(DIGITS / "patches.npy")[:40]
        self.digits(patches, "whole", "--seed", 9)
        whole = {name: np.load(self.folder / f"whole-out-{name}.npy") for name in NAMES}
        for cuts in ((0, 1, 2, 40), (0, 17, 40), (0, 13, 26, 39, 40)):
            for begin, end in zip(cuts, cuts[1:]):
                with self.subTest(begin=begin, end=end):
                    self.digits(patches[begin:end], "part", "--seed", 9, "--first-sample", begin, "--threads", 2)
                    for name in NAMES:
                        part = np.load(self.folder / f"part-out-{name}.npy")
                        self.assertEqual(whole[name][begin:end].tobytes(), part.tobytes(), name)

    def test_seeds_differ(self):
        """With so little effort that the answers are not all optimal, another seed gives other spins."""
        patches = np.load(DIGITS / "patches.npy")[:40]
        low = ("--reads", 1, "--sweeps", 2)
        one, again, other = (self.digits(patches, tag, "--seed", seed, *low) for tag, seed in (("a", 1), ("b", 1), ("c", 2)))
        self.assertEqual(one, again)
        self.assertNotEqual(one["keys"], other["keys"])

    def test_samples_differ(self):
        """Equal samples at different places of a batch draw different random numbers."""
        patches = np.repeat(np.load(DIGITS / "patches.npy")[1:2], 16, axis=0)  # an image with several good answers
        self.digits(patches, "same", "--seed", 1, "--reads", 1, "--sweeps", 1)
        keys = np.load(self.folder / "same-out-keys.npy")
        self.assertGreater(len({k.tobytes() for k in keys}), 1)

    def test_reads_left_out(self):
        """Reads that cannot win are not polished, unless somebody looks at all of them, as an inspection does: the same answer."""
        source = self.write("one.attn", """
use "std/qama.attn";
model one {
  input q: f32[1, 200, 8]; input k: f32[1, 200, 8]; input v: f32[1, 200, 8]; input e: f32[8];
  output keys = qama(q, k, v, e).keys;
}
""")
        random = np.random.default_rng(5)
        arrays = {name: random.standard_normal((1, 1, 200, 8)).astype(np.float32) for name in "qkv"}
        arrays["e"] = random.standard_normal((1, 8)).astype(np.float32)
        for seed in range(4):
            effort = ("--reads", 24, "--sweeps", 4, "--seed", seed)
            _, report = run_model(source, arrays, ["keys"], self.folder, *effort)
            given = [part for name in arrays for part in ("--input", f"{name}={self.folder / f'run-in-{name}.npy'}")]
            seen = invoke("inspect", source, *given, *effort, "--format", "json")
            self.assertEqual(seen.returncode, 0, seen.stderr)
            best = json.loads(seen.stdout)["hamiltonians"][0]["measured"]["best"]
            self.close(best, report["hamiltonians"][0]["energy_min"], 1e-12)

    def test_random_programs(self):
        hamiltonians, pool = make_program(77, 40)
        text, used = program_text(hamiltonians, pool)
        source = self.write("random.attn", text)
        names = [f"{h.name}_{name}" for h in hamiltonians for name, _, _ in h.results]
        inputs = {name: np.repeat(pool[name][None], 6, axis=0) for name in used}
        low = ("--reads", 1, "--sweeps", 3, "--seed", 3)
        run_model(source, inputs, names, self.folder, *low, "--threads", 1, tag="one")
        one = bytes_of(self.folder, "one", names)
        for threads in (2, 3):
            run_model(source, inputs, names, self.folder, *low, "--threads", threads, tag="more")
            self.assertEqual(one, bytes_of(self.folder, "more", names), f"{threads} threads")


if __name__ == "__main__":
    unittest.main()
