"""common.py - what the Python tests share: finding and running isg, arrays on disk, the folders of test data."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "tests" / "goldens"
SHARED = pathlib.Path(os.environ.get("ISG_SHARED", ROOT.parent / "shared"))
FULL = os.environ.get("ISG_TEST_FULL", "") not in ("", "0")  # everything, however long it takes
QUICK = os.environ.get("ISG_TEST_QUICK", "") not in ("", "0")  # a reduced suite, for instrumented builds


def isg_path():
    """The compiler under test: $ISG, or that of the default build folder."""
    return pathlib.Path(os.environ.get("ISG", ROOT / "build" / "bin" / "isg")).resolve()


def invoke(*arguments, timeout=600, **options):
    """Runs isg and returns the finished process, text captured."""
    command = [str(isg_path())] + [str(a) for a in arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout,
                          **options)


def heeds_interrupts(pid):
    """Whether the process catches SIGINT now; None: it has ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    caught = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught[0], 16) >> (signal.SIGINT - 1) & 1) if caught else None


@contextlib.contextmanager
def running(*arguments):
    """isg at work, killed in the end. It must not inherit that SIGINT is ignored, as background jobs do."""
    command = [str(isg_path())] + [str(a) for a in arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as child:
        try:
            yield child
        finally:
            child.kill()


def interrupt(seconds, *arguments, at_work=True):
    """Runs isg, sends it SIGINT so long after it has begun to heed that (or: after its start), and returns the finished process,
    text captured."""
    with running(*arguments) as child:
        while at_work and child.poll() is None and not heeds_interrupts(child.pid):
            time.sleep(0.01)
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        shown, said = child.communicate(timeout=60)
    return subprocess.CompletedProcess(child.args, child.returncode, shown, said)


def interrupt_twice(seconds, *arguments):
    """The same with a second SIGINT, while the work that the first left to do stands still. Returns the exit status, None where
    there was nothing left to do."""
    with running(*arguments) as child:
        while child.poll() is None and not heeds_interrupts(child.pid):
            time.sleep(0.01)
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        while heeds_interrupts(child.pid):
            pass
        child.send_signal(signal.SIGSTOP)
        if child.poll() is not None:
            return None
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGCONT)
        child.communicate(timeout=60)
    return child.returncode


class Failed(AssertionError):
    """isg ended with a status that the test did not expect."""


def run_model(source, inputs, outputs, folder, *extra, model=None, weights=None, timeout=600, tag="run"):
    """`isg run` on a file. inputs: name -> array with its batch axis; outputs: names wanted.
    Returns (name -> array, report)."""
    folder = pathlib.Path(folder)
    command = ["run", source]
    if model:
        command += ["--model", model]
    if weights:
        command += ["--weights", weights]
    for name, array in inputs.items():
        path = array
        if isinstance(array, np.ndarray):
            path = folder / f"{tag}-in-{name}.npy"
            np.save(path, array)
        command += ["--input", f"{name}={path}"]
    for name in outputs:
        command += ["--output", f"{name}={folder / f'{tag}-out-{name}.npy'}"]
    report = folder / f"{tag}-report.json"
    done = invoke(*command, "--report", report, *extra, timeout=timeout)
    if done.returncode != 0:
        raise Failed(f"isg ended with {done.returncode}: {' '.join(map(str, command))}\n{done.stderr[-4000:]}")
    arrays = {name: np.load(folder / f"{tag}-out-{name}.npy") for name in outputs}
    return arrays, json.loads(report.read_text())


class Case(unittest.TestCase):
    """A test with a temporary folder of its own, kept when $ISG_TEST_KEEP is set."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        if not isg_path().exists():
            raise unittest.SkipTest(f"{isg_path()} is not built")

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="isg-test-"))
        if not os.environ.get("ISG_TEST_KEEP"):
            self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def save(self, name, array):
        path = self.folder / name
        np.save(path, array)
        return path

    def close(self, got, expected, relative, scale=None, what=""):
        """|got - expected| <= relative * scale; scale: the largest |expected| unless given."""
        got, expected = np.asarray(got, float), np.asarray(expected, float)
        self.assertEqual(got.shape, expected.shape, what)
        if got.size == 0:
            return
        self.assertTrue(np.isfinite(got).all(), f"{what}: not finite")
        if scale is None:
            scale = max(np.abs(expected).max(), 1e-30)
        worst = np.abs(got - expected).max()
        self.assertLessEqual(worst, relative * scale, what)
