"""solvers.py - the two sides of the bench: ours (bench_solver, solver.c) and the yardstick (yardstick.c), asked alike.

Each runs on a set of problems and returns what it took and found. Seconds are CPU time, of one thread, of one problem.
"""

import ctypes
import dataclasses
import math
import os
import pathlib
import subprocess
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
DOUBLE, FLOAT, WHOLE = 0, 1, 2


@dataclasses.dataclass
class Run:
    seconds: float  # CPU, a problem
    energies: np.ndarray  # [problem], by Problem.energy
    attempts: float  # spins looked at, a problem
    reported: float = float("nan")  # the mean energy that the solver itself states
    overhead: float = 0.0  # seconds of CPU, a problem, that `seconds` leaves out: coefficients and readout


class Failed(RuntimeError):
    """A solver ended without an answer."""


# ---- ours ----------------------------------------------------------------------------------------


class Ours:
    """One bench_solver process; what it holds was compiled or read before the first run."""

    name = "isinglass"

    def __init__(self, program, arguments, problems, folder, cores=None):
        self.problems, self.states = problems, pathlib.Path(folder) / "states"
        pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        self.process = subprocess.Popen([str(program), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=pin)
        self.expect("ready")

    def expect(self, wanted=None):
        line = self.process.stdout.readline().strip()
        if not line or (wanted and line != wanted):
            raise Failed(f"bench_solver ended with status {self.process.wait()}")
        return line

    def ask(self, request):
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return [float(x) for x in self.expect().split()]

    def call(self, reads, sweeps, seed, threads=1, states="-"):
        """-> CPU, wall, seconds of coefficients, of annealing, attempts, mean energy."""
        return self.ask(f"run {reads} {sweeps} {seed} {threads} {states}")

    def run(self, reads, sweeps, seed):
        cpu, wall, _, anneal, attempts, reported = self.call(reads, sweeps, seed, states=self.states)
        count = len(self.problems)
        states = np.fromfile(self.states, np.int8).reshape(count, -1)
        states = np.where(states > 0, 1, -1)
        energies = np.array([p.energy(s) for p, s in zip(self.problems, states)])
        annealing = cpu * min(anneal / wall, 1.0)
        return Run(annealing / count, energies, attempts / count, reported, (cpu - annealing) / count)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


# ---- the yardstick -------------------------------------------------------------------------------


@dataclasses.dataclass
class Ladder:
    """Temperatures in units of the problem's typical energy change."""

    hot: float
    cold: float
    linear: bool  # in 1/T; else geometric


def compile_yardstick(folder):
    library = pathlib.Path(folder) / "yardstick.so"
    command = [os.environ.get("CC", "gcc"), "-std=gnu11", "-O3", "-march=native", "-shared", "-fPIC", "-Wall", "-Wextra",
               str(HERE / "yardstick.c"), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    y = ctypes.CDLL(str(library))
    y.yardstick_open.restype = ctypes.c_void_p
    y.yardstick_open.argtypes = [ctypes.c_int32, ctypes.c_int64] + [ctypes.c_void_p] * 4
    y.yardstick_close.argtypes = [ctypes.c_void_p]
    y.yardstick_run.restype = ctypes.c_double
    y.yardstick_run.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_double, ctypes.c_double, ctypes.c_int32,
                                ctypes.c_uint64, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64)]
    return y


