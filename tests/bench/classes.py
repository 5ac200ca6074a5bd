"""classes.py - the classes of problems that the bench measures: how each is made, how long each side may take, what is compared."""

import dataclasses
import pathlib

import numpy as np

import problems as make

HEAD = 64  # features of a head


@dataclasses.dataclass
class Class:
    """Seconds are CPU time of one run on one problem: a solver's sweeps are doubled until they are passed."""

    title: str
    problems: list
    arguments: list  # of bench_solver
    most_ours: float
    most_yardstick: float
    tries: int  # runs with other seeds, in each repeat, at the least
    long_ours: list  # (reads, sweeps, runs) for the best known
    long_yardstick: tuple
    search: tuple  # sweeps for which a ladder is sought
    gap_at: tuple = ()  # seconds after which the gap is stated
    gap_to: tuple = ()  # gaps until which the time is stated
    solution: bool = False  # whether the time to the best known is stated
    density: bool = False  # whether E / n^1.5 is stated
    cut: int = 0  # the mean cut until which the time is stated
    weight: float = 0  # of all edges, for cuts
    least_sweeps: int = 1
    most_tries: int = 0  # of settings so short that these many fit into try_seconds; in between as many as fit
    try_seconds: float = 0.0
    reads: int = 1  # of ours in every setting: as many as it anneals side by side


def attn_class(folder, name, letter, seed, count, heads, tokens, width, **rest):
    arrays = make.qama_inputs(seed, count, heads, tokens, width, HEAD)
    given = [make.qama_problem(arrays["q"][i], arrays["k"][i], arrays["v"][i], arrays["e"]) for i in range(count)]
    source = write_model(folder, name, heads, tokens, "keys")
    files = save_inputs(folder, name, arrays, count)
    title = f"{letter} QAMA, {heads} head{'s' if heads > 1 else ''} x {tokens} tokens"
    return Class(title, given, ["model", source, "-", "keys", *files], **rest)


def write_model(folder, name, heads, tokens, output):
    """The Hamiltonian alone on given heads."""
    shape = f"f32[{heads}, {tokens}, {HEAD}]"
    path = pathlib.Path(folder) / f"{name}.attn"
    path.write_text(f'use "std/qama.attn";\nmodel {name} {{\n  input q: {shape};\n  input k: {shape};\n  input v: {shape};\n'
                    f"  input e: f32[{HEAD}];\n  output {output} = qama(q, k, v, e).{output};\n}}\n")
    return path


def save_inputs(folder, name, arrays, count):
    files = []
    for key, array in arrays.items():
        path = pathlib.Path(folder) / f"{name}-{key}.npy"
        np.save(path, np.broadcast_to(array, (count, HEAD)) if key == "e" else array)
        files.append(f"{key}={path}")
    return files


def graph_class(folder, name, title, graph, path=None, **rest):
    if path is None:
        path = pathlib.Path(folder) / f"{name}.txt"
        make.write_rudy(path, *graph)
    return Class(title, [make.graph_problem(*graph)], ["problem", path, "rudy"], weight=float(np.sum(graph[3])), **rest)


def class_a(folder, quick):
    return attn_class(folder, "a", "(a)", 1, 4 if quick else 128, 8, 49, 64 if quick else 512,
                      most_ours=0.0005 if quick else 0.04, most_yardstick=0.0005 if quick else 0.08, tries=1,
                      long_ours=[(16, 128 if quick else 2000, 1)], long_yardstick=(1, 50 if quick else 30000, 1),
                      search=(50,) if quick else (300, 8000), gap_at=(0.003, 0.006), gap_to=(0.01, 0.001), solution=True, reads=16)


def class_b(folder, quick):
    return attn_class(folder, "b", "(b)", 2, 1 if quick else 8, 1, 64 if quick else 512, HEAD,
                      most_ours=0.0005 if quick else 0.02, most_yardstick=0.0005 if quick else 0.1, tries=1 if quick else 4,
                      long_ours=[(16, 50 if quick else 2000, 1)], long_yardstick=(1, 50 if quick else 5000, 4),
                      search=(50,) if quick else (100, 1000), gap_at=(0.001,), gap_to=(0.01, 0.001), solution=True,
                      most_tries=0 if quick else 64, try_seconds=0.1)


def class_c(folder, quick):
    return attn_class(folder, "c", "(c)", 3, 1 if quick else 2, 8, 64 if quick else 512,
                      64 if quick else 512, most_ours=0.001 if quick else 1.2, most_yardstick=0.001 if quick else 4, tries=1,
                      long_ours=[(1, 50 if quick else 0, 1)], long_yardstick=(1, 50 if quick else 10000, 1),
                      search=(50,) if quick else (100, 400), gap_at=(0.01, 1.0), gap_to=(0.05, 0.005, 0.001))


def class_d(folder, quick):
    nodes = 100 if quick else 2000
    return graph_class(folder, "d", f"(d) complete graph, weights +-1, {nodes:,} spins",
                       (nodes, *make.complete_edges(4, nodes)), most_ours=0.001 if quick else 1.0,
                       most_yardstick=0.001 if quick else 5, tries=1 if quick else 2, long_ours=[(4, 50 if quick else 4000, 1)],
                       long_yardstick=(1, 50 if quick else 10000, 1), search=(50,) if quick else (100, 400),
                       gap_at=(0.3,), gap_to=(0.01,), density=True)


CUTS = {"G1": 11605, "G22": 13354, "G43": 6659}  # means that annealing reaches, and after how long: published.py
LIKE = {"G1": (800, 19176), "G22": (2000, 19990), "G43": (1000, 9990)}


def class_e(folder, quick, data):
    """One class a graph; those of the G-set where they are at hand."""
    classes = {}
    for name in ("G43",) if quick else CUTS:
        path, nodes_edges = pathlib.Path(data) / f"{name}.txt", LIKE[name]
        there = path.exists() and not quick
        if not there and not quick:
            print(f"{path} is not there: a random graph like {name} instead")
        graph = make.read_rudy(path) if there else (nodes_edges[0], *make.random_edges(5, *nodes_edges))
        title = f"(e) {name}, maximum cut" if there else f"(e) a random graph like {name}, maximum cut"
        classes[f"e-{name}"] = graph_class(
            folder, f"e-{name}", title, graph, path if there else None, most_ours=0.001 if quick else 0.05,
            most_yardstick=0.001 if quick else 0.2, tries=2 if quick else 24, long_ours=[(16, 50 if quick else 8000, 1)],
            long_yardstick=(1, 50 if quick else 20000, 8), search=(50,) if quick else (250, 2000), least_sweeps=16,
            gap_to=(0.01, 0.001), solution=name != "G22", cut=CUTS[name] if there else 0, reads=64,
            most_tries=0 if quick else 240, try_seconds=0.5)
    return classes
