"""page_report.py - made reports for the tests of the page, in the form that inspect/README.md states: numbers that fit together,
for a problem like QAMA of any size, so that what the page draws can be told from what it was given."""

import base64

import numpy as np


def distribution(values, bins=40):
    """A DISTRIBUTION of the values."""
    values = np.asarray(values, float)
    if values.size == 0:
        return {"count": 0, "zeros": 0, "min": 0.0, "max": 0.0, "mean": 0.0, "rms": 0.0, "histogram": None}
    low, high = float(values.min()), float(values.max())
    counts = np.histogram(values, bins=bins, range=(low, high))[0].tolist() if high > low else [values.size]
    return {"count": values.size, "zeros": int((values == 0).sum()), "min": low, "max": high, "mean": float(values.mean()),
            "rms": float(np.sqrt((values**2).mean())), "histogram": {"low": low, "high": high, "counts": counts}}


def matrix(dense, most=128):
    """A MATRIX: at most `most` rows, the others as means over blocks."""
    n = len(dense)
    block = max(1, -(-n // most))
    rows = -(-n // block)
    padded = np.zeros((rows * block, rows * block))
    padded[:n, :n] = dense
    small = padded.reshape(rows, block, rows, block).mean(axis=(1, 3))
    high = float(np.abs(small).max()) if n else 0.0
    pixels = np.rint((small / high + 1) * 127).astype(np.uint8) if high else np.full(small.shape, 127, np.uint8)
    return {"rows": rows, "columns": rows, "block": block, "low": -high, "high": high,
            "pixels": base64.b64encode(pixels.tobytes()).decode()}


class Attention:
    """Random couplings of T heads over N tokens, fields, and reads: the numbers behind a report."""

    def __init__(self, heads, tokens, seed=0):
        self.random = np.random.default_rng(seed)
        self.heads, self.tokens, self.spins = heads, tokens, heads * tokens
        draw = self.random.normal(size=(heads, tokens, tokens)) / np.sqrt(tokens)
        self.J = np.triu(-2 * draw, 1)
        self.J += self.J.transpose(0, 2, 1)
        self.h = self.random.normal(size=(heads, tokens))
        self.penalty = 2.92
        self.reads = [self.random.random(self.spins) < 0.2 for _ in range(64)]
        self.reads.sort(key=self.energy)

    def energy(self, up):
        x = np.asarray(up, float).reshape(self.heads, self.tokens)
        shared = x.sum(axis=0)
        penalty = self.penalty * (shared * (shared - 1) / 2).sum()
        return float(np.einsum("ti,tij,tj", x, self.J, x) / 2 + (self.h * x).sum() + penalty)

    def dense(self):
        full = np.kron(np.ones((self.heads, self.heads)) - np.eye(self.heads), self.penalty * np.eye(self.tokens))
        for t in range(self.heads):
            at = slice(t * self.tokens, (t + 1) * self.tokens)
            full[at, at] += self.J[t]
        return full


def up(state):
    return np.flatnonzero(state).tolist()


TERMS = [("- 2 * sum[t, i, j : i < j] J[t, i, j] * x[t, i] * x[t, j]", "a * sum[t, i, j] J[t, i, j] * x[t, i] * x[t, j]", 2),
         ("- 2.56 * sum[t, i] h[t, i] * x[t, i]", "b * sum[t, i] h[t, i] * x[t, i]", 1),
         ("+ 2.92 * sum[i, t, u : t < u] x[t, i] * x[u, i]", "push * sum[t, u, i : t != u] x[t, i] * x[u, i]", 2)]
SOURCE = f"hamiltonian made {{\n  minimize - {TERMS[0][1]}\n           - {TERMS[1][1]}\n           + {TERMS[2][1]};\n}}\n"


def terms(a):
    """The three terms with the numbers of each."""
    upper = np.triu_indices(a.tokens, 1)
    numbers = [a.J[:, upper[0], upper[1]].ravel(), a.h.ravel(), np.full(a.tokens * a.heads * (a.heads - 1) // 2, a.penalty)]
    out = []
    for line, ((text, source, degree), values) in enumerate(zip(TERMS, numbers), start=2):
        place = {"file": "made.attn", "line": line, "column": 14, "end_line": line, "end_column": 14 + len(source),
                 "text": source, "called_from": []}
        out.append({"text": text, "degree": degree, "couplings": values.size, "source": place, "numbers": distribution(values)})
    return out


def numbers(a, dense):
    upper = dense[np.triu_indices(a.spins, 1)]
    couplings = upper[upper != 0]
    ratio = np.abs(a.h.ravel()) / np.abs(dense).sum(axis=0)
    fixed = [{"spin": int(s), "value": int(a.h.ravel()[s] < 0), "why": "field" if k % 2 else "roof duality"}
             for k, s in enumerate(np.argsort(-ratio)[:a.spins // 16])]
    by_field = sum(f["why"] == "field" for f in fixed)
    return {"offset": -1.25, "coupling": distribution(couplings), "field": distribution(a.h.ravel()), "matrix": matrix(dense),
            "ratio": {"distribution": distribution(ratio), "by_spin": ratio.tolist(), "above_one": int((ratio >= 1).sum())},
            "fixed": {"count": len(fixed), "by_field": by_field, "by_roof_duality": len(fixed) - by_field, "roof_duality": "done",
                      "spins": sorted(fixed, key=lambda f: f["spin"])},
            "bits": {"needed": 9.75, "range": 431.5, "target": 8},
            "quantisation": {"bits": 8, "min": -128, "max": 127, "scale": 0.0294, "couplings": len(couplings),
                             "couplings_lost": 14, "fields": a.spins, "fields_lost": 3, "clipped": 2, "error_bound": 3.125,
                             "largest_error": 0.0147, "verdict": "unknown", "presolved": True}}


def landscape(a):
    energies = [a.energy(r) for r in a.reads]
    lowest = a.reads[:16]
    hamming = [[int((x != y).sum()) for y in lowest] for x in lowest]
    return {"reads": len(a.reads), "energies": energies, "histogram": distribution(energies)["histogram"],
            "states": [{"energy": a.energy(s), "count": 1, "up": up(s)} for s in lowest], "hamming": hamming,
            "degeneracy": {"energy": energies[0], "states": 1, "reads": 1},
            "exact": {"levels": [{"energy": energies[0] + k / 3, "states": 1 + 7 * k} for k in range(32)],
                      "ground": up(a.reads[0]), "total_states": 16777216}}


def picture(a, side):
    """A picture with one patch of 2 x 2 pixels a token, or None where the tokens make no square of `side`."""
    if side * side != a.tokens:
        return None
    pixels = a.random.integers(0, 256, (2 * side, 2 * side), np.uint8)
    return {"input": "patches", "height": 2 * side, "width": 2 * side, "patch_height": 2, "patch_width": 2, "grid_rows": side,
            "grid_columns": side, "low": 0.0, "high": 16.0, "pixels": base64.b64encode(pixels.tobytes()).decode()}


def attention(a):
    best = a.reads[0].reshape(a.heads, a.tokens)
    shared = best.sum(axis=0)
    heads = [{"head": t, "matrix": matrix(a.J[t]), "chosen": up(best[t]), "fields": a.h[t].tolist()} for t in range(a.heads)]
    return {"array": "x", "head_index": "t", "token_index": "i", "heads_total": a.heads, "tokens": a.tokens, "heads": heads,
            "sparsity_by_head": best.mean(axis=1).tolist(), "sparsity_by_token": best.mean(axis=0).tolist(),
            "sharing": [int((shared == k).sum()) for k in range(a.heads + 1)], "image": picture(a, int(a.tokens**0.5))}


def partition_and_machine(a, dense):
    half = a.tokens // 2
    part = [int(s % a.tokens >= half) for s in range(a.spins)]
    sent = [s for s in range(a.spins) if not part[s]][:127]
    quantised = np.zeros((len(sent) + 1, len(sent) + 1))
    quantised[:-1, :-1] = np.rint(dense[np.ix_(sent, sent)] * 34)
    quantised[-1, :-1] = quantised[:-1, -1] = np.rint(a.h.ravel()[sent] * 17)
    parts = [{"part": k, "round": k, "spins": a.spins // 2, "severed": 512,
              "text": f"x[0:{a.heads}, {k * half}:{(k + 1) * half}]"} for k in (0, 1)]
    return ({"target": "made-100", "capacity": 99, "rounds": 2, "parts": parts, "part_of_spin": part,
             "cut": {"couplings": 512, "weight": 456.75, "of": 2151.5}},
            {"target": "made-100", "fits": True, "why": None, "passes": 2, "runs": 4, "reads": 64, "sweeps": 2000,
             "spins_fixed": 10, "spins_sent": 118, "couplings": 900, "couplings_lost": 12, "fields_lost": 1, "error_bound": 0.5,
             "matrix": matrix(quantised), "ancilla": len(sent), "scale": 0.0294, "sent": sent, "energy": a.energy(a.reads[1]),
             "best_here": a.energy(a.reads[0]), "gap": 0.0018, "agreement": float((a.reads[0] == a.reads[1]).mean()),
             "state": up(a.reads[1])})


def hamiltonian(heads, tokens, seed=0, name="qama"):
    """A HAMILTONIAN in which every part is there."""
    a = Attention(heads, tokens, seed)
    dense = a.dense()
    partition, machine = partition_and_machine(a, dense)
    group = {"text": f"x[*, i]: any two of {heads} pay 2.92", "why": "a constant penalty", "kind": "penalty", "count": tokens,
             "size": heads, "first": [t * tokens for t in range(heads)]}
    energy = a.energy(a.reads[0])
    return {"name": name, "spins": a.spins, "domain": "{0, 1}",
            "arrays": [{"name": "x", "domain": "{0, 1}", "first": 0,
                        "indices": [{"name": "t", "extent": heads}, {"name": "i", "extent": tokens}]}],
            "formula": "\n".join(text for text, _, _ in TERMS), "terms": terms(a),
            "couplings": int((dense[np.triu_indices(a.spins, 1)] != 0).sum()), "couplings_exact": True, "fields": a.spins,
            "groups": [group], "independent_parts": 1, "moves": [f"x[*, i]: heat bath over the {2**heads} joint states"],
            "notes": ["these numbers are made"], "numbers": numbers(a, dense),
            "health": {"verdict": "healthy", "line": "healthy: 6 % fixed, couplings use 9.8 bits"},
            "spectrum": {"largest": 5.85425, "smallest": -2.671256, "method": "lapack", "converged": True, "residual": 2e-14,
                         "hot": {"beta": 0.05, "temperature": 20.0}, "cold": {"beta": 50.0, "temperature": 0.02},
                         "relaxation": {"threshold": 8.525506, "hot": {"product": 0.426, "sweeps": 1.742},
                                        "cold": {"product": 426.3, "sweeps": None},
                                        "line": "above temperature 8.53 single flips relax fast", "source": "made"}},
            "measured": {"reads": 64, "sweeps": 256, "best": energy, "reference": {"energy": energy, "kind": "best found"},
                         "success": {"hits": 9, "p": 0.140625, "low": 0.0757, "high": 0.2462},
                         "tts99": {"sweeps": {"value": 7778.0, "low": 4173.0, "high": 14976.0},
                                   "seconds": {"value": 0.0101, "low": 0.0054, "high": 0.0194}},
                         "autocorrelation": {"beta": 2.0, "temperature": 0.5, "sweeps": 4096, "tau": 3.25, "error": 0.2}},
            "landscape": landscape(a), "attention": attention(a), "partition": partition, "machine": machine,
            "state": up(a.reads[0])}


def report(*hamiltonians, name="made"):
    """The document of some Hamiltonians."""
    return {"version": 1,
            "subject": {"kind": "model", "name": name, "file": f"{name}.attn", "format": None,
                        "sources": [{"file": "made.attn", "text": SOURCE}], "samples": 450, "sample": 3,
                        "target": "made-100", "seed": 0, "reads": 64, "sweeps": 256}, "hamiltonians": list(hamiltonians)}


def bare_hamiltonian(spins, name="x"):
    """What the report has of a Hamiltonian whose numbers are unknown: everything that may be null is."""
    nothing = ("numbers", "health", "spectrum", "measured", "landscape", "attention", "partition", "machine", "state", "fields")
    return {"name": name, "spins": spins, "domain": "{-1, 1}",
            "arrays": [{"name": "s", "domain": "{-1, 1}", "first": 0, "indices": [{"name": "i", "extent": spins}]}],
            "formula": "", "terms": [], "couplings": 0, "couplings_exact": True, "groups": [], "independent_parts": 0, "moves": [],
            "notes": [],
            **{key: None for key in nothing}}
