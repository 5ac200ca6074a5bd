"""measure.py - runs both sides of a class in turn on one core, and what is stated of it: medians and ranges over repeats.

A setting is a number of sweeps in one read, or, of ours, in as many as the class says. Its record: seconds, gap and success, one
number each a repeat. The gap is of the mean over problems and tries, (best known - energy) / |best known|; success the share that
came within 1e-6 of it. Best known is the lowest energy that any run of any solver found, the long ones made for it included.
"""

import math

import numpy as np

from solvers import FLOAT, WHOLE, Ladder, Ours, Yardstick, fastest_number, search_ladder

MOST_SWEEPS = 1 << 24
SAME = 1e-6  # relative; sums of float64 in another order, or of another route


class Records:
    """Energies of one solver: setting -> repeat -> (seconds, energies [try, problem], attempts, reported)."""

    def __init__(self, solver):
        self.solver, self.runs, self.full = solver, {}, {}

    def run(self, setting, repeat, tries, most=0):
        """Makes it so many tries; a repeat has seeds for `most`. -> their mean seconds."""
        runs = self.runs.setdefault(setting, {}).setdefault(repeat, [])
        for t in range(len(runs), tries):
            runs.append(self.solver.run(*setting, 1 + repeat * max(tries, most) + t))
        return sum(r.seconds for r in runs) / len(runs)

    def seconds(self, setting):
        return [float(np.mean([r.seconds for r in runs])) for runs in self.runs[setting].values()]

    def energies(self, setting):
        """[repeat][try, problem]."""
        return [np.array([r.energies for r in runs]) for runs in self.runs[setting].values()]

    def attempts(self, setting):
        """A second, of each repeat."""
        return [float(sum(r.attempts for r in runs) / sum(r.seconds for r in runs)) for runs in self.runs[setting].values()]


def tries_of(c, seconds):
    """Of a setting: short runs, whose mean would be uncertain, get more of them."""
    return max(c.tries, min(c.most_tries, int(c.try_seconds / seconds)))


def explore(c, sides, most):
    """The first repeat: doubles each side's sweeps until a run has taken its time. -> {side: [(setting, tries)]}."""
    plan, going = {side: [] for side in sides}, set(sides)
    while going:
        for side in [s for s in sides if s in going]:
            setting = (c.reads if side is sides[1] else 1, c.least_sweeps << len(plan[side]))
            seconds = side.run(setting, 0, c.tries, c.most_tries)
            plan[side].append((setting, tries_of(c, seconds)))
            side.run(setting, 0, plan[side][-1][1], c.most_tries)
            if seconds > most[side] or setting[1] >= MOST_SWEEPS:
                going.remove(side)
    return plan


def alternate(c, ours, yardstick, repeats):
    """All settings of both, in turn; the same settings in every repeat. Ours at default effort as well, where reads are many."""
    plan = explore(c, (yardstick, ours), {yardstick: c.most_yardstick, ours: c.most_ours})
    ours.run((0, 0), 0, 1)
    for repeat in range(1, repeats):
        for k in range(max(map(len, plan.values()))):
            for side in (yardstick, ours):
                if k < len(plan[side]):
                    setting, tries = plan[side][k]
                    side.run(setting, repeat, tries, c.most_tries)
        ours.run((0, 0), repeat, 1)


def long_runs(c, ours, yardstick, long_seconds):
    """[problem], the lowest energies of long runs; long_seconds of ours, spread over reads, where the class leaves it open."""
    best = np.full(len(c.problems), np.inf)
    for reads, sweeps, runs in c.long_ours:
        if not sweeps:
            sweeps = 1000
            reads = max(1, int(long_seconds / ours.solver.run(1, sweeps, 90).seconds))
        for seed in range(runs):
            best = np.minimum(best, ours.solver.run(reads, sweeps, 100 + seed).energies)
    reads, sweeps, runs = c.long_yardstick
    for seed in range(runs):
        best = np.minimum(best, yardstick.solver.run(reads, sweeps, 100 + seed).energies)
    return best


def lowest(records):
    """[problem], of all runs."""
    return np.min([e.min(0) for setting in records.runs for e in records.energies(setting)], 0)


# ---- figures -------------------------------------------------------------------------------------


def spread(values):
    values = [v for v in values if v is not None]
    if not values:
        return None
    return {"median": float(np.median(values)), "least": float(min(values)), "most": float(max(values))}


def ratio(ours, yardstick, higher=False):
    """How many times better ours is, repeat by repeat."""
    pairs = [(o, y) for o, y in zip(ours, yardstick) if o is not None and y is not None and o and y]
    pairs = [(o, y) for o, y in pairs if not (math.isinf(o) and math.isinf(y))]
    return spread([o / y if higher else y / o for o, y in pairs])


def to_solution(seconds, success):
    """Of runs that each succeed with this probability, until one has with 99 %."""
    if success <= 0:
        return math.inf
    return seconds * (max(1.0, math.log(0.01) / math.log1p(-success)) if success < 1 else 1.0)


def reach(curve, level):
    """The CPU time at which a curve [(seconds, value)] has come down to a level: between settings in the logarithm of time."""
    best = None
    for (t0, v0), (t1, v1) in zip([(None, None), *curve], curve):
        if v1 <= level:
            t = t1 if t0 is None or v0 <= level else math.exp(math.log(t0) + (math.log(t1) - math.log(t0)) * (v0 - level) / (v0 - v1))
            best = t if best is None else min(best, t)
    return best


