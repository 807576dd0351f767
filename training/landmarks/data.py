"""Landmark packs as tensors."""
import io

import numpy as np
from PIL import Image


def decode_stills(path):
    """Rendered stills' JPEGs as luma (N,S,S) uint8."""
    z = np.load(path)
    raw, at = z['jpeg'].tobytes(), z['jpeg_offset']
    return np.stack([np.asarray(Image.open(io.BytesIO(raw[at[i]:at[i + 1]])).convert('L'))
                     for i in range(len(at) - 1)])
