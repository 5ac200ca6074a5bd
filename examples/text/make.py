#!/usr/bin/python3
"""make.py - writes data.npz, orders for a household made from patterns, and the weights of the models that read them, trained here.

An order names the device that is meant, and mostly another that is not: which is which depends on how the words stand to each
other, not on which there are."""

import pathlib
import sys

import numpy as np

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[k]) for k in (0, 1)]
from gallery import save_safetensors  # noqa: E402
from reader import WORDS, begin, forward, train  # noqa: E402

SEED, LEARN, TEST = 11, 4000, 400
DEVICES = ["lamp", "radio", "heater", "fan", "oven", "kettle", "door", "clock"]
OPENINGS = ["", "", "please", "could you", "hello house", "oh and", "when you can"]
VERBS = ["start", "switch on", "turn off", "check", "stop", "set", "look after"]
ROOMS = ["", "", "in the kitchen", "in the hall", "upstairs", "in my room"]
CLOSINGS = ["", "", "please", "now", "thank you", "before we leave", "tonight"]
PATTERNS = ["V the X R", "V the X not the Y", "V not the Y but the X", "V the Y no wait the X", "leave the Y alone and V the X",
            "V the X and leave the Y alone", "instead of the Y V the X", "V the X instead of the Y", "forget the Y and V the X",
            "the Y is fine but V the X", "V the X because the Y is fine"]
VOCABULARY = ["."] + sorted({word for text in DEVICES + OPENINGS + VERBS + ROOMS + CLOSINGS + PATTERNS for word in text.split()
                             if word not in ("V", "X", "Y", "R")})


def order(rng):
    """A random order and the number of the device that is meant."""
    meant, other = rng.permutation(len(DEVICES))[:2]
    parts = {"V": VERBS[rng.integers(len(VERBS))], "X": DEVICES[meant], "Y": DEVICES[other], "R": ROOMS[rng.integers(len(ROOMS))]}
    pattern = " ".join(parts.get(word, word) for word in PATTERNS[rng.integers(len(PATTERNS))].split())
    text = f"{OPENINGS[rng.integers(len(OPENINGS))]} {pattern} {CLOSINGS[rng.integers(len(CLOSINGS))]}".split()
    return tuple(text), int(meant)


def make():
    """Numbers of words [order, WORDS], filled up with 0, and devices meant; no order for testing is among those for learning."""
    rng, seen = np.random.default_rng(SEED), {}
    while len(seen) < LEARN + TEST:
        text, meant = order(rng)
        if len(text) <= WORDS:
            seen[text] = meant
    words = np.array([[VOCABULARY.index(word) for word in text] + [0] * (WORDS - len(text)) for text in seen], np.int32)
    labels = np.array(list(seen.values()), np.int32)
    return {"learn_words": words[:LEARN].astype(np.uint8), "learn_device": labels[:LEARN].astype(np.uint8), "words": words[LEARN:],
            "device": labels[LEARN:]}


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent
    data = make()
    np.savez_compressed(here / "data.npz", **data)
    for name, annealed in (("text_softmax", False), ("text", True)):
        rng = np.random.default_rng(SEED)
        w = begin(rng, len(VOCABULARY), len(DEVICES))
        for steps, chosen, rate in ((900, False, 4e-3), (500, annealed, 2e-3)):
            train(w, data["learn_words"].astype(int), data["learn_device"].astype(int), rng, steps, chosen, rate)
            got, f = forward(w, data["words"], chosen)
            print(name, "annealed" if chosen else "soft-max", "accuracy", (got.argmax(axis=1) == data["device"]).mean(), "keys", f["keys"].mean(), flush=True)
        save_safetensors(here / f"{name}.safetensors", {key: part.astype(np.float32) for key, part in w.items()})
