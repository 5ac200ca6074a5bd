"""test_inspect_page_real.py - the pages of real inspections: the digits, 4,096 spins, a problem file, two settings side by
side. Each holds the JSON that isg writes otherwise, draws all of it and shows its numbers. Without Chromium the tests are skipped."""

import json
import unittest

import numpy as np

from common import QUICK, ROOT, invoke
from page_case import LIMIT, Page

DIGITS = ROOT / "examples" / "digits"


class Real(Page):
    """What isg inspect writes itself."""

    BIG = """use "std/qama.attn";
model big { input q: f32[8, %d, 8]; input k: f32[8, %d, 8]; input v: f32[8, %d, 8]; input e: f32[8];
  output keys = qama(q, k, v, e).keys; }
"""

    def inspect(self, name, *arguments):
        """One inspection as JSON and as a page; the page must hold that JSON. Returns (document, path of the page)."""
        out = [self.folder / f"{name}.{kind}" for kind in ("json", "html")]
        for path in out:
            done = invoke("inspect", *arguments, "--format", path.suffix[1:], "-o", path)
            self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(out[0].read_text())
        self.browser.open(out[1])
        within = json.loads(self.browser.run("document.getElementById('report').textContent"))
        self.assertEqual(self.timeless(within), self.timeless(document))
        self.assertLess(out[1].stat().st_size, LIMIT)
        return within, out[1]

    def timeless(self, value):
        """A report without the numbers that are times."""
        if isinstance(value, list):
            return [self.timeless(v) for v in value]
        return {k: self.timeless(v) for k, v in value.items() if k != "seconds"} if isinstance(value, dict) else value

    def check_page(self, document, path, *names):
        """That it draws everything, its numbers, and that cell (1, 2) of the grid of spins has this name."""
        shown = self.show(path)
        self.assertEqual(self.texts(".broken"), [])
        self.assertGreater(len(self.check_numbers(document)), 40)
        self.assertIn(document["hamiltonians"][0]["health"]["line"], self.texts(".health"))
        self.browser.point(*self.cell("section[id$=what] svg.grid", 0, 1, 2))
        self.assertTrue(self.said()[0].startswith(names), self.said())
        self.assertLessEqual(self.width(), 1280)
        spins = document["hamiltonians"][0]["spins"]
        print(f"{path.stem}: {spins} spins, {path.stat().st_size} bytes, drawn in {self.milliseconds()} ms")
        return shown

    def test_digits(self):
        arguments = [DIGITS / "digits.attn", "--weights", DIGITS / "digits.safetensors", "--input",
                     f"patches={DIGITS / 'patches.npy'}", "--sample", 3, "--target", "stanford-cim-100"]
        document, path = self.inspect("digits", *arguments)
        self.check_page(document, path, "x[t=1, i=2] = ")
        self.assertEqual(len(self.texts(".tab")), 8)
        self.assertEqual(self.seen(".head .picture"), 1)
        self.assertEqual(self.texts(".terms math") and len(self.texts(".terms code")), 0, "a formula is not typeset")
        self.assertGreaterEqual(len(self.texts("mark")), 2)
        self.assertLessEqual(max(document["hamiltonians"][0]["landscape"]["energies"]), 0)
        self.browser.run("document.querySelectorAll('.tab')[4].click()")
        self.browser.point(*self.cell(".head:not(.away) svg.grid", 0, 0, 1))
        self.assertRegex(self.said()[0], r"^x\[t=4, i=0\] with x\[t=4, i=1\]: coupling ")

    def test_one_spin(self):
        """Nothing acts on it: it is not said to follow anything, and no heading or label stands where there is nothing."""
        _, path = self.inspect("one", self.write("one.rudy", "1 0\n"), "--from", "rudy")
        self.show(path)
        self.assertEqual(self.texts(".broken"), [])
        page = self.browser.run("document.body.innerText")
        self.assertIn("0 by their fields, 0 by roof duality (nothing to do), 1 by nothing, for either value will do.", page)
        self.assertIn("s[i=0] = \N{MINUS SIGN}1", page)
        self.assertNotIn("By term", page)
        self.assertIn("smallest and largest", self.texts("svg text"))
        self.browser.point(*self.cell("section[id$=numbers] svg.grid[aria-label^='fixed']", 0, 0, 0))
        self.assertIn("free to be anything", self.said()[0])

    def test_large(self):
        tokens = 32 if QUICK else 512
        random = np.random.default_rng(0)
        arrays = {name: self.save(f"{name}.npy", random.normal(size=(1, 8, tokens, 8)).astype("f4")) for name in "qkv"}
        arrays["e"] = self.save("e.npy", random.normal(size=(1, 8)).astype("f4"))
        model = self.write("big.attn", self.BIG % (tokens, tokens, tokens))
        inputs = [part for name, file in arrays.items() for part in ("--input", f"{name}={file}")]
        document, path = self.inspect("big", model, *inputs)
        self.assertEqual(document["hamiltonians"][0]["spins"], 8 * tokens)
        self.check_page(document, path, "x[t=1, i=2] = ")

    def test_a_problem_file(self):
        """A ring of 12 with two chords: small enough for the exact levels."""
        edges = [(k, (k + 1) % 12) for k in range(12)] + [(0, 6), (2, 9)]
        lines = [f"12 {len(edges)}"] + [f"{a + 1} {b + 1} 1" for a, b in edges]
        problem = self.write("ring.txt", "\n".join(lines) + "\n")
        document, path = self.inspect("ring", problem, "--from", "rudy")
        array = document["hamiltonians"][0]["arrays"][0]["name"]
        self.show(path)
        self.check_numbers(document)
        self.assertEqual(self.texts(".broken"), [])
        self.browser.point(*self.cell("section[id$=what] svg.grid", 0, 0, 7))
        self.assertTrue(self.said()[0].startswith(f"{array}[i=7] = "), self.said())
        self.assertGreater(len(self.texts("svg .level")), 2)

    def test_two_settings_side_by_side(self):
        common = [DIGITS / "digits.attn", "--weights", DIGITS / "digits.safetensors", "--input",
                  f"patches={DIGITS / 'patches.npy'}"]
        before = self.folder / "before.json"
        done = invoke("inspect", *common, "--sample", 1, "--format", "json", "-o", before)
        self.assertEqual(done.returncode, 0, done.stderr)
        document, path = self.inspect("both", *common, "--sample", 2, "--diff", before)
        self.show(path)
        self.check_numbers(document)
        self.assertEqual(self.texts(".broken"), [])
        self.assertEqual(len(self.texts("table.diff tbody tr")), len(document["diff"]["rows"]))
        self.assertGreater(len(self.texts(".differs")), 20)


if __name__ == "__main__":
    unittest.main()
