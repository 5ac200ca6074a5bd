#!/usr/bin/python3
"""make.py - writes data.npz, the karate club of W. W. Zachary, and karate.safetensors, the identity matrix that names its members.

Source: W. W. Zachary, An information flow model for conflict and fission in small groups, Journal of Anthropological Research 33
(1977) 452-473: who of 34 members met outside the club, and whom each followed when it split. Members are numbered from 0:
0 is the instructor, 33 the club's officer."""

import pathlib
import sys

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from gallery import save_safetensors  # noqa: E402

MEMBERS = 34
KNOWS = {0: [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31], 1: [2, 3, 7, 13, 17, 19, 21, 30],
         2: [3, 7, 8, 9, 13, 27, 28, 32], 3: [7, 12, 13], 4: [6, 10], 5: [6, 10, 16], 6: [16], 8: [30, 32, 33], 9: [33],
         13: [33], 14: [32, 33], 15: [32, 33], 18: [32, 33], 19: [33], 20: [32, 33], 22: [32, 33], 23: [25, 27, 29, 32, 33],
         24: [25, 27, 31], 25: [31], 26: [29, 33], 27: [33], 28: [31, 33], 29: [32, 33], 30: [32, 33], 31: [32, 33], 32: [33]}
INSTRUCTOR = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21]


def make():
    edges = np.array([(a, b) for a, friends in KNOWS.items() for b in friends], np.int32)
    return {"edges": edges, "side": np.where(np.isin(np.arange(MEMBERS), INSTRUCTOR), 1, -1).astype(np.int8)}


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent
    np.savez_compressed(here / "data.npz", **make())
    save_safetensors(here / "karate.safetensors", {"person.weight": np.eye(MEMBERS, dtype=np.float32)})
