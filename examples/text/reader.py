"""reader.py - text.attn's model in NumPy, forward and backward, with a descent in place of annealing: what make.py trains with."""

import numpy as np

WORDS, WIDTH, HEADS = 16, 32, 4
PRICE, REPEAT, PUSH = 0.7, 0.6, 0.2  # as in text.attn


def begin(rng, vocabulary, classes):
    """Random weights, by their names in the weights file."""
    def normal(*shape):
        return rng.normal(0, shape[-1] ** -0.5, shape)
    weights = {"word.weight": rng.normal(0, 0.5, (vocabulary, WIDTH)), "place": rng.normal(0, 0.5, (WORDS, WIDTH)),
               "wq.weight": normal(WIDTH, WIDTH), "wk.weight": normal(WIDTH, WIDTH), "wv.weight": normal(WIDTH, WIDTH),
               "fc1.weight": normal(2 * WIDTH, WIDTH), "fc1.bias": np.zeros(2 * WIDTH),
               "fc2.weight": normal(WIDTH, 2 * WIDTH), "fc2.bias": np.zeros(WIDTH),
               "head.weight": normal(classes, WIDTH), "head.bias": np.zeros(classes)}
    for k in (1, 2, 3):
        weights[f"norm{k}.weight"], weights[f"norm{k}.bias"] = np.ones(WIDTH), np.zeros(WIDTH)
    return weights


def normalise(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return centred * scale, scale


def normalise_back(slope, unit, scale):
    return scale * (slope - slope.mean(axis=-1, keepdims=True) - unit * (slope * unit).mean(axis=-1, keepdims=True))


def soft_max(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def split(x):
    return x.reshape(len(x), WORDS, HEADS, -1).transpose(0, 2, 1, 3)


def merge(x):
    return x.transpose(0, 2, 1, 3).reshape(len(x), WORDS, WIDTH)


def select(scores, k, sweeps=4):
    """Spins [sentence, head, word] of few_words by descent from all zeros: word after word, head after head."""
    fields = PRICE - soft_max(scores).sum(axis=2)
    size = (k**2).sum(axis=3) + 1e-6
    alike = REPEAT * (k @ k.swapaxes(2, 3)) ** 2 / (size[:, :, :, None] * size[:, :, None])
    alike[:, :, range(WORDS), range(WORDS)] = 0
    x = np.zeros(fields.shape)
    for _ in range(sweeps):
        for t in range(HEADS):
            for i in range(WORDS):
                others = x[:, :, i].sum(axis=1) - x[:, t, i]
                x[:, t, i] = fields[:, t, i] + (alike[:, t, i] * x[:, t]).sum(axis=1) + PUSH * others < 0
    return x


def forward(w, words, annealed):
    """Logits, and all that the way back needs."""
    f = {"words": words, "x": w["word.weight"][words] + w["place"]}
    f["n1"], f["s1"] = normalise(f["x"])
    n = f["n1"] * w["norm1.weight"] + w["norm1.bias"]
    q, k, v = (split(n @ w[name].T) for name in ("wq.weight", "wk.weight", "wv.weight"))
    scores = q @ k.swapaxes(2, 3) / np.sqrt(WIDTH / HEADS)
    keys = select(scores, k) if annealed else np.ones(scores.shape[:2] + (WORDS,))
    some = keys.any(axis=2)[:, :, None, None]
    p = soft_max(np.where(some, np.where(keys[:, :, None] > 0, scores, -1e30), 0))
    y = f["x"] + merge(p @ v)
    f["n2"], f["s2"] = normalise(y)
    m = f["n2"] * w["norm2.weight"] + w["norm2.bias"]
    h = np.maximum(m @ w["fc1.weight"].T + w["fc1.bias"], 0)
    f["n3"], f["s3"] = normalise(y + h @ w["fc2.weight"].T + w["fc2.bias"])
    meaning = f["n3"].mean(axis=1) * w["norm3.weight"] + w["norm3.bias"]
    f.update(n=n, q=q, k=k, v=v, p=p, some=some, m=m, h=h, meaning=meaning, keys=keys)
    return meaning @ w["head.weight"].T + w["head.bias"], f


def backward(w, f, slope):
    """Gradients by name, for the logits' gradients [sentence, class]; the spins are constants."""
    g = {"head.weight": slope.T @ f["meaning"], "head.bias": slope.sum(axis=0)}
    d = slope @ w["head.weight"]
    g["norm3.weight"], g["norm3.bias"] = (d * f["n3"].mean(axis=1)).sum(axis=0), d.sum(axis=0)
    d = np.repeat((d * w["norm3.weight"])[:, None] / WORDS, WORDS, axis=1)
    dz = normalise_back(d, f["n3"], f["s3"])
    g["fc2.weight"], g["fc2.bias"] = np.einsum("bno,bni->oi", dz, f["h"]), dz.sum(axis=(0, 1))
    dh = dz @ w["fc2.weight"] * (f["h"] > 0)
    g["fc1.weight"], g["fc1.bias"] = np.einsum("bno,bni->oi", dh, f["m"]), dh.sum(axis=(0, 1))
    dm = dh @ w["fc1.weight"]
    g["norm2.weight"], g["norm2.bias"] = (dm * f["n2"]).sum(axis=(0, 1)), dm.sum(axis=(0, 1))
    dy = dz + normalise_back(dm * w["norm2.weight"], f["n2"], f["s2"])
    do = split(dy)
    dv = f["p"].swapaxes(2, 3) @ do
    dp = do @ f["v"].swapaxes(2, 3)
    ds = f["some"] * f["p"] * (dp - (dp * f["p"]).sum(axis=3, keepdims=True)) / np.sqrt(WIDTH / HEADS)
    dn = 0
    for name, part in (("wq.weight", ds @ f["k"]), ("wk.weight", ds.swapaxes(2, 3) @ f["q"]), ("wv.weight", dv)):
        part = merge(part)
        g[name] = np.einsum("bno,bni->oi", part, f["n"])
        dn = dn + part @ w[name]
    g["norm1.weight"], g["norm1.bias"] = (dn * f["n1"]).sum(axis=(0, 1)), dn.sum(axis=(0, 1))
    dx = dy + normalise_back(dn * w["norm1.weight"], f["n1"], f["s1"])
    g["place"] = dx.sum(axis=0)
    g["word.weight"] = np.zeros_like(w["word.weight"])
    np.add.at(g["word.weight"], f["words"], dx)
    return g


def train(w, words, labels, rng, steps, annealed, rate, batch=100):
    """Adam on the cross entropy, its rate falling to zero; changes `w`."""
    mean, square = ({name: np.zeros_like(part) for name, part in w.items()} for _ in range(2))
    for step in range(1, steps + 1):
        chosen = rng.integers(0, len(words), batch)
        logits, f = forward(w, words[chosen], annealed)
        slope = soft_max(logits)
        slope[np.arange(batch), labels[chosen]] -= 1
        for name, g in backward(w, f, slope / batch).items():
            mean[name] = 0.9 * mean[name] + 0.1 * g
            square[name] = 0.99 * square[name] + 0.01 * g**2
            w[name] -= rate * (1 - step / (steps + 1)) * (mean[name] / (1 - 0.9**step)) / (np.sqrt(square[name] / (1 - 0.99**step)) + 1e-8)
