"""arrays.py FOLDER - the inputs of the tests here: gains, labels, weights."""

import json
import pathlib
import struct
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def weights(name, tensors):
    about, data = {}, b""
    for key, values in tensors.items():
        array = values.astype("<f4")
        about[key] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(about).encode()
    (folder / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


np.save(folder / "gain.npy", np.array([[1, 3, 2], [-1, 0.25, -4]], np.float32))
np.save(folder / "one.npy", np.array([1, 3, 2], np.float32))
np.save(folder / "wide.npy", np.zeros((2, 4), np.float32))
np.save(folder / "labels.npy", np.array([1, 0]))
np.save(folder / "many.npy", np.zeros((400, 3), np.float32))
weights("weights.safetensors", {"layer.weight": np.ones((2, 3)), "layer.bias": np.zeros(2)})
weights("other.safetensors", {"layer.weight": np.ones((2, 4)), "layer.bias": np.zeros(2)})
