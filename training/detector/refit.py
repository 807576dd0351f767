"""Fits the last layer's rows of the five points anew, by least squares on training pictures: boxes and scores stay as they are, bit by bit.

    refit.py --pack DIR --weights ../../lib/models/detector/weights.c --version 0.5.1

The rows that the training left are a compromise with all other losses. Here every cell that finds a face of the training's
portraits and scenes gives its features and what its points are off by; ridge regression to the rows there are, weighed by the eye
distance, errors by their absolute value (reweighted eight times). Rewrites the C source, golden checksums by
affect_training.container.integers, which first has to reproduce those that are there.
"""
import argparse
import os
import struct
import sys
import zlib

import cv2
import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..'), HERE]
from affect_training import container, export, quant  # noqa: E402
from data import TRAIN, Pictures  # noqa: E402
from evaluate import plane  # noqa: E402
from model import Detector  # noqa: E402
from train import boxes_of, flatten, iou  # noqa: E402

CELLS, OVERLAP, SCORE = 6, .4, .35      # of a face: the best so many cells whose box fits and that are so sure
RIDGE, NEAR = 1.0, .03                  # error in eye distances below which all weigh the same


class Features:
    """What the heads' last layers read, of a restored network."""

    def __init__(self, weights):
        self.net = Detector()
        container.restore(self.net, weights, 160, 96)
        quant.set_mode(self.net.eval(), 'float')
        self.heads = (self.net.head8, self.net.head16, self.net.head32, self.net.head64)
        self.read = {}
        for k, h in enumerate(self.heads):
            h.out.register_forward_hook(lambda _, args, out, k=k: self.read.__setitem__(k, args[0].x))

    @torch.no_grad()
    def of(self, luma, faces, longest):
        """Rows (head, features and 1, offsets missing (10), eye distance) in strides, of cells that find a face."""
        x, kx, ky = plane(luma, longest)
        out, centres, strides = flatten(self.net(torch.from_numpy(x)[None, None].float()))
        score = torch.sqrt(torch.sigmoid(out[0, :, 0]) * torch.sigmoid(out[0, :, 1]))
        boxes, k = boxes_of(out, centres, strides)[0], torch.tensor([kx, ky])
        cells = [self.read[h][0].flatten(1).T for h in range(len(self.heads))]
        first = np.cumsum([0] + [len(c) for c in cells])
        for t in torch.from_numpy(faces[(faces[:, 4] == 0) & (faces[:, 16] > 0)]).float():
            fits = iou(boxes, (t[:4].view(2, 2) * k).view(1, 4)) > OVERLAP
            best, where = torch.where(fits, score, torch.zeros(())).topk(CELLS)
            points = t[6:16].view(5, 2) * k
            for j in where[best >= SCORE].tolist():
                head = int(np.searchsorted(first, j, 'right')) - 1
                missing = ((points - centres[j]) / strides[j]).flatten() - out[0, j, 6:]
                eyes = float((points[0] - points[1]).norm() / strides[j])
                yield head, F.pad(cells[head][j - first[head]], (0, 1), value=1.0), missing, max(eyes, .1)


def fit(rows):
    """(channels + 1, 10): what to add to weights and biases of a head."""
    x = torch.stack([r[1] for r in rows]).double()
    y = torch.stack([r[2] for r in rows]).double()
    eyes = torch.tensor([r[3] for r in rows]).double()
    w = 1 / eyes ** 2
    for _ in range(8):
        a = (x * w[:, None]).T @ x + RIDGE * w.mean() * torch.eye(x.shape[1]).double()
        d = torch.linalg.solve(a, (x * w[:, None]).T @ y)
        error = (y - x @ d).view(-1, 5, 2).norm(dim=2).mean(1) / eyes
        w = 1 / eyes ** 2 / error.clamp_min(NEAR)
    return d


def write_rows(data, index, head, change):
    """Puts rows 6..15 of a head's last layer into the container, quantised."""
    at_w, at_b, at_m = (container.record(data, index)[i] for i in (12, 14, 15))
    w = head.out.weight.detach()[6:, :, 0, 0].double() + change[:-1].T
    b = head.out.bias.detach()[6:].double() + change[-1]
    scale = (w.abs().amax(1) * quant.INPUT_SCALE / quant.ACT_MAX).float().double()
    rows = torch.floor(w * quant.INPUT_SCALE / scale[:, None] + .5).clamp(-127, 127)
    cin = rows.shape[1]
    data[at_w + 6 * cin:at_w + 16 * cin] = rows.numpy().astype(np.int8).tobytes()
    data[at_b + 24:at_b + 64] = torch.floor(b / scale + .5).numpy().astype('<i4').tobytes()
    data[at_m + 24:at_m + 64] = scale.numpy().astype('<f4').tobytes()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--pack', required=True)
    p.add_argument('--weights', required=True)
    p.add_argument('--version', required=True)
    a = p.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    data, features, pics = bytearray(container.read(a.weights)), Features(a.weights), Pictures(a.pack)
    rows = [r for group, step in (('portraits', 1), ('scenes', 9)) for n, i in enumerate(pics.select(group, TRAIN)[::step])
            for longest in ((640, 320) if n % 2 else (640,)) for r in features.of(pics.picture(i), pics.faces(i), longest)]

    count, = struct.unpack_from('<H', data, 48)
    width, height, _, seed = struct.unpack_from('<3HI', data, 58)
    golden = export.golden_input(width, height, seed)
    old = container.integers(bytes(data), golden)
    assert all(export.golden_of(y, container.record(data, i)[1]) == container.record(data, i)[16]
               for i, y in enumerate(old)), 'these are not the integers of the trainer'
    for i in range(count):
        number = container.record(data, i)[7]
        if container.record(data, i)[1]:
            mine = [r for r in rows if r[0] == number]
            write_rows(data, i, features.heads[number], fit(mine))
            print(f'head {number}: {len(mine)} cells')
    for i, y in enumerate(container.integers(bytes(data), golden)):
        struct.pack_into('<I', data, 128 + 64 * i + 32, export.golden_of(y, container.record(data, i)[1]))
    struct.pack_into('<3H', data, 40, *(int(v) for v in a.version.split('.')))
    struct.pack_into('<I', data, 12, zlib.crc32(bytes(data[16:])))
    export.write_c(bytes(data), a.weights, 'af_model_detector',
                   f'Face detector {a.version}; see MODEL_CARD.md beside this file.')


if __name__ == '__main__':
    main()
