#!/usr/bin/python3
"""make.py - writes data.npz: what a detector sees of 20 objects that cross each other's ways for 30 frames.

Each moves smoothly (its velocity turns a little from frame to frame); a sighting is its place with noise; one in 50 is missed, and every
second frame has a false alarm. Sightings come in random order; `truth` tells whose each is (-1: nobody's), for the comparison only."""

import pathlib

import numpy as np

OBJECTS, FRAMES, SLOTS, SEED = 20, 30, 22, 8
NOISE, MISSED, FALSE = 0.003, 0.02, 0.5


def make():
    rng = np.random.default_rng(SEED)
    angle = rng.random(OBJECTS) * 2 * np.pi
    speed = rng.uniform(0.04, 0.06, OBJECTS)
    middle = 0.5 + rng.normal(0, 0.17, (OBJECTS, 2))  # where each is halfway: they meet in the middle
    turn = rng.normal(0, 0.03, OBJECTS)
    angles = angle[:, None] + turn[:, None] * (np.arange(FRAMES) - FRAMES / 2)
    steps = speed[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=2)
    paths = np.cumsum(steps, axis=1)
    paths += middle[:, None] - paths[:, FRAMES // 2:FRAMES // 2 + 1]
    places, truth = np.zeros((FRAMES, SLOTS, 2)), np.full((FRAMES, SLOTS), -1)
    seen = np.zeros((FRAMES, SLOTS), np.uint8)
    for f in range(FRAMES):
        there = np.flatnonzero(rng.random(OBJECTS) >= MISSED)
        spots = [(paths[k, f] + rng.normal(0, NOISE, 2), k) for k in there]
        if rng.random() < FALSE:
            spots.append((rng.random(2), -1))
        for slot, k in enumerate(rng.permutation(len(spots))):
            places[f, slot], truth[f, slot] = spots[k]
            seen[f, slot] = 1
    return {"places": places.astype(np.float32), "seen": seen, "truth": truth.astype(np.int8)}


if __name__ == "__main__":
    np.savez_compressed(pathlib.Path(__file__).resolve().parent / "data.npz", **make())
