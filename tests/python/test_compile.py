"""test_compile.py - compiled programs in files: equal to `isg run` bit for bit, on every processor that can run here, and on
aarch64 by emulation; opened from Python next to NumPy; the runtime free of LLVM; damaged and foreign files refused."""

import ctypes
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import unittest

import numpy as np

from common import QUICK, ROOT, Case, invoke, isg_path

ISGRUN = isg_path().parent / "isgrun"
LIBRARY = isg_path().parent.parent / "lib" / "libisinglass.so"
DIGITS = ROOT / "examples" / "digits"
GIVEN = """\
# Couplings and fields given outright, so that every processor starts from the same numbers.
hamiltonian given(J: f32[T, N, N], h: f32[T, N]) {
  index t, u in T;
  index i, j in N;
  spin  x[t, i] in {0, 1};
  minimize sum[t, i, j : i < j] J[t, i, j] * x[t, i] * x[t, j] + sum[t, i] h[t, i] * x[t, i]
           + 1.25 * sum[t, u, i : t < u] x[t, i] * x[u, i];
  return chosen[t, i] = x[t, i];
}
hamiltonian glass(J: f32[N, N]) {
  index i, j in N;
  spin  s[i] in {-1, 1};
  minimize sum[i, j : i < j] J[i, j] * s[i] * s[j] + 0.5 * s[0] - 0.25 * s[1] * s[2];
  return chosen[i] = s[i];
}
model heads { input J: f32[8, 17, 17]; input h: f32[8, 17]; output chosen = given(J, h); }
model dense { input J: f32[65, 65]; output chosen = glass(J); }
"""
SAMPLES = 3
MARK = 24  # bytes behind a shared object that say it is whole


