"""vit.py - an independent float64 forward pass of the trained models, for tests: weights, layers, attention, energies."""

import json
import math

import numpy as np


def read_safetensors(path):
    """name -> array; float32 alone."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    found = {}
    for name, about in header.items():
        if name != "__metadata__":
            assert about["dtype"] == "F32"
            begin, end = about["data_offsets"]
            found[name] = np.frombuffer(data[8 + size + begin:8 + size + end], "<f4").reshape(about["shape"])
    return found


def patches_of(images, size, full):
    """Images [B, S, S] of 0 .. full -> [B, tokens, size * size] in -1 .. 1; row-major over the grid and in a patch."""
    scaled = (images.astype(np.float64) / full * 2 - 1).astype(np.float32)
    batch, side, _ = scaled.shape
    grid = side // size
    cut = scaled.reshape(batch, grid, size, grid, size).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(cut.reshape(batch, grid * grid, size * size))


class Model:
    """One encoder block. `attention` is "energy", "hardmask" or "softmax"."""

    def __init__(self, weights, attention, heads=8, a=1.0, b=0.16, c=0.8):
        self.w = {name: array.astype(np.float64) for name, array in weights.items()}
        self.attention, self.heads, self.a, self.b, self.c = attention, heads, a, b, c

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def linear(self, x, name):
        return x @ self.w[f"{name}.weight"].T + self.w.get(f"{name}.bias", 0.0)

    def embed(self, patches):
        x = self.linear(self.norm(patches.astype(np.float64), "patch_norm"), "patch")
        return self.norm(x, "embed_norm") + self.w["pos_embed"]

    def project(self, x):
        """q, k, v: [B, heads, tokens, features]."""
        found = []
        for letter in "qkv":
            y = self.linear(self.norm(x, f"blocks.0.attn.norm_{letter}"), f"blocks.0.attn.w{letter}")
            found.append(y.reshape(*y.shape[:2], self.heads, -1).transpose(0, 2, 1, 3))
        return found

    def coefficients(self, q, k, v):
        """J [B, heads, tokens, tokens] with zero diagonal and h [B, heads, tokens]."""
        score = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
        J = (score + score.transpose(0, 1, 3, 2)) / 2
        J[:, :, np.arange(J.shape[-1]), np.arange(J.shape[-1])] = 0
        return J, (v * self.w["blocks.0.attn.e2v"]).mean(-1)

    def energies(self, J, h, x):
        """The minimised expression for each image; x [B, heads, tokens] of 0 and 1."""
        heads, tokens = x.shape[1:]
        push = self.c * math.sqrt(2 / math.pi) * tokens / (2 * (heads - 1))
        together = (x.sum(1)**2 - (x**2).sum(1)).sum(-1)
        return (-self.a * np.einsum("bhij,bhi,bhj->b", J, x, x) - self.b * tokens * (h * x).sum((1, 2)) + push * together)

    def finish(self, embedded, q, k, v, J, h, x):
        """Logits, given the spins."""
        if self.attention == "energy":
            H = -(np.einsum("bhij,bhi,bhj->bhi", J, x, x) + h * x)
            attended = H[..., None] * self.w["blocks.0.attn.e2v"]
        else:
            score = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
            keys = np.ones_like(x, bool) if self.attention == "softmax" else x > 0
            none = ~keys.any(-1, keepdims=True)
            score = np.where(none[..., None], 0.0, np.where((keys | none)[:, :, None, :], score, -np.inf))
            weight = np.exp(score - score.max(-1, keepdims=True))
            attended = weight / weight.sum(-1, keepdims=True) @ v
        y = embedded + attended.transpose(0, 2, 1, 3).reshape(embedded.shape)
        inner = self.linear(self.norm(y, "blocks.0.ffn.norm"), "blocks.0.ffn.fc1")
        erf = np.vectorize(math.erf, otypes=[float])
        z = y + self.linear(inner * (1 + erf(inner / math.sqrt(2))) / 2, "blocks.0.ffn.fc2")
        return self.linear(self.norm(z, "final_norm").mean(1), "head")

    def evaluate(self, patches, x):
        """Energies and logits of the images with the spins x."""
        embedded = self.embed(patches)
        q, k, v = self.project(embedded)
        J, h = self.coefficients(q, k, v)
        x = x.astype(np.float64)
        return self.energies(J, h, x), self.finish(embedded, q, k, v, J, h, x)
