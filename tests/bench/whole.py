"""whole.py - figures of whole calls: the reference layer's workload, and the rate of the coefficients."""

import os

import numpy as np

import problems as make
from classes import HEAD, save_inputs, write_model
from measure import spread
from solvers import Ours

LAYER_GAP = 0.01  # that the layer's spins may be above the best known
READS = 16  # annealed side by side


def seconds_of(process, setting, threads, repeats, seed=1):
    """-> [wall], [CPU], mean energy."""
    runs = [process.call(*setting, seed + r, threads) for r in range(repeats)]
    return [r[1] for r in runs], [r[0] for r in runs], float(np.mean([r[5] for r in runs]))


def run_layer(program, folder, quick, repeats):
    """Batch 128, 8 heads, 49 tokens on 2 threads: coefficients, annealing and readout, at the fewest sweeps of sixteen reads that
    end within LAYER_GAP of the best known, and at default effort."""
    batch, heads, tokens = (4, 2, 8) if quick else (128, 8, 49)
    arrays = make.qama_inputs(1, batch, heads, tokens, 64 if quick else 512, HEAD)
    source, files = write_model(folder, "layer", heads, tokens, "y"), save_inputs(folder, "layer", arrays, batch)
    process = Ours(program, ["model", source, "-", "y", *files], [], folder, os.sched_getaffinity(0))
    best = process.call(16, 50 if quick else 1000, 7, 2)[5]
    rows, sweeps = [], 1
    while True:
        wall, cpu, energy = seconds_of(process, (READS, sweeps), 2, repeats)
        rows.append({"reads": READS, "sweeps": sweeps, "wall": wall, "cpu": cpu, "energy": energy})
        if sweeps >= 4096 or max(wall) > 2 or (rows and energy - best < LAYER_GAP / 10 * abs(best)):
            break
        sweeps *= 2
    wall, cpu, energy = seconds_of(process, (0, 0), 2, repeats)
    rows.append({"reads": 0, "sweeps": 0, "wall": wall, "cpu": cpu, "energy": energy})
    process.close()
    best = min([best] + [row["energy"] for row in rows])
    for row in rows:
        row["gap"] = (row["energy"] - best) / abs(best)
    return {"title": f"the layer: batch {batch}, {heads} heads, {tokens} tokens, 2 threads", "settings": rows,
            "best_known_mean": best}


def layer_rows(result):
    """[(what, spread of wall seconds, gap)]."""
    within = [row for row in result["settings"] if row["sweeps"] and row["gap"] <= LAYER_GAP]
    rows = []
    if within:
        row = min(within, key=lambda row: np.median(row["wall"]))
        rows.append((f"forward, wall time ({READS} reads of {row['sweeps']} sweeps)", spread(row["wall"]), row["gap"]))
    default = result["settings"][-1]
    rows.append(("forward, wall time (default effort)", spread(default["wall"]), default["gap"]))
    return rows


def run_coefficients(program, folder, quick, repeats):
    """CPU seconds of all of a Hamiltonian's coefficients against OpenBLAS's for the heads' products Q K^T alone, one thread; of
    each the least of three."""
    tokens, rows = 128 if quick else 2048, []
    for heads in (1,) if quick else (1, 8):
        arrays = make.qama_inputs(6, 1, heads, tokens, HEAD, HEAD)
        name = f"coefficients{heads}"
        source, files = write_model(folder, name, heads, tokens, "keys"), save_inputs(folder, name, arrays, 1)
        core = {min(os.sched_getaffinity(0))}
        process = Ours(program, ["model", source, "-", "keys", *files], [], folder, core)
        ours, products = [], []
        process.call(1, 1, 1)
        for repeat in range(repeats):
            products.append(heads * process.ask(f"product {tokens} {tokens} {HEAD} 3")[0])
            ours.append(process.ask("coefficients 3")[0])
        process.close()
        work = 2.0 * heads * tokens * tokens * HEAD
        rows.append({"heads": heads, "tokens": tokens, "seconds": ours, "openblas_seconds": products,
                     "rate": spread([work / s for s in ours]), "openblas_rate": spread([work / s for s in products]),
                     "share": spread([p / s for p, s in zip(products, ours)])})
    return rows