def run_program(path, *arguments, **options):
    return subprocess.run([ISGRUN, path, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=300, **options)


def tool(*names):
    """The first of these programs that is there, or None."""
    return next((found for found in map(shutil.which, names) if found), None)


def sanitized():
    return b"__asan_init" in ISGRUN.read_bytes()


class Programs(Case):
    """What the cases share."""

    def compile(self, name, model, out, *arguments):
        done = invoke("compile", model, "-o", self.folder / out, *arguments)
        self.assertEqual(done.returncode, 0, f"{name}: {done.stderr}")
        return self.folder / out

    def safetensors(self, name, tensors):
        about, data = {}, b""
        for key, array in tensors.items():
            about[key] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
            data += array.tobytes()
        text = json.dumps(about).encode()
        path = self.folder / name
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)
        return path

    def inputs(self, model):
        random = np.random.default_rng(5)
        shapes = {"heads": {"J": (8, 17, 17), "h": (8, 17)}, "dense": {"J": (65, 65)}}[model]
        return {name: random.normal(size=(SAMPLES, *shape)).astype(np.float32) for name, shape in shapes.items()}

    def given(self, model):
        """Its source, inputs and options, and what `isg run` gives for them."""
        source, options = self.write("given.attn", GIVEN), ["--seed", 9, "--reads", 2, "--sweeps", 40, "-q"]
        inputs = self.inputs(model)
        for name, array in inputs.items():
            options += ["--input", f"{name}={self.save(f'{name}.npy', array)}"]
        done = invoke("run", source, "--model", model, *options, "--output", f"chosen={self.folder / 'jit.npy'}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return source, inputs, options, (self.folder / "jit.npy").read_bytes()


class Compile(Programs):
    def test_same_bits_on_all_processors(self):
        for model in ("heads", "dense"):
            source, _, options, expected = self.given(model)
            ran = 0
            for target in ("native", "native-x86-64", "native-x86-64-v2", "native-x86-64-v3", "native-x86-64-v4"):
                program = self.compile(target, source, f"{model}.so", "--model", model, "--target", target)
                done = run_program(program, *options, "--output", f"chosen={self.folder / 'out.npy'}")
                if done.returncode == 1 and "needs the processor feature" in done.stderr:
                    continue
                if done.returncode == 1 and "another processor" in done.stderr and target != "native":
                    continue
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual((self.folder / "out.npy").read_bytes(), expected, f"{model} on {target}")
                ran += 1
            self.assertGreater(ran, 0)

    def test_aarch64_by_emulation(self):
        emulator, linker = tool("qemu-aarch64", "qemu-aarch64-static"), tool("ld.lld-19", "ld.lld")
        if not emulator or not linker or not pathlib.Path("/usr/aarch64-linux-gnu/lib/libc.a").exists():
            self.skipTest("no emulator or C library for aarch64")
        sources = [p for p in sorted((ROOT / "runtime").rglob("*.c")) if not re.search("cblas|jansson", p.read_text())]
        objects = self.folder / "runtime"
        objects.mkdir()
        compiler = ["clang-19", "--target=aarch64-linux-gnu", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-ffp-contract=off", "-w",
                    "-DLANE_LEVEL=base", f"-I{ROOT}"]
        subprocess.run([*compiler, "-c", ROOT / "tests" / "cross" / "harness.c", *sources], cwd=objects, check=True)
        for model in ("heads", "dense"):
            source, inputs, _, expected = self.given(model)
            program = self.compile("aarch64", source, f"{model}.o", "--model", model, "--target", "native-aarch64")
            harness = self.folder / "harness"
            subprocess.run([*compiler, f"-fuse-ld={linker}", "-static", program, *objects.glob("*.o"), "-o", harness, "-lm",
                            "-lpthread"], check=True)
            done = subprocess.run([emulator, harness, str(SAMPLES), "9", "2", "40"], capture_output=True, timeout=300,
                                  input=b"".join(array.tobytes() for array in inputs.values()))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout, expected[-len(done.stdout):], model)
            self.assertGreater(len(done.stdout), SAMPLES * 4)

    def test_digits_jit_and_file_agree(self):
        patches = np.load(DIGITS / "patches.npy")[:9]
        given = ["--input", f"patches={self.save('patches.npy', patches)}", "--reads", 2, "-q"]
        weights = ["--weights", DIGITS / "digits.safetensors"]
        done = invoke("run", DIGITS / "digits.attn", *weights, *given, "--output", f"logits={self.folder / 'jit.npy'}")
        self.assertEqual(done.returncode, 0, done.stderr)
        program = self.compile("digits", DIGITS / "digits.attn", "digits.so", *weights)
        done = run_program(program, *given, "--output", f"logits={self.folder / 'out.npy'}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "out.npy").read_bytes(), (self.folder / "jit.npy").read_bytes())

    def test_weights_given_to_the_run(self):
        source = self.write("scaled.attn", "model scaled {\n  param @layer.weight: f32[2, 3];\n  param @layer.bias: f32[2];\n"
                                           "  input x: f32[3];\n  output y = linear(x, @layer);\n}\n")
        program = self.compile("scaled", source, "scaled.so")
        weights = {"layer.weight": np.array([[1, 2, 3], [4, 5, 6]], "<f4"), "layer.bias": np.array([0.5, -3], "<f4")}
        x = self.save("x.npy", np.array([[1, 1, 2], [0, 1, 0]], np.float32))
        given = ["--input", f"x={x}", "-q"]
        done = run_program(program, *given, "--weights", self.safetensors("w.safetensors", weights))
        self.assertEqual(done.stdout.split(), "[[9.5, 18], [2.5, 2]]".replace("], [", "],\n [").split(), done.stderr)
        refused = run_program(program, *given)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("the weights have no parameter 'layer.weight'", refused.stderr)
        short = run_program(program, *given, "--weights", self.safetensors("s.safetensors", {**weights, "layer.bias": np.zeros(3, "<f4")}))
        self.assertEqual(short.returncode, 1)
        self.assertIn("parameter 'layer.bias' has shape [3] in the weights; the program needs [2]", short.stderr)

    def test_needs_the_c_library_alone(self):
        program = self.compile("digits", DIGITS / "digits.attn", "digits.so", "--weights", DIGITS / "digits.safetensors")
        listed = subprocess.run(["llvm-nm-19", "-D", program], capture_output=True, text=True, check=True).stdout
        undefined = {line.split()[-1].split("@")[0] for line in listed.splitlines() if " U " in line}
        self.assertLessEqual(undefined, {"memcpy", "memset", "memmove", "erff", "expf", "tanhf", "exp", "log", "tanh"})
        defined = [line.split()[-1] for line in listed.splitlines() if " U " not in line]
        self.assertEqual(defined, ["isg_program_record"])

    def test_runtime_has_no_compiler(self):
        for path in (ISGRUN, LIBRARY):
            needed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
            self.assertNotIn("LLVM", needed)
            symbols = subprocess.run(["llvm-nm-19", path], capture_output=True, text=True, check=True).stdout
            self.assertNotIn("LLVM", symbols)
        shown = subprocess.run(["llvm-nm-19", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True).stdout
        names = {line.split()[-1] for line in shown.splitlines()}
        self.assertEqual({n for n in names if not n.startswith("isg_")} - {"_init", "_fini"}, set())
        self.assertLessEqual({"isg_open", "isg_open_with_weights", "isg_run", "isg_close", "isg_cancel"}, names)


class Status(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 1024)]


class Tensor(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int), ("rank", ctypes.c_int), ("shape", ctypes.c_int64 * 8), ("strides", ctypes.c_int64 * 8),
                ("data", ctypes.c_void_p)]


