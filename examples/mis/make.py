#!/usr/bin/python3
"""make.py - writes data.npz: 400 transmitters at random places, and who disturbs whom (nearer than 0.085 to each other)."""

import pathlib

import numpy as np

COUNT, REACH, SEED = 400, 0.085, 1


def make():
    rng = np.random.default_rng(SEED)
    places = rng.random((COUNT, 2)).astype(np.float32)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    near = (distance < REACH) & ~np.eye(COUNT, dtype=bool)
    return {"places": places, "near": near.astype(np.uint8)}


if __name__ == "__main__":
    np.savez_compressed(pathlib.Path(__file__).resolve().parent / "data.npz", **make())
