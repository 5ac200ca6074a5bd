"""pixels.py - pictures as arrays: halving, bicubic doubling, patches with their contrast taken out, and putting details back."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

PATCH, DETAIL = 5, 6  # pixels across, of the small and of the large picture


def half(image):
    """Every 2 x 2 pixels averaged."""
    return image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2).mean(axis=(1, 3))


def cubic(t):
    """The kernel of bicubic interpolation (Keys 1981, a = -1/2)."""
    t = abs(t)
    return np.where(t < 1, 1.5 * t**3 - 2.5 * t**2 + 1, np.where(t < 2, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2, 0))


def bicubic(image):
    """Twice the size; beyond the border, its pixels go on."""
    size = len(image)
    weights = np.zeros((2 * size, size))
    for row in range(2 * size):
        centre = (row + 0.5) / 2 - 0.5
        for k in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            weights[row, min(max(k, 0), size - 1)] += cubic(centre - k)
    return weights @ image @ weights.T


def patches_of(small):
    """(patches [count, 25] around each pixel, mean 0 and contrast 1; their contrasts [count])."""
    patches = sliding_window_view(np.pad(small, PATCH // 2, mode="edge"), (PATCH, PATCH)).reshape(-1, PATCH**2)
    patches = patches - patches.mean(axis=1, keepdims=True)
    contrast = patches.std(axis=1) + 0.01
    return patches / contrast[:, None], contrast


def details_of(large, small):
    """What bicubic doubling of `small` lacks, in squares of 6 x 6 around each pixel of `small`: [count, 36]."""
    lack = np.pad(large - bicubic(small), 2, mode="edge")
    return sliding_window_view(lack, (DETAIL, DETAIL))[::2, ::2].reshape(-1, DETAIL**2)


def put_back(details, size):
    """The picture of 2 * size pixels across whose squares are `details`; where they overlap, their mean."""
    total, count = np.zeros((2, 2 * size + 4, 2 * size + 4))
    for k, square in enumerate(details.reshape(-1, DETAIL, DETAIL)):
        at = np.s_[2 * (k // size):2 * (k // size) + DETAIL, 2 * (k % size):2 * (k % size) + DETAIL]
        total[at] += square
        count[at] += 1
    return (total / count)[2:-2, 2:-2]


def agree(large, small, times=10):
    """Back-projection: corrects `large` until its half is `small` again."""
    for _ in range(times):
        large = large + bicubic(small - half(large))
    return np.clip(large, 0, 1)


def psnr(image, truth):
    """Peak signal to noise ratio in decibels; higher is closer."""
    return float(-10 * np.log10(((image - truth) ** 2).mean()))


def greedy_code(y, atoms, steps, price, limit=1000):
    """Bits [count, atoms, steps] for patches y [count, P] by greedy descent: from nothing, the flip that gains most, until none gains."""
    gram, fit = atoms.T @ atoms, y @ atoms
    bits = np.zeros((len(y), atoms.shape[1] * len(steps)))
    active = np.arange(len(y))
    for _ in range(limit):
        code = bits[active].reshape(len(active), -1, len(steps)) @ steps
        slope = 2 * (code @ gram - fit[active])
        change = ((1 - 2 * bits[active]) * ((slope[:, :, None] * steps).reshape(len(active), -1) + price)
                  + (steps**2 * np.diag(gram)[:, None]).reshape(-1))
        best = change.argmin(axis=1)
        gains = change[np.arange(len(active)), best] < -1e-9
        active, best = active[gains], best[gains]
        if not len(active):
            break
        bits[active, best] = 1 - bits[active, best]
    return bits.reshape(len(y), -1, len(steps))
