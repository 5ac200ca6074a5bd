"""test_cli.py - the command line's contract: statuses, files at fault, interruption, the IR's text in and out."""

import json
import signal
import struct
import subprocess
import unittest

import numpy as np

from common import Case, QUICK, ROOT, interrupt, interrupt_twice, invoke, run_model
from generate import make_program
from reference import program_text

DIGITS = ROOT / "examples" / "digits"
SMALL = """
hamiltonian pick(w: f32[N]; push = 1.0) {
  index i, j in N;
  spin x[i] in {0, 1};
  minimize sum[i] w[i] * x[i] + push * sum[i, j : i < j] x[i] * x[j];
  return x[i] = x[i];
}
model small {
  input w: f32[3];
  input ids: i32[2];
  output x = pick(w);
  output y = linear(w, @layer);
  output rows = embedding(ids, @table);
}
"""
WEIGHTS = {"layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "layer.bias": np.ones(2, np.float32),
           "table.weight": np.arange(8, dtype=np.float32).reshape(4, 2)}
COMMANDS = ("run", "lower", "opt")


def safetensors_bytes(tensors, header=None):
    """The file's bytes; `header` replaces the JSON text."""
    about, data = {}, b""
    for name, array in tensors.items():
        about[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.astype("<f4").tobytes()
    text = json.dumps(about).encode() if header is None else header
    return struct.pack("<Q", len(text)) + text + data


def npy_bytes(header, data=b"", version=(1, 0), length=None):
    """An .npy file with this header text (padded as NumPy does)."""
    size = 2 if version[0] == 1 else 4
    text = header.encode("latin1")
    text += b" " * (-(len(text) + 7 + size + 2) % 64) + b"\n"
    return (b"\x93NUMPY" + bytes(version) + (len(text) if length is None else length).to_bytes(size, "little") + text + data)


class SmallModel(Case):
    """Runs SMALL with one of its files replaced."""

    def setUp(self):
        super().setUp()
        self.source = self.write("small.attn", SMALL)
        self.weights = self.folder / "weights.safetensors"
        self.weights.write_bytes(safetensors_bytes(WEIGHTS))
        self.w = self.save("w.npy", np.array([[-1, 0.5, -2], [1, -3, -3]], np.float32))
        self.ids = self.save("ids.npy", np.array([[0, 3], [2, 2]], np.int32))

    def arguments(self):
        outputs = [part for name in ("x", "y", "rows") for part in ("--output", f"{name}={self.folder / f'out-{name}.npy'}")]
        return ["run", self.source, "--weights", self.weights, "--input", f"w={self.w}", "--input", f"ids={self.ids}", *outputs]

    def outputs(self):
        return sorted(path.name for path in self.folder.glob("out-*"))

    def refused(self, *words, arguments=None, status=1):
        """The run ends with `status`, one of stderr's lines says why, nothing is written."""
        done = invoke(*(arguments or self.arguments()), timeout=120)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn("error", done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(self.outputs(), [])
        self.assertEqual(list(self.folder.glob("*.tmp*")), [])
        return done.stderr

    def accepted(self):
        done = invoke(*self.arguments(), timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {name: np.load(self.folder / f"out-{name}.npy") for name in ("x", "y", "rows")}


class Answers(SmallModel):
    def check(self, got):
        np.testing.assert_array_equal(got["x"], [[0, 0, 1], [0, 1, 1]])
        w = np.load(self.w).astype(np.float64)
        np.testing.assert_allclose(got["y"], w @ WEIGHTS["layer.weight"].T + 1, rtol=1e-6)
        np.testing.assert_array_equal(got["rows"], WEIGHTS["table.weight"][np.load(self.ids).astype(int)])
        for array in got.values():
            self.assertEqual(array.dtype, np.float32)

    def test_plain(self):
        self.check(self.accepted())

    def test_other_dtypes(self):
        for dtype in (np.float64, np.float32, np.int8, np.int16, np.int64):
            with self.subTest(dtype=dtype):
                self.save("w.npy", np.array([[-1, 1, -2], [1, -3, -3]]).astype(dtype))
                self.check(self.accepted())
        for dtype in (np.int8, np.uint8, np.uint16, np.int64, np.uint64):
            with self.subTest(ids=dtype):
                self.save("ids.npy", np.array([[0, 3], [2, 2]], dtype))
                self.check(self.accepted())

    def test_no_samples(self):
        self.save("w.npy", np.zeros((0, 3), np.float32))
        self.save("ids.npy", np.zeros((0, 2), np.int32))
        got = self.accepted()
        self.assertEqual(got["x"].shape, (0, 3))
        self.assertEqual(got["rows"].shape, (0, 2, 2))

    def test_npy_versions(self):
        data = np.load(self.w).astype("<f4").tobytes()
        for version in ((1, 0), (2, 0), (3, 0)):
            with self.subTest(version=version):
                header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
                self.w.write_bytes(npy_bytes(header, data, version))
                self.check(self.accepted())


class BadNpy(SmallModel):
    GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"

    def each(self, cases):
        for what, content in cases.items():
            with self.subTest(what):
                self.w.write_bytes(content)
                self.refused("w.npy")

    def test_headers(self):
        data = bytes(24)
        good = self.GOOD
        self.each({
            "empty file": b"",
            "other magic": b"\x93NUMPZ" + npy_bytes(good, data)[6:],
            "text": b"1 2 3\n",
            "unknown version": npy_bytes(good, data, (9, 0)),
            "header longer than the file": npy_bytes(good, data, length=60000),
            "header of 4 GiB": npy_bytes(good, data, (2, 0), length=0xffffffff),
            "no header": npy_bytes(good, data, length=0),
            "not a dictionary": npy_bytes("[1, 2, 3]", data),
            "unclosed": npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", data),
            "no shape": npy_bytes("{'descr': '<f4', 'fortran_order': False, }", data),
            "no descr": npy_bytes("{'fortran_order': False, 'shape': (2, 3), }", data),
            "no order": npy_bytes("{'descr': '<f4', 'shape': (2, 3), }", data),
            "negative dimension": npy_bytes(good.replace("(2, 3)", "(-2, 3)"), data),
            "dimension is text": npy_bytes(good.replace("(2, 3)", "('2', 3)"), data),
            "shape is no tuple": npy_bytes(good.replace("(2, 3)", "6"), data),
            "order is no truth value": npy_bytes(good.replace("False", "Maybe"), data),
            "object dtype": npy_bytes(good.replace("<f4", "|O"), data),
            "structured dtype": npy_bytes(good.replace("'<f4'", "[('a', '<f4')]"), data),
            "text dtype": npy_bytes(good.replace("<f4", "<U1"), data),
            "complex dtype": npy_bytes(good.replace("<f4", "<c8"), bytes(48)),
            "unknown dtype": npy_bytes(good.replace("<f4", "<q9"), data),
            "rank 40": npy_bytes(good.replace("(2, 3)", "(" + "1, " * 40 + ")"), data),
        })

    def test_lies(self):
        good = self.GOOD
        self.each({
            "fewer numbers than the shape": npy_bytes(good, bytes(20)),
            "no numbers": npy_bytes(good),
            "more numbers than the shape": npy_bytes(good, bytes(28)),
            "size beyond 64 bits": npy_bytes(good.replace("(2, 3)", "(4611686018427387904, 4)"), bytes(24)),
            "size that wraps to the data's": npy_bytes(good.replace("(2, 3)", "(4611686018427387905, 4)"), bytes(24)),
            "dimension beyond 64 bits": npy_bytes(good.replace("(2, 3)", "(99999999999999999999999999, 3)"), bytes(24)),
            "terabytes": npy_bytes(good.replace("(2, 3)", "(1000000000000, 3)"), bytes(24)),
        })

    def test_truncated_anywhere(self):
        whole = self.w.read_bytes()
        for length in [0, 1, 5, 6, 7, 8, 9, 10, 11, 40, 90, 127, 128, 129, 140, len(whole) - 1]:
            with self.subTest(length=length):
                self.w.write_bytes(whole[:length])
                self.refused("w.npy")

    def test_right_or_refused(self):
        """Column order and big-endian numbers are read as they are meant, or not at all."""
        w = np.load(self.w)
        for what, array in (("columns", np.asfortranarray(w)), ("big-endian", w.astype(">f4"))):
            with self.subTest(what):
                self.save("w.npy", array)
                done = invoke(*self.arguments(), timeout=120)
                self.assertIn(done.returncode, (0, 1))
                if done.returncode == 0:
                    np.testing.assert_array_equal(np.load(self.folder / "out-x.npy"), [[0, 0, 1], [0, 1, 1]])
                    for path in self.folder.glob("out-*"):
                        path.unlink()


class BadSafetensors(SmallModel):
    def test_headers(self):
        good = safetensors_bytes(WEIGHTS)
        size = int.from_bytes(good[:8], "little")
        about, data = json.loads(good[8:8 + size]), good[8 + size:]

        def altered(name, **changes):
            changed = {k: dict(v) for k, v in about.items()}
            changed[name].update(changes)
            return safetensors_bytes(WEIGHTS, json.dumps(changed).encode())

        text = json.dumps(about)
        cases = {
            "empty file": b"",
            "seven bytes": b"\x01" * 7,
            "header longer than the file": struct.pack("<Q", len(good)) + good[8:],
            "header of 2^63": struct.pack("<Q", 1 << 63) + good[8:],
            "header of 101 MB": struct.pack("<Q", 101_000_000) + good[8:],
            "no JSON": safetensors_bytes(WEIGHTS, b"{" + b"x" * 50),
            "not an object": safetensors_bytes(WEIGHTS, b"[1, 2, 3]"),
            "leading space": safetensors_bytes(WEIGHTS, b" " + text.encode()),
            "nested 5,000 deep": safetensors_bytes(WEIGHTS, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
            "trailing bytes": good + b"\0",
            "missing bytes": good[:-1],
            "unknown dtype": altered("layer.bias", dtype="F99"),
            "dtype is a number": altered("layer.bias", dtype=3),
            "shape of other size": altered("layer.bias", shape=[3]),
            "negative shape": altered("layer.bias", shape=[-2]),
            "shape with a fraction": altered("layer.bias", shape=[2.5]),
            "shape beyond 64 bits": altered("layer.bias", shape=[1 << 40, 1 << 40]),
            "offsets backwards": altered("layer.bias", data_offsets=[32, 24]),
            "offsets beyond the file": altered("layer.bias", data_offsets=[len(data), len(data) + 8]),
            "offsets overlap": altered("layer.bias", data_offsets=[20, 28]),
            "offsets negative": altered("layer.bias", data_offsets=[-8, 0]),
            "one offset": altered("layer.bias", data_offsets=[24]),
            "a hole": struct.pack("<Q", size) + good[8:8 + size].replace(b"[32, 64]", b"[36, 68]") + data + bytes(4),
        }
        for what, content in cases.items():
            with self.subTest(what):
                self.weights.write_bytes(content)
                self.refused("weights.safetensors")

    def test_truncated_anywhere(self):
        whole = safetensors_bytes(WEIGHTS)
        for length in [0, 1, 7, 8, 9, 20, 100, len(whole) // 2, len(whole) - 1]:
            with self.subTest(length=length):
                self.weights.write_bytes(whole[:length])
                self.refused("weights.safetensors")

    def test_contents(self):
        self.weights.write_bytes(safetensors_bytes({k: v for k, v in WEIGHTS.items() if k != "layer.weight"}))
        self.refused("layer")
        self.weights.write_bytes(safetensors_bytes({**WEIGHTS, "layer.weight": np.zeros((2, 4), np.float32)}))
        self.refused("small.attn:")
        self.weights.unlink()
        self.refused("weights.safetensors")


class BadInputs(SmallModel):
    def test_missing_and_unknown(self):
        arguments = self.arguments()
        position = arguments.index(f"w={self.w}")
        self.refused("w", arguments=arguments[:position - 1] + arguments[position + 1:])
        self.assertIn(invoke(*arguments, "--input", f"nobody={self.w}").returncode, (1, 2))
        self.assertIn(invoke(*arguments, "--input", f"w={self.w}").returncode, (1, 2))
        self.assertIn(invoke(*arguments, "--output", f"nobody={self.folder / 'out-nobody.npy'}").returncode, (1, 2))
        self.assertEqual(self.outputs(), [])
        self.w.unlink()
        self.refused("w.npy")
        self.w.mkdir()
        self.refused("w.npy")

    def test_shapes(self):
        for shape in ((2, 4), (2, 2), (2, 3, 1), (3,), (), (2, 0)):
            with self.subTest(shape=shape):
                self.save("w.npy", np.zeros(shape, np.float32))
                self.refused("w")

    def test_batches_differ(self):
        self.save("w.npy", np.zeros((3, 3), np.float32))
        self.refused()

    def test_numbers_at_fault(self):
        for value in (np.nan, np.inf, -np.inf):
            with self.subTest(value=value):
                self.save("w.npy", np.array([[0, 0, 0], [0, value, 0]], np.float32))
                self.refused()
        self.save("w.npy", np.full((2, 3), 1e300))
        self.refused()

    def test_integers_at_fault(self):
        for ids in (np.full((2, 2), 2**40), np.full((2, 2), -2**31 - 1), np.full((2, 2), 4, np.int32), np.full((2, 2), -1, np.int32),
                    np.full((2, 2), 0.5), np.full((2, 2), 2**63, np.uint64)):
            with self.subTest(ids=ids[0, 0], dtype=ids.dtype):
                self.save("ids.npy", ids)
                self.refused("ids")

    def test_labels(self):
        good = self.save("labels.npy", np.zeros(2, np.int64))
        self.assertEqual(invoke(*self.arguments(), "--labels", good).returncode, 0)
        for path in self.folder.glob("out-*"):
            path.unlink()
        for what, labels, said in (("length", np.zeros(3, np.int64), "one for each"), ("rank", np.zeros((2, 2), np.int64), "one for"),
                                   ("below 0", np.array([0, -1]), "sample 1 is -1"), ("beyond", np.array([3, 0]), "sample 0 is 3")):
            with self.subTest(what):
                self.save("labels.npy", labels)
                self.refused(said, arguments=self.arguments() + ["--labels", good])

    def test_nowhere_to_write(self):
        arguments = self.arguments()
        arguments[arguments.index(f"y={self.folder / 'out-y.npy'}")] = f"y={self.folder / 'no' / 'folder.npy'}"
        done = invoke(*arguments)
        self.assertEqual(done.returncode, 1)
        self.assertIn("folder.npy", done.stderr)

    def test_old_outputs_survive(self):
        """A refused run leaves the files of an earlier one."""
        self.accepted()
        before = {name: (self.folder / name).read_bytes() for name in self.outputs()}
        self.save("w.npy", np.full((2, 3), np.nan))
        self.assertEqual(invoke(*self.arguments()).returncode, 1)
        self.assertEqual(before, {name: (self.folder / name).read_bytes() for name in self.outputs()})


class Programs(SmallModel):
    def run_text(self, text):
        self.source.write_text(text)
        return invoke("run", self.source, timeout=120)

    def test_diagnostic(self):
        done = self.run_text("model m {\n  input x: f32[3];\n  output y = x + nobody;\n}\n")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"small\.attn:3:18: error: .*nobody")
        self.assertEqual(done.stdout, "")

    def test_models(self):
        two = "model a { input x: f32; output y = x; }\nmodel b { input x: f32; output y = x + 1; }\n"
        self.assertEqual(self.run_text(two).returncode, 1)
        self.assertEqual(self.run_text("const K = 3;\n").returncode, 1)
        self.assertEqual(self.run_text("").returncode, 1)
        self.source.write_text(two)
        got, report = run_model(self.source, {"x": np.array([1.5], np.float32)}, ["y"], self.folder, model="b")
        self.assertEqual(got["y"].tolist(), [2.5])
        self.assertEqual(report["model"], "b")
        self.assertIn(invoke("run", self.source, "--model", "c").returncode, (1, 2))

    def test_unreadable(self):
        self.assertEqual(invoke("run", self.folder / "nobody.attn").returncode, 1)
        self.assertEqual(invoke("run", self.folder).returncode, 1)
        self.source.write_bytes(b"\xff\xfe\x00model")
        self.assertEqual(invoke("run", self.source).returncode, 1)


class Usage(Case):
    def test_help_and_version(self):
        for command in ((), *((c,) for c in COMMANDS)):
            with self.subTest(command=command):
                for option in ("--help", "--version"):
                    done = invoke(*command, option)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(done.stderr, "")
                    self.assertTrue(done.stdout.strip())
                self.assertIn("0.1.0", done.stdout)
                shown = invoke(*command, "--help").stdout
                for word in command or COMMANDS:
                    self.assertIn(word, shown)
                self.assertLessEqual(max(map(len, shown.splitlines())), 130)

    def test_run_help_names_every_option(self):
        shown = invoke("run", "--help").stdout
        for option in ("--weights", "--input", "--output", "--labels", "--solver", "--reads", "--sweeps", "--seed", "--threads",
                       "--report", "--model", "--quiet"):
            self.assertIn(option, shown)

    def test_errors(self):
        model = str(DIGITS / "digits.attn")
        for arguments in ([], ["frobnicate"], ["--frobnicate"], ["run"], ["run", model, "--frobnicate"], ["run", model, "--reads"],
                          ["run", model, "--reads", "many"], ["run", model, "--reads", "-1"], ["run", model, "--sweeps", "1.5"],
                          ["run", model, "--seed", "x"], ["run", model, "--seed", "99999999999999999999999"],
                          ["run", model, "--threads", "-2"], ["run", model, "--solver", "magic"], ["run", model, model],
                          ["run", model, "--input", "patches"], ["run", model, "--input", "=x.npy"], ["lower"], ["opt"],
                          ["lower", model, "--to", "nowhere"]):
            with self.subTest(arguments=arguments):
                done = invoke(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr.strip())


class Reports(SmallModel):
    def test_contract(self):
        path = self.folder / "report.json"
        labels = self.save("labels.npy", np.array([2, 1]))
        arguments = self.arguments() + ["--report", path, "--labels", labels, "--seed", 4, "--reads", 3, "--sweeps", 20, "--threads", 2]
        done = invoke(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(path.read_text())
        expected = {"model": "small", "samples": 2, "seed": 4, "reads": 3, "sweeps": 20, "target": "native"}
        self.assertEqual({key: report[key] for key in expected}, expected)
        self.assertGreaterEqual(report["threads"], 1)
        self.assertGreaterEqual(set(report["seconds"]), {"compile", "coefficients", "anneal", "total"})
        self.assertTrue(all(value >= 0 for value in report["seconds"].values()))
        entry, = report["hamiltonians"]
        self.assertEqual((entry["name"], entry["spins"]), ("pick", 3))
        # Energies of the two samples: w2 = -2 and w1 + w2 + 1 = -5.
        self.assertEqual((entry["energy_mean"], entry["energy_min"]), (-3.5, -5.0))
        self.assertGreaterEqual(set(entry), {"terms", "fixed_spins_mean", "flips_per_second"})
        self.assertEqual(report["accuracy"], 1.0)

    def test_quiet(self):
        done = invoke(*self.arguments(), "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class Interrupted(Case):
    """Work for hours; one SIGINT gives the best so far and status 3, two end it."""

    def arguments(self):
        outputs = [part for name in ("logits", "keys") for part in ("--output", f"{name}={self.folder / f'{name}.npy'}")]
        return ["run", DIGITS / "digits.attn", "--weights", DIGITS / "digits.safetensors", "--input",
                f"patches={DIGITS / 'patches.npy'}", *outputs, "--report", self.folder / "report.json", "--reads", "1000",
                "--sweeps", "1000000"]

    def test_once(self):
        for wait in (2.0, 6.0):
            with self.subTest(wait=wait):
                done = interrupt(wait, *self.arguments())
                self.assertEqual(done.returncode, 3, done.stderr)
                keys, logits = np.load(self.folder / "keys.npy"), np.load(self.folder / "logits.npy")
                self.assertEqual((keys.shape, logits.shape), ((450, 8, 16), (450, 10)))
                # Samples that were begun have an answer, the others are NaN; the report counts the first.
                begun = np.isfinite(logits).all(axis=1)
                self.assertTrue(np.isin(keys[begun], (0, 1)).all())
                self.assertTrue(np.isnan(logits[~begun]).all() and np.isnan(keys[~begun]).all())
                report = json.loads((self.folder / "report.json").read_text())
                self.assertEqual(report["samples"], begun.sum())
                if not QUICK:
                    self.assertGreater(begun.sum(), 0)

    def test_at_any_moment(self):
        """Before the work begins it may also end by the signal, with nothing written."""
        for wait in (0.0, 0.05, 0.2, 0.5, 1.0, 1.7):
            with self.subTest(wait=wait):
                for path in self.folder.glob("*.npy"):
                    path.unlink()
                done = interrupt(wait, *self.arguments(), at_work=False)
                self.assertIn(done.returncode, (3, -signal.SIGINT, 128 + signal.SIGINT), done.stderr)
                if done.returncode == 3:
                    self.assertEqual(np.load(self.folder / "keys.npy").shape, (450, 8, 16))

    def test_twice(self):
        """At once, wherever the first has left it; it may have been as quick."""
        self.assertIn(interrupt_twice(0.5, *self.arguments()), (-signal.SIGINT, None))


class TextOfTheModule(Case):
    """`isg lower` writes what `isg opt` reads and writes back unchanged, at every stage."""

    def lower(self, source, stage, *extra):
        target = self.folder / f"{stage}.ising"
        done = invoke("lower", source, "--to", stage, "-o", target, *extra)
        self.assertEqual(done.returncode, 0, done.stderr)
        return target

    def check(self, source, *extra):
        texts = {}
        for stage in ("graph", "ising"):
            first = self.lower(source, stage, *extra)
            again = self.folder / "again.ising"
            done = invoke("opt", first, "--verify-each", "-o", again)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(first.read_text(), again.read_text())
            texts[stage] = first
        done = invoke("opt", texts["graph"], "--pipeline", "lower-hamiltonian,split-independent", "--verify-each")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("stage ising", done.stdout)

    def test_digits(self):
        self.check(DIGITS / "digits.attn", "--weights", DIGITS / "digits.safetensors")
        self.check(DIGITS / "digits_mha.attn", "--weights", DIGITS / "digits_mha.safetensors")

    def test_random_programs(self):
        for seed in (1, 2, 3):
            text, _ = program_text(*make_program(seed, 40))
            self.check(self.write("random.attn", text))

    def test_bad_text(self):
        text = self.lower(DIGITS / "digits.attn", "ising", "--weights", DIGITS / "digits.safetensors").read_bytes()
        broken = self.folder / "broken.ising"
        for length in range(0, len(text) - 2, max(1, len(text) // 60)):
            broken.write_bytes(text[:length])
            self.assertEqual(invoke("opt", broken).returncode, 1, f"cut after {length} bytes")
        for what in (b"", b"isinglass 99\n", b"\x00" * 100, text.replace(b"stage ising", b"stage graph"),
                     text.replace(b" anneal ", b" unheal ")):
            broken.write_bytes(what)
            self.assertEqual(invoke("opt", broken).returncode, 1)
        self.assertIn(invoke("opt", broken, "--pipeline", "nobody").returncode, (1, 2))


if __name__ == "__main__":
    unittest.main()
