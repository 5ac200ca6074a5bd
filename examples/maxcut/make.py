#!/usr/bin/python3
"""make.py - writes data.npz: 420 children in a yard of 14 rows and 30 columns; most neighbours, diagonals too, have a quarrel of 1 .. 3."""

import pathlib

import numpy as np

ROWS, COLUMNS, SEED = 14, 30, 3


def make():
    """quarrels[k, r, c]: of the child in row r, column c with its neighbour below, right, below right, above right."""
    rng = np.random.default_rng(SEED)
    quarrels = rng.integers(1, 4, (4, ROWS, COLUMNS)) * (rng.random((4, ROWS, COLUMNS)) < 0.8)
    quarrels[[0, 2], -1, :] = 0
    quarrels[3, 0, :] = 0
    quarrels[1:, :, -1] = 0
    return {"quarrels": quarrels.astype(np.uint8)}


if __name__ == "__main__":
    np.savez_compressed(pathlib.Path(__file__).resolve().parent / "data.npz", **make())