class Named(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("tensor", Tensor)]


def named(name, array):
    t = Tensor(0, array.ndim, (ctypes.c_int64 * 8)(*array.shape), (ctypes.c_int64 * 8)(*array.strides), array.ctypes.data)
    return Named(name, t)


class Shared(Programs):
    """libisinglass.so in a process that has NumPy."""

    def test_from_python(self):
        if sanitized():
            self.skipTest("the sanitizer's runtime would have to come first")
        source, inputs, _, expected = self.given("heads")
        program = self.compile("heads", source, "heads.so", "--model", "heads")
        library = ctypes.CDLL(str(LIBRARY))
        handle, error = ctypes.c_void_p(), Status()
        self.assertEqual(library.isg_open(str(program).encode(), None, None, ctypes.byref(handle), ctypes.byref(error)), 0,
                         error.message)
        given = (Named * 2)(named(b"J", inputs["J"]), named(b"h", inputs["h"]))
        chosen = np.zeros((SAMPLES, 8, 17), np.float32)
        wanted = (Named * 1)(named(b"chosen", chosen))
        options = struct.pack("=iiiiQqQQ", 0, 2, 40, 1, 9, 0, 0, 0)  # isg_run_options
        run = library.isg_run
        run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p,
                        ctypes.c_void_p, ctypes.c_void_p]
        self.assertEqual(run(handle, given, 2, wanted, 1, options, None, ctypes.byref(error)), 0, error.message)
        library.isg_close(handle)
        self.assertEqual(chosen.tobytes(), expected[-chosen.nbytes:])
        self.assertTrue(np.allclose(np.ones((3, 3)) @ np.ones((3, 3)), 3))


class Damaged(Programs):
    """Programs cut off, changed in a byte, and of other versions and processors: refused before any call."""

    def test_truncated_and_changed(self):
        source, _, options, expected = self.given("heads")
        program = self.compile("heads", source, "heads.so", "--model", "heads")
        whole = program.read_bytes()
        random = np.random.default_rng(3)
        cuts = sorted({int(c) for c in random.integers(0, len(whole) - MARK, 6 if QUICK else 24)} | {0, 3, 63, 64, len(whole) - MARK - 1})
        for cut in cuts:
            program.write_bytes(whole[:cut])
            done = run_program(program, *options)
            self.assertEqual(done.returncode, 1, f"cut to {cut} of {len(whole)}: {done.stderr}")
            self.assertRegex(done.stderr, "cut off|not a compiled program")
        for place in random.integers(64, len(whole) - MARK, 6 if QUICK else 24):
            changed = bytearray(whole)
            changed[place] ^= 1 << random.integers(0, 8)
            program.write_bytes(changed)
            done = run_program(program, *options)
            self.assertEqual(done.returncode, 1, f"byte {place} changed: {done.stderr}")
            self.assertIn("the shared object is damaged", done.stderr)
        whole = whole[:-MARK]  # as if linked by hand, so that the record itself is looked at
        at = whole.index(struct.pack("<Q", 0x31474C4953475349))  # the record begins with its magic
        for offset, reason in ((0, "stamp"), (8, "version"), (12, "layout"), (16, "layout"), (20, "layout")):
            changed = bytearray(whole)
            changed[at + offset] ^= 0x40
            program.write_bytes(changed)
            done = run_program(program, *options)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(reason, done.stderr)
        program.write_bytes(whole)
        done = run_program(program, *options, "--output", f"chosen={self.folder / 'out.npy'}")
        self.assertEqual((done.returncode, (self.folder / "out.npy").read_bytes()), (0, expected), done.stderr)
        foreign = self.compile("aarch64", source, "foreign.so", "--model", "heads", "--target", "native-aarch64") \
            if tool("ld.lld-19", "ld.lld") and os.uname().machine == "x86_64" else None
        if foreign:
            self.assertIn("another processor", run_program(foreign, *options).stderr)


if __name__ == "__main__":
    unittest.main()
