"""problems.py - the problems of the bench, made from a seed or read from files.

A Problem is its couplings and fields for spins -1 and 1, which the yardstick gets, and a function that gives a state's energy: of
the Hamiltonian as the model writes it, in float64, sharing nothing with either solver.
"""

import dataclasses
import typing

import numpy as np

A, B, C = 1.0, 0.16, 0.8  # std/qama's default weights


@dataclasses.dataclass
class Problem:
    spins: int
    row_start: np.ndarray  # int64 [spins + 1]
    neighbour: np.ndarray  # int32, both directions of each coupling
    coupling: np.ndarray  # float64
    field: np.ndarray  # float64 [spins]
    energy: typing.Callable  # of a state of values -1 and 1
    whole: bool  # couplings and fields are small integers

    def typical_change(self):
        """Of the energy by one flip among random others, the median over spins."""
        square = np.add.reduceat(np.append(self.coupling, 0) ** 2, self.row_start[:-1]) * (np.diff(self.row_start) > 0)
        return float(np.median(2 * np.sqrt(self.field ** 2 + square)))


# ---- QAMA ----------------------------------------------------------------------------------------


def qama_inputs(seed, problems, heads, tokens, width, size):
    """Standard normal inputs through LayerNorm and linear layers without bias as PyTorch draws them, uniform in
    +-1/sqrt(fan-in); e standard normal. width: of the model; size: of a head. Returns float32 q, k, v [problem, head, token,
    size] and e [size]."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((problems, tokens, width))
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    arrays = {}
    for name in "qkv":
        weight = rng.uniform(-1, 1, (heads * size, width)) / np.sqrt(width)
        y = (x @ weight.T).reshape(problems, tokens, heads, size).transpose(0, 2, 1, 3)
        arrays[name] = np.ascontiguousarray(y, np.float32)
    arrays["e"] = rng.standard_normal(size).astype(np.float32)
    return arrays


def qama_terms(q, k, v, e):
    """J [head, token, token], h [head, token] and the weight of two heads at one token."""
    q, k, v, e = (np.asarray(a, np.float64) for a in (q, k, v, e))
    heads, tokens, size = q.shape
    score = q @ k.transpose(0, 2, 1)
    j = (score + score.transpose(0, 2, 1)) / (2 * np.sqrt(size))
    j[:, np.arange(tokens), np.arange(tokens)] = 0
    push = C * np.sqrt(2 / np.pi) * tokens / (2 * (heads - 1)) if heads > 1 else 0.0
    return j, (v * e).mean(-1), push


def qama_problem(q, k, v, e):
    j, h, push = qama_terms(q, k, v, e)
    heads, tokens, _ = q.shape
    pair = -2 * A * j  # of one unordered pair at one head; 2 * push of one at one token

    def energy(state):
        x = (np.asarray(state).reshape(heads, tokens) + 1) / 2
        count = x.sum(0)
        return float(-A * np.einsum("ti,tij,tj->", x, j, x, optimize=True) - B * tokens * (h * x).sum()
                     + push * (count * count - count).sum())

    head, token = np.arange(heads), np.arange(tokens)
    others = np.stack([np.delete(token, i) for i in token])  # [token, token - 1]
    rows = np.broadcast_to(head[:, None, None] * tokens + others, (heads, tokens, tokens - 1))
    values = pair[:, token[:, None], others]
    if heads > 1:
        other_heads = np.stack([np.delete(head, t) for t in head])
        columns = other_heads[:, None, :] * tokens + token[None, :, None]
        rows = np.concatenate([rows, columns], 2)
        values = np.concatenate([values, np.full(columns.shape, 2 * push)], 2)
    count = heads * tokens
    field = -B * tokens * h.reshape(-1)
    values = values.reshape(count, -1)
    return Problem(count, np.arange(count + 1, dtype=np.int64) * values.shape[1], rows.astype(np.int32).reshape(-1),
                   values.reshape(-1) / 4, field / 2 + values.sum(1) / 4, energy, False)


# ---- graphs --------------------------------------------------------------------------------------


def graph_problem(nodes, first, second, weight):
    """E = sum of w s_i s_j over the edges, whose lowest state is the maximum cut."""
    first, second, weight = np.asarray(first), np.asarray(second), np.asarray(weight, np.float64)
    origin, other = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((other, origin))
    row_start = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(origin, minlength=nodes), out=row_start[1:])

    def energy(state):
        state = np.asarray(state, np.float64)
        return float((weight * state[first] * state[second]).sum())

    return Problem(nodes, row_start, other[order].astype(np.int32), np.concatenate([weight, weight])[order], np.zeros(nodes),
                   energy, True)


def complete_edges(seed, nodes):
    """Of the complete graph with random weights -1 and 1."""
    first, second = np.triu_indices(nodes, 1)
    return first, second, np.random.default_rng(seed).integers(0, 2, len(first)) * 2 - 1


def random_edges(seed, nodes, edges):
    """Of a random graph with weights 1, as rudy makes those of the G-set."""
    rng, chosen = np.random.default_rng(seed), set()
    while len(chosen) < edges:
        a, b = rng.integers(0, nodes, 2)
        if a != b:
            chosen.add((int(min(a, b)), int(max(a, b))))
    first, second = np.array(sorted(chosen)).T
    return first, second, np.ones(edges, int)


def read_rudy(path):
    with open(path) as file:
        nodes = int(file.readline().split()[0])
        table = np.loadtxt(file, dtype=int, ndmin=2)
    return nodes, table[:, 0] - 1, table[:, 1] - 1, table[:, 2]


def write_rudy(path, nodes, first, second, weight):
    table = np.stack([np.asarray(first) + 1, np.asarray(second) + 1, np.asarray(weight)], 1)
    with open(path, "w") as file:
        file.write(f"{nodes} {len(table)}\n")
        file.write("".join(f"{a} {b} {w}\n" for a, b, w in table.tolist()))
