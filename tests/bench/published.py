"""published.py - figures measured before, on a machine of 2 cores with AVX-512, in CPU time of one thread: the best of the general
solvers that people use, each tuned. They serve as scale; what counts is the ratio to the yardstick within one run.

A point is (solver, seconds, gap); figures go by the names of measures (measure.py).
"""

FIGURES = {
    "a": {"time to the best known, 99 %": ("tabu search", 0.570), "attempts a second": ("annealing", 106e6)},
    "b": {"time to the best known, 99 %": ("annealing", 0.022), "attempts a second": ("annealing", 37e6)},
    "c": {},
    "d": {"attempts a second": ("a dense annealer", 7e6), "E / n^1.5 at 0.3 s": ("a dense annealer", -0.7524)},
    "e-G1": {"time to a mean cut of 11605": ("annealing", 0.0075)},
    "e-G22": {"time to a mean cut of 13354": ("annealing", 0.059), "attempts a second": ("annealing", 101e6)},
    "e-G43": {"time to a mean cut of 6659": ("annealing", 0.031)},
    "layer": {"forward, wall time": ("a GPU solver, at a gap of 50 %", 1.284)},
}

# Energies of single points, for the picture: (solver, seconds, of what, value).
POINTS = {
    "a": [("best of the general solvers", 0.003, "gap", 0.022)],
    "d": [("dSB", 9.3, "density", -0.7593), ("annealing", 4.7, "density", -0.7574), ("dense annealer", 0.29, "density", -0.7524)],
    "e-G1": [("annealing", 0.0075, "cut", 11605)],
    "e-G22": [("annealing", 0.059, "cut", 13354)],
    "e-G43": [("annealing", 0.031, "cut", 6659)],
}
