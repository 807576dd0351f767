"""The contrast table of docs/arithmetic.md, for one picture (NumPy) and for batches (PyTorch)."""
import math

import numpy as np
import torch

PAD = 64                # what lies outside a picture, after the table


def table(hist):
    """uint8[256] -> 0..127 from a histogram of 256 counts."""
    hist = np.asarray(hist, np.int64)
    while hist.sum() >= 1 << 20:
        hist = hist >> 1
    n = int(hist.sum())
    v = np.arange(256, dtype=np.int64)
    if n == 0:
        return (v >> 1).astype(np.uint8)
    s1, s2 = int((hist * v).sum()), int((hist * v * v).sum())
    mean = (256 * s1 + n // 2) // n
    sigma = max(math.isqrt((n * s2 - s1 * s1) * 256 // (n * n)), 64)
    gain = 4096 * 28 // sigma
    return np.clip((64 * 65536 + (256 * v - mean) * gain + 32768) >> 16, 0, 127).astype(np.uint8)


def normalise(luma, inside=None):
    """uint8 luma (H,W) -> uint8 0..127; `inside` (bool) marks real pixels, the rest becomes PAD."""
    luma = np.asarray(luma, np.uint8)
    seen = luma if inside is None else luma[inside]
    out = table(np.bincount(seen.ravel(), minlength=256))[luma]
    if inside is not None:
        out[~inside] = PAD
    return out


def normalise_batch(luma, inside=None):
    """Float luma 0..255 (N,1,H,W), any fractions -> integers 0..127 as floats.

    Within one step of the integer table (means and deviations are not rounded as there);
    `inside` (N,1,H,W) of 0/1 marks real pixels. For training only.
    """
    w = torch.ones_like(luma) if inside is None else inside
    n = w.sum((1, 2, 3), keepdim=True).clamp_min(1)
    x = torch.floor(luma + 0.5).clamp(0, 255)
    mean = (x * w).sum((1, 2, 3), keepdim=True) / n
    var = (x * x * w).sum((1, 2, 3), keepdim=True) / n - mean * mean
    sigma = var.clamp_min(16).sqrt()
    y = torch.floor(64 + (x - mean) * (28 / sigma) + 0.5).clamp(0, 127)
    return y if inside is None else torch.where(w > 0, y, torch.full_like(y, PAD))