class Measures:
    """What is stated of a class, once it has run."""

    def __init__(self, c, sides, best):
        self.c, self.sides, self.best = c, sides, best  # sides: {"ours": Records, "yardstick": Records}
        self.table = {name: self.side(records) for name, records in sides.items()}
        self.rows = []

    def gap(self, energies):
        """Of [try, problem]: the mean."""
        return float(np.mean((energies - self.best) / np.abs(self.best)))

    def success(self, energies):
        return float(np.mean(energies - self.best <= SAME * np.abs(self.best)))

    def side(self, records):
        table = []
        for setting in records.runs:
            energies = records.energies(setting)
            table.append({"reads": setting[0], "sweeps": setting[1], "seconds": records.seconds(setting),
                          "attempts_per_second": records.attempts(setting), "gap": [self.gap(e) for e in energies],
                          "success": [self.success(e) for e in energies], "energy": [float(np.mean(e)) for e in energies]})
        return table

    def curve(self, name, repeat, value="gap"):
        return sorted((row["seconds"][repeat], row[value][repeat]) for row in self.table[name] if row["sweeps"])

    def repeats(self):
        return range(len(self.table["ours"][0]["seconds"]))

    def add(self, name, figures, unit, higher=False):
        """figures: {"ours": [repeat], "yardstick": [repeat]}."""
        self.rows.append({"measure": name, "unit": unit, "ours": spread(figures["ours"]), "yardstick": spread(figures["yardstick"]),
                          "ratio": None if unit in ("share", "energy") else ratio(figures["ours"], figures["yardstick"], higher)})

    def solution(self):
        """The setting of the lowest median for each side, its figures in each repeat."""
        figures = {}
        for name, table in self.table.items():
            times = [[to_solution(s, p) for s, p in zip(row["seconds"], row["success"])] for row in table if row["sweeps"]]
            figures[name] = min(times, key=lambda t: (np.median(t), np.mean(t)))
        self.add("time to the best known, 99 %", figures, "s")

    def gap_at(self, seconds):
        figures = {name: [min((v for t, v in self.curve(name, r) if t <= seconds), default=None) for r in self.repeats()]
                   for name in self.table}
        self.add(f"gap after {1000 * seconds:g} ms", figures, "share")

    def gap_to(self, gap):
        figures = {name: [reach(self.curve(name, r), gap) for r in self.repeats()] for name in self.table}
        self.add(f"time to a gap of {100 * gap:g} %", figures, "s")

    def cut_to(self, cut):
        level = self.c.weight - 2 * cut
        figures = {name: [reach(self.curve(name, r, "energy"), level) for r in self.repeats()] for name in self.table}
        self.add(f"time to a mean cut of {cut}", figures, "s")

    def density(self, seconds=0.3):
        scale = self.c.problems[0].spins ** 1.5
        figures = {name: [min((v / scale for t, v in self.curve(name, r, "energy") if t <= seconds), default=None)
                          for r in self.repeats()] for name in self.table}
        self.add(f"E / n^1.5 at {seconds:g} s", figures, "energy")

    def attempts(self):
        """At the settings nearest 1,000 sweeps, each on its own ladder."""
        figures = {}
        for name, table in self.table.items():
            row = min((row for row in table if row["sweeps"]), key=lambda row: abs(math.log(row["sweeps"] / 1000)))
            figures[name] = row["attempts_per_second"]
        self.add("attempts a second", figures, "/s", higher=True)

    def all(self):
        if self.c.solution:
            self.solution()
        for seconds in self.c.gap_at:
            self.gap_at(seconds)
        for gap in self.c.gap_to:
            self.gap_to(gap)
        if self.c.cut:
            self.cut_to(self.c.cut)
        if self.c.density:
            self.density()
        self.attempts()
        return self.rows


# ---- a class -------------------------------------------------------------------------------------


def consistent(c, ours):
    """The largest relative difference between the mean energy that ours reports and that of its states evaluated here."""
    worst = 0.0
    for runs in (runs for by_repeat in ours.runs.values() for runs in by_repeat.values()):
        for r in runs:
            mean = float(np.mean(r.energies))
            worst = max(worst, abs(r.reported - mean) / max(abs(mean), 1e-30))
    return worst


def tune(c, library):
    """{"number": type of number, "ladders": {sweeps: Ladder}} by search."""
    number = WHOLE if c.problems[0].whole else FLOAT
    solver = Yardstick(library, c.problems, number, {1: Ladder(0.4, 0.05, False)})
    ladders, last = {}, None
    for sweeps in sorted(c.search):
        ladders[sweeps] = last = search_ladder(solver, sweeps, last)
    solver.close()
    return {"number": fastest_number(library, c.problems, ladders[c.search[0]], c.search[0]), "ladders": ladders}


def run_class(c, program, library, tuned, folder, core, repeats, long_seconds):
    """The result of a class as JSON has it."""
    ours = Records(Ours(program, c.arguments, c.problems, folder, {core}))
    yardstick = Records(Yardstick(library, c.problems, tuned["number"], tuned["ladders"]))
    alternate(c, ours, yardstick, repeats)
    best = long_runs(c, ours, yardstick, long_seconds)
    for records in (ours, yardstick):
        best = np.minimum(best, lowest(records))
    sides = {"ours": ours, "yardstick": yardstick}
    measures = Measures(c, sides, best)
    result = {"title": c.title, "problems": len(c.problems), "spins": c.problems[0].spins, "tries": c.tries, "repeats": repeats,
              "weight": c.weight, "best_known": best.tolist(), "measures": measures.all(), "solvers": measures.table,
              "energy_mismatch": consistent(c, ours),
              "yardstick": {"number": ("double", "float", "integer")[tuned["number"]],
                            "ladders": {str(s): vars(x) for s, x in tuned["ladders"].items()}}}
    ours.solver.close()
    yardstick.solver.close()
    return result
