#!/usr/bin/python3
"""make.py - writes data.npz, a drawn picture of 64 x 64 pixels and its half, and superres.safetensors, atoms learned from other pictures.

The pictures are drawn here, at four times their size, and averaged down: nothing comes from outside. The atoms are learned from
random scenes that share no object with the picture of the example, by turns: codes by greedy descent, atoms by least squares."""

import pathlib
import sys

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from gallery import save_safetensors  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pixels import details_of, greedy_code, half, patches_of  # noqa: E402

SEED, SIZE, OVER = 5, 64, 4
SCENES, ATOMS, ROUNDS = 24, 64, 12
STEPS = np.array([1.0, -1.0])  # an atom is added, subtracted or left out
PRICE = 2.0  # of an atom that is used


def grid():
    """Coordinates 0 .. 1 of the fine pixels, x rightwards and y downwards."""
    return np.meshgrid(*2 * [(np.arange(SIZE * OVER) + 0.5) / (SIZE * OVER)])


def polygon(x, y, corners):
    """Whether points lie in a convex polygon, corners in clockwise order on the screen."""
    inside = np.ones_like(x, bool)
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]]):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    return inside


def scene(rng):
    """A random picture for learning: overlapping half-planes, discs, bars and stripes on a shaded ground."""
    x, y = grid()
    image = rng.random() + rng.normal(0, 0.3) * x + rng.normal(0, 0.3) * y
    for _ in range(26):
        angle, grey = rng.random() * 2 * np.pi, rng.random()
        u, v = x - rng.random(), y - rng.random()
        u, v = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
        kind = rng.integers(4)
        size = rng.uniform(0.04, 0.25)
        shape = [(abs(u) < size) & (abs(v) < size * rng.uniform(0.3, 1)), u**2 + v**2 < size**2, (abs(u) < 0.4) & (abs(v) < rng.uniform(0.008, 0.03)),
                 (abs(u) < size) & (abs(v) < size) & (np.sin(u * rng.uniform(40, 140)) > 0)][kind]
        image = np.where(shape, grey, image)
    return np.clip(half(half(image)), 0, 1)


def harbour():
    """The picture of the example: a lighthouse, a house, the sea, the moon and a boat."""
    x, y = grid()
    image = 0.25 + 0.35 * y
    image = np.where((x - 0.2) ** 2 + (y - 0.18) ** 2 < 0.09**2, 0.95, image)
    image = np.where((x - 0.235) ** 2 + (y - 0.16) ** 2 < 0.075**2, 0.25 + 0.35 * y, image)
    for k, (a, b) in enumerate(((0.42, 0.08), (0.36, 0.3), (0.52, 0.22), (0.9, 0.1), (0.08, 0.42), (0.45, 0.4), (0.93, 0.33))):
        image = np.where((x - a) ** 2 + (y - b) ** 2 < (0.008 + 0.003 * (k % 3)) ** 2, 1.0, image)
    image = np.where(y > 0.66, 0.3 + 0.12 * np.sin(75 * y + 2.5 * np.sin(9 * x)), image)
    image = np.where(polygon(x, y, ((0.48, 0.8), (0.6, 0.62), (0.85, 0.55), (1.0, 0.6), (1.0, 0.9), (0.6, 0.9))), 0.15 + 0.1 * x, image)
    tower = polygon(x, y, ((0.69, 0.2), (0.79, 0.2), (0.83, 0.62), (0.65, 0.62)))
    image = np.where(tower, np.where(np.sin(30 * (y - 0.2) + 2 * (x - 0.74)) > 0, 0.9, 0.35), image)
    image = np.where(polygon(x, y, ((0.67, 0.18), (0.81, 0.18), (0.81, 0.21), (0.67, 0.21))), 0.05, image)
    image = np.where(polygon(x, y, ((0.71, 0.11), (0.77, 0.11), (0.77, 0.18), (0.71, 0.18))), 1.0, image)
    image = np.where(polygon(x, y, ((0.74, 0.04), (0.79, 0.11), (0.69, 0.11))), 0.1, image)
    image = np.where(polygon(x, y, ((0.86, 0.5), (0.99, 0.5), (0.99, 0.66), (0.86, 0.66))), 0.7, image)
    image = np.where(polygon(x, y, ((0.925, 0.4), (1.02, 0.51), (0.83, 0.51))), 0.3, image)
    image = np.where(polygon(x, y, ((0.89, 0.55), (0.92, 0.55), (0.92, 0.59), (0.89, 0.59))), 0.05, image)
    image = np.where(polygon(x, y, ((0.1, 0.8), (0.42, 0.8), (0.36, 0.88), (0.15, 0.88))), 0.08, image)
    image = np.where(polygon(x, y, ((0.27, 0.42), (0.27, 0.77), (0.12, 0.77))), 0.88, image)
    image = np.where(polygon(x, y, ((0.29, 0.48), (0.41, 0.77), (0.29, 0.77))), 0.75, image)
    return np.clip(half(half(image)), 0, 1)


def learn(rng, y, detail):
    """Atoms of patches [25, ATOMS] and of details [36, ATOMS]. The first are learned together with the details, so that what
    looks alike when small but not when large gets atoms of its own; the second then fit the codes that the first alone give."""
    both = np.concatenate([y, detail], axis=1)
    few = rng.permutation(len(both))[:4000]
    atoms = both[rng.permutation(len(both))[:ATOMS]].T / 2
    for _ in range(ROUNDS):
        code = greedy_code(both[few], atoms, STEPS, PRICE, 14) @ STEPS
        atoms = np.linalg.solve(code.T @ code + np.eye(ATOMS), code.T @ both[few]).T
        idle = (code != 0).sum(axis=0) < 5
        atoms[:, idle] = both[rng.permutation(len(both))[:idle.sum()]].T / 2
    low = atoms[:y.shape[1]]
    code = greedy_code(y, low, STEPS, PRICE, 30) @ STEPS
    return low, np.linalg.solve(code.T @ code + 20 * np.eye(ATOMS), code.T @ detail).T


def make():
    large = harbour()
    return {"large": large.astype(np.float32), "small": half(large).astype(np.float32)}


def weights():
    rng = np.random.default_rng(SEED)
    y, details = [], []
    for _ in range(SCENES):
        large = scene(rng)
        patches, contrast = patches_of(half(large))
        keep = contrast > 0.03
        y.append(patches[keep])
        details.append((details_of(large, half(large)) / contrast[:, None])[keep])
    y, details = np.concatenate(y), np.concatenate(details)
    chosen = rng.permutation(len(y))[:12000]
    low, high = learn(rng, y[chosen], details[chosen])
    return {"low": low.astype(np.float32), "high.weight": high.astype(np.float32)}


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent
    np.savez_compressed(here / "data.npz", **make())
    save_safetensors(here / "superres.safetensors", weights())
