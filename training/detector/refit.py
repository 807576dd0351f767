"""Fits the last layers' rows of the five points anew, by least squares on training pictures: boxes and scores stay as they are, bit by bit.

    refit.py --pack DIR --weights ../../lib/models/detector/weights.c --version 0.7.1 [--ridge .1] [--judge]

The rows that train.py leaves are a compromise with all other losses (after points.py there is nothing left to gain: LOG). The library gives a face the mean of the points of all cells
whose boxes are suppressed for it, by the cube of their scores; that mean is linear in the rows of all heads together, so every face of
the training's portraits and scenes gives one equation. Ridge regression to the rows there are, errors in eye distances by their
absolute value (reweighted eight times). Rewrites the C source, golden checksums by affect_training.container.integers, which first
has to reproduce those that are there. --judge: fits on nine tenths and tells the error on the rest for several ridges, writes nothing.
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
import export_net  # noqa: E402
from affect_training import container, export, quant  # noqa: E402
from data import TRAIN, Pictures  # noqa: E402
from evaluate import plane  # noqa: E402
from model import BOX  # noqa: E402
from points import restored, says  # noqa: E402
from train import flatten  # noqa: E402

NEAR = .03                              # error in eye distances below which all weigh the same
PICTURES = (('portraits', 1, (640, 512, 320, 256)), ('scenes', 5, (640, 320)))      # group, each so manieth, sizes


class Features:
    """What the last layers of points read, of a restored network."""

    def __init__(self, weights):
        self.net = net = restored(weights)
        # by rising stride: head of the container, the layer, its first row of points
        self.last = ((0, net.head8.out, BOX), (1, net.head16.out, BOX), (4, net.points.out32, 0), (5, net.points.out64, 0))
        self.read = {}
        for k, (_, layer, _) in enumerate(self.last):
            layer.register_forward_hook(lambda _, args, out, k=k: self.read.__setitem__(k, args[0].x))

    @torch.no_grad()
    def of(self, luma, faces, longest):
        """(features of all layers one after another, what is missing (10)) in eye distances, of each face that is found."""
        x, kx, ky = plane(luma, longest)
        out, centres, strides = flatten(self.net(torch.from_numpy(x)[None, None].float()))
        k = torch.tensor([kx, ky])
        points = centres.repeat(1, 5) + out[0, :, 6:] * strides[:, None]
        cells = [self.read[k][0].flatten(1).T for k in range(len(self.last))]
        first = np.cumsum([0] + [len(c) for c in cells])
        for t in torch.from_numpy(faces[(faces[:, 4] == 0) & (faces[:, 16] > 0)]).float():
            w = says(out[0], centres, strides, (t[:4].view(2, 2) * k).flatten())
            if w is None:
                continue
            truth = t[6:16].view(5, 2) * k
            eyes = (truth[0] - truth[1]).norm().clamp_min(1)
            weights = w * strides / eyes
            mean = [F.pad(weights[a:b] @ c, (0, 1), value=float(weights[a:b].sum()))
                    for a, b, c in zip(first, first[1:], cells)]
            yield torch.cat(mean), (truth.flatten() - w @ points) / eyes


def errors(x, y, d):
    return (y - x @ d).view(-1, 5, 2).norm(dim=2).mean(1)


def fit(x, y, ridge):
    """(features, 10): what to add to weights and biases of all heads."""
    w = torch.ones(len(x)).double()
    for _ in range(8):
        a = (x * w[:, None]).T @ x + ridge * w.mean() * torch.eye(x.shape[1]).double()
        d = torch.linalg.solve(a, (x * w[:, None]).T @ y)
        w = 1 / errors(x, y, d).clamp_min(NEAR)
    return d


def judge(x, y, which):
    """Prints the error of faces in a tenth of the pictures by the ridge of a fit on the others."""
    last = which % 10 == 0
    for ridge in (.1, .3, 1, 3, 10, 30, 100):
        d = fit(x[~last], y[~last], ridge)
        print(f'ridge {ridge}: {100 * errors(x[last], y[last], 0 * d).mean():.2f} -> {100 * errors(x[last], y[last], d).mean():.2f} %, '
              f'of those fitted {100 * errors(x[~last], y[~last], d).mean():.2f} %')


def write_rows(data, index, layer, row, change):
    """Puts the rows of points of a last layer, the first of them `row`, into the container, quantised."""
    at_w, at_b, at_m = (container.record(data, index)[i] for i in (12, 14, 15))
    w = layer.weight.detach()[row:, :, 0, 0].double() + change[:-1].T
    b = layer.bias.detach()[row:].double() + change[-1]
    scale = (w.abs().amax(1) * quant.INPUT_SCALE / quant.ACT_MAX).float().double()
    rows = torch.floor(w * quant.INPUT_SCALE / scale[:, None] + .5).clamp(-127, 127)
    cin = rows.shape[1]
    end = row + len(rows)
    data[at_w + row * cin:at_w + end * cin] = rows.numpy().astype(np.int8).tobytes()
    data[at_b + 4 * row:at_b + 4 * end] = torch.floor(b / scale + .5).numpy().astype('<i4').tobytes()
    data[at_m + 4 * row:at_m + 4 * end] = scale.numpy().astype('<f4').tobytes()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--pack', required=True)
    p.add_argument('--weights', required=True)
    p.add_argument('--version', required=True)
    p.add_argument('--ridge', type=float, default=.1)
    p.add_argument('--judge', action='store_true')
    a = p.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    data, features, pics = bytearray(container.read(a.weights)), Features(a.weights), Pictures(a.pack)
    rows = [(*r, n) for group, step, sizes in PICTURES for n, i in enumerate(pics.select(group, TRAIN)[::step])
            for longest in sizes for r in features.of(pics.picture(i), pics.faces(i), longest)]
    x, y = (torch.stack([r[k] for r in rows]).double() for k in (0, 1))
    if a.judge:
        return judge(x, y, torch.tensor([r[2] for r in rows]))
    change = fit(x, y, a.ridge).split([layer.cin + 1 for _, layer, _ in features.last])
    print(f'{len(rows)} faces')

    width, height, _, seed = struct.unpack_from('<3HI', data, 58)
    golden = export.golden_input(width, height, seed)
    old = container.integers(bytes(data), golden)
    assert all(export.golden_of(y, container.record(data, i)[1]) == container.record(data, i)[16]
               for i, y in enumerate(old)), 'these are not the integers of the trainer'
    heads = {container.record(data, i)[7]: i for i in range(container.count(data)) if container.record(data, i)[1]}
    for (head, layer, row), d in zip(features.last, change):
        write_rows(data, heads[head], layer, row, d)
    for i, y in enumerate(container.integers(bytes(data), golden)):
        struct.pack_into('<I', data, 128 + 64 * i + 32, export.golden_of(y, container.record(data, i)[1]))
    struct.pack_into('<3H', data, 40, *(int(v) for v in a.version.split('.')))
    struct.pack_into('<I', data, 12, zlib.crc32(bytes(data[16:])))
    export_net.write(bytes(data), a.weights, a.version)


if __name__ == '__main__':
    main()