class Yardstick:
    """ladders: sweeps -> Ladder; a run takes that of the nearest number of sweeps."""

    name = "yardstick"

    def __init__(self, library, problems, number, ladders):
        self.library, self.problems, self.number, self.ladders = library, problems, number, ladders
        self.typical = [p.typical_change() for p in problems]
        self.handles = [self.open(p) for p in problems]

    def open(self, p):
        arrays = [np.ascontiguousarray(a, t) for a, t in ((p.row_start, np.int64), (p.neighbour, np.int32),
                                                         (p.coupling, np.float64), (p.field, np.float64))]
        handle = self.library.yardstick_open(self.number, p.spins, *(a.ctypes.data for a in arrays))
        if not handle:
            raise Failed("the yardstick has no memory")
        return handle

    def ladder(self, sweeps):
        return self.ladders[min(self.ladders, key=lambda s: abs(np.log(s / sweeps)))]

    def anneal(self, which, sweeps, seed, ladder=None):
        """-> seconds, energy, flips."""
        ladder = ladder or self.ladder(sweeps)
        p, typical = self.problems[which], self.typical[which]
        state, flips = np.empty(p.spins, np.int8), ctypes.c_int64()
        seconds = self.library.yardstick_run(self.handles[which], sweeps, 1 / (ladder.hot * typical), 1 / (ladder.cold * typical),
                                             ladder.linear, seed, state.ctypes.data, flips)
        return seconds, p.energy(state), flips.value

    def run(self, reads, sweeps, seed):
        seconds, best = 0.0, np.full(len(self.problems), np.inf)
        for which in range(len(self.problems)):
            for read in range(reads):
                took, energy, _ = self.anneal(which, sweeps, (seed * 1000003 + which) * 1009 + read)
                seconds += took
                best[which] = min(best[which], energy)
        count = len(self.problems)
        return Run(seconds / count, best, float(np.mean([p.spins for p in self.problems])) * reads * sweeps)

    def close(self):
        for handle in self.handles:
            self.library.yardstick_close(handle)


# ---- the yardstick's ladder ----------------------------------------------------------------------

HOT = (0.8, 0.4, 0.2, 0.1, 0.05)
COLD = (0.1, 0.05, 0.025, 0.012, 0.006, 0.003)
SEARCH_PROBLEMS, SEARCH_TRIES, SEARCH_SECONDS = 16, 16, 0.1


def key_of(ladder):
    return round(math.log2(ladder.hot) * 2), round(math.log2(ladder.cold) * 2), ladder.linear


def climb(best, score):
    """By steps of a factor and of its root at either end, or to the other form, until none is better."""
    while True:
        steps = [(h, c) for f in (2, 2 ** 0.5) for h in (1 / f, 1, f) for c in (1 / f, 1, f)]
        near = [Ladder(best.hot * h, best.cold * c, best.linear) for h, c in steps]
        near.append(Ladder(best.hot, best.cold, not best.linear))
        better = min((n for n in near if n.cold < n.hot), key=score)
        if score(better) >= score(best):
            return best
        best = better


def search_ladder(solver, sweeps, start=None):
    """The ladder of the lowest mean energy at so many sweeps: the best of a grid, or `start`, improved step by step. All
    ladders get the same seeds, as many as fit into a time."""
    known, count = {}, min(len(solver.problems), SEARCH_PROBLEMS)
    once = sum(solver.anneal(which, sweeps, 1, start or Ladder(0.2, 0.025, False))[0] for which in range(count))
    tries = min(SEARCH_TRIES, max(1, round(SEARCH_SECONDS / once)))

    def score(ladder):
        key = key_of(ladder)
        if key not in known:
            known[key] = np.mean([solver.anneal(which, sweeps, 7919 * t + which + 1, ladder)[1]
                                  for which in range(count) for t in range(tries)])
        return known[key]

    grid = [Ladder(hot, cold, linear) for hot in HOT for cold in COLD if cold < hot for linear in (False, True)]
    return climb(start or min(grid, key=score), score)


def fastest_number(library, problems, ladder, sweeps):
    """Whole numbers where the problem has them; else float or double, whichever is faster."""
    if problems[0].whole:
        return WHOLE
    took = {}
    for number in (DOUBLE, FLOAT):
        solver = Yardstick(library, problems[:1], number, {1: ladder})
        took[number] = min(solver.anneal(0, sweeps, seed)[0] for seed in range(3))
        solver.close()
    return min(took, key=took.get)
