"""test_examples.py - the examples gallery: every one runs, reaches the good answer that it computes itself, and refuses other input."""

import importlib.util
import os
import re
import subprocess
import sys
import unittest

import numpy as np

from common import Case, ROOT, isg_path

EXAMPLES = ROOT / "examples"
# Each with one array of its data that is spoilt below.
NAMES = {"mis": "near", "maxcut": "quarrels", "tracking": "places", "superres": "small", "surrogate": "glass", "karate": "edges", "text": "words"}


def run_example(name, *extra, folder=None):
    return subprocess.run([sys.executable, str(EXAMPLES / name / "run"), "--quick", *map(str, extra)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, cwd=folder, env={**os.environ, "ISG": str(isg_path())})


class Gallery(Case):
    def test_good_answers(self):
        for name in NAMES:
            with self.subTest(name):
                done = run_example(name)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertRegex(done.stdout, r"\n  A good answer: .+\n  Ours: .+ - reached\.\n")
                self.assertNotIn("\x1b", done.stdout)
                self.assertLess(max(len(line) for line in done.stdout.splitlines()), 131)
                self.assertEqual(done.stderr, "")

    def test_data_come_from_their_scripts(self):
        for name in NAMES:
            with self.subTest(name):
                script = EXAMPLES / name / "make.py"
                spec = importlib.util.spec_from_file_location(f"make_{name}", script)
                module = importlib.util.module_from_spec(spec)
                sys.dont_write_bytecode = True
                spec.loader.exec_module(module)
                with np.load(EXAMPLES / name / "data.npz") as data:
                    made = module.make()
                    self.assertEqual(sorted(made), sorted(data.files))
                    for key, array in made.items():
                        np.testing.assert_allclose(data[key], array, rtol=1e-5, atol=1e-5, err_msg=key)

    def test_other_data_are_refused(self):
        for name, key in NAMES.items():
            with np.load(EXAMPLES / name / "data.npz") as data:
                arrays = dict(data)
            cases = {f"'{key}' should have the shape": {**arrays, key: arrays[key][..., :-1]},
                     f"'{key}' holds what is not a finite number": {**arrays, key: np.full(arrays[key].shape, np.nan)},
                     f"{key} is not a file in the archive": {k: a for k, a in arrays.items() if k != key}}
            path = self.folder / f"{name}.npz"
            for said, spoilt in cases.items():
                np.savez(path, **spoilt)
                self.refused(name, said, "--data", path)
            np.save(self.folder / "one.npy", arrays[key])
            self.refused(name, "not a file of arrays", "--data", self.folder / "one.npy")
            path.write_bytes(b"PK\3\4 and no more")
            self.refused(name, "not a file of arrays", "--data", path)
            self.refused(name, "not a file of arrays", "--data", self.folder / "absent.npz")

    def test_compiler_is_missed(self):
        for name in NAMES:
            self.refused(name, "is not built", "--isg", self.folder / "isg")

    def refused(self, name, said, *arguments):
        done = run_example(name, *arguments)
        self.assertEqual(done.returncode, 1, f"{name} {arguments}")
        self.assertIn(said, done.stderr)
        self.assertRegex(done.stderr, rf"^{name}: error: [^\n]*\n$")
        self.assertEqual(done.stdout, "")

    def test_pictures(self):
        done = run_example("mis", "--svg", self.folder / "mis.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        picture = (self.folder / "mis.svg").read_text()
        sending = int(re.search(r"\n  (\d+) send ", done.stdout).group(1))
        self.assertEqual(picture.count("<circle"), 400)
        self.assertEqual(picture.count('fill="rgb(240,140,40)"'), sending)

    def test_inspected_page(self):
        done = run_example("mis", "--inspect", folder=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mis.html", done.stdout)
        page = (self.folder / "mis.html").read_text()
        self.assertIn("independent_set", page)
        self.assertLess(len(page), 3 << 20)

    def test_every_example_is_listed(self):
        index = (EXAMPLES / "README.md").read_text()
        folders = sorted(path.parent.name for path in EXAMPLES.glob("*/run"))
        self.assertEqual(folders, sorted([*NAMES, "digits"]))
        for name in folders:
            self.assertIn(f"`{name}/`", index)
            self.assertTrue((EXAMPLES / name / "README.md").exists())


if __name__ == "__main__":
    unittest.main()
