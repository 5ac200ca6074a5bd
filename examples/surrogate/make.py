#!/usr/bin/python3
"""make.py - writes data.npz: a frosted glass. glass[i] is the real and the imaginary part of what mirror i's light is multiplied with
on its way to the spot: independent and normal, as where light is scattered many times (Goodman, Speckle Phenomena in Optics)."""

import pathlib

import numpy as np

MIRRORS, SEED = 64, 3


def make():
    rng = np.random.default_rng(SEED)
    return {"glass": np.stack([rng.normal(size=MIRRORS), rng.normal(size=MIRRORS)], axis=1).astype(np.float32)}


if __name__ == "__main__":
    np.savez_compressed(pathlib.Path(__file__).resolve().parent / "data.npz", **make())
