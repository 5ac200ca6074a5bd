"""test_random.py - random small Hamiltonians: what isg finds against every state, evaluated a second time.

10,000 Hamiltonians, 200 with ISG_TEST_QUICK=1; ISG_TEST_COUNT overrules. Also a
command: test_random.py [COUNT [FIRST_SEED]]. A failing program is kept whole, with its data, in failures/ of the build
folder, and the failing Hamiltonian alone beside it.
"""

import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

import numpy as np

from common import Case, Failed, QUICK, isg_path, run_model
from generate import make_program
from reference import program_text

A_FILE = 100
FIRST_SEED = 20250411
COUNT = int(os.environ.get("ISG_TEST_COUNT", 0)) or (200 if QUICK else 10000)


def compare(h, entry, got):
    """What is wrong with the answer to one Hamiltonian; None if nothing is."""
    if entry["name"] != h.name:
        return f"reported as {entry['name']}"
    if entry["spins"] != h.spins:
        return f"{entry['spins']} spins reported, not {h.spins}"
    energies, size = h.energies(h.states())
    lowest = energies.min()
    allowed = max(1e-9 * abs(lowest), 1e-13 * size)
    for key in ("energy_min", "energy_mean"):
        if not abs(entry[key] - lowest) <= allowed:
            return f"{key} is {entry[key]!r}, the minimum {lowest!r} (off by {abs(entry[key] - lowest):.3g}, allowed {allowed:.3g})"
    values = {}
    for array in h.arrays:
        state = got[array.name]
        if state.shape != (1, *array.shape):
            return f"{array.name} has the shape {state.shape}"
        if not np.isin(state, (array.lowest, 1)).all():
            return f"{array.name} holds other values than the domain's"
        values[array.name] = state[0].astype(np.float64)[..., None]
    at, _ = h.energies(values)
    if not abs(at[0] - lowest) <= allowed:
        return f"the returned spins have the energy {at[0]!r}, the minimum is {lowest!r}"
    for position, (name, _, _) in enumerate(h.results):
        expected = h.result(values, position)
        if got[name].shape != (1, *expected.shape):
            return f"{name} has the shape {got[name].shape}"
        if not np.allclose(got[name][0], expected, rtol=1e-5, atol=1e-6 * max(1, size)):
            return f"result {name} is {got[name][0].tolist()}, not {expected.tolist()}"
    return None


def solve(hamiltonians, pool, folder, seed):
    """Runs a program; one message (or None) for each Hamiltonian. Raises Failed when isg refuses it."""
    text, used = program_text(hamiltonians, pool)
    source = pathlib.Path(folder) / "random.attn"
    source.write_text(text)
    names = [f"{h.name}_{name}" for h in hamiltonians for name, _, _ in h.results]
    inputs = {name: pool[name][None] for name in used}
    got, report = run_model(source, inputs, names, folder, "--seed", seed, "--threads", 1)
    entries = report["hamiltonians"]
    if len(entries) != len(hamiltonians):
        return [f"{len(entries)} Hamiltonians reported, not {len(hamiltonians)}"] * len(hamiltonians)
    return [compare(h, entry, {name: got[f"{h.name}_{name}"] for name, _, _ in h.results})
            for h, entry in zip(hamiltonians, entries)]


def keep(folder, seed, kept_as):
    target = isg_path().parent.parent / "failures" / kept_as
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    (target / "seed").write_text(f"{seed}\n")
    return target


def check_program(seed, count):
    """All Hamiltonians of one program. Returns messages, each with the seed and where the program was kept."""
    hamiltonians, pool = make_program(seed, count)
    with tempfile.TemporaryDirectory(prefix="isg-random-") as folder:
        try:
            found = solve(hamiltonians, pool, folder, seed)
        except (Failed, OSError, ValueError) as error:
            found = [str(error)[-500:]] * count
        if not any(found):
            return []
        keep(folder, seed, f"random-{seed}")
    messages, shown = [], [k for k, message in enumerate(found) if message]
    alone_failed = 0
    for k in shown:
        with tempfile.TemporaryDirectory(prefix="isg-random-") as folder:
            try:
                alone = solve([hamiltonians[k]], pool, folder, seed)[0]
            except (Failed, OSError, ValueError) as error:
                alone = str(error)[-1500:]
            if alone:
                alone_failed += 1
                place = keep(folder, seed, f"random-{seed}-h{k}")
                messages.append(f"seed {seed}, h{k}: {alone}\n  kept in {place}")
            elif len(shown) < count:
                messages.append(f"seed {seed}, h{k}: {found[k]} (only together with the others)")
    if not messages:
        messages.append(f"seed {seed}: {found[shown[0]]} (every Hamiltonian passes alone)")
    return messages


def check(count, first_seed):
    """`count` Hamiltonians in files of A_FILE, over all processors. Returns (how many failed, messages)."""
    jobs = [(first_seed + k, min(A_FILE, count - k * A_FILE)) for k in range((count + A_FILE - 1) // A_FILE)]
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as workers:
        found = list(workers.map(check_program, *zip(*jobs)))
    return [message for messages in found for message in messages]


class RandomHamiltonians(Case):
    def test_lowest_of_all_states(self):
        print(f"random Hamiltonians: {COUNT} from seed {FIRST_SEED}", file=sys.stderr)
        messages = check(COUNT, FIRST_SEED)
        self.assertFalse(messages, f"{len(messages)} of {COUNT}:\n" + "\n".join(messages[:5]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        wrong = check(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else FIRST_SEED)
        print("\n".join(wrong))
        sys.exit(1 if wrong else 0)
    unittest.main()
