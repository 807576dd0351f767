"""Writes the small random networks that tests/test_nn.c runs: tests/data/nn_*.affn.

They have no purpose but to hold every operation, kernel size, stride and odd channel count, with
the golden checksums of the trainer's float64 arithmetic.
"""
import argparse
import os

import torch

from affect_training import export, quant as q


class Mixed(q.Network):
    """Fixed 32x32: residuals, strides, upsample + add, dense, heads of odd widths."""

    def __init__(self):
        super().__init__()
        scale = q.Scale()
        self.stem = q.Conv(1, 16, 3, 2)
        self.depth = q.Conv(16, 16, 3, depthwise=True)
        self.point = q.Conv(16, 32, 1, scale=scale)
        self.a = q.Conv(32, 48, 3)
        self.b = q.Conv(48, 32, 3, scale=scale)
        self.down = q.Conv(32, 32, 3, 2, scale=scale)
        self.up, self.pool = q.Upsample2(), q.MaxPool2()
        self.cells = q.Conv(32, 17, 1, act=q.HEAD)
        self.full = q.Conv(32, 8, whole=True, plane=(8, 8))
        self.last = q.Conv(8, 5, 1, act=q.HEAD)

    def run(self, x):
        x = self.point(self.depth(self.stem(x)))
        x = self.b(self.a(x), x)
        z = self.up(self.down(x), x)
        return {'cells': self.cells(z), 'last': self.last(self.full(self.pool(z)))}


class Pyramid(q.Network):
    """Any multiple of 16: depthwise of stride 2, pools, concat, mean, plain upsample and add."""

    def __init__(self):
        super().__init__()
        s, t = q.Scale(), q.Scale()
        self.stem = q.Conv(1, 16, 5, 2)
        self.d1, self.p1 = q.Conv(16, 16, 3, 2, depthwise=True), q.Conv(16, 48, 1, scale=s)
        self.d2, self.p2 = q.Conv(48, 48, 3, depthwise=True), q.Conv(48, 48, 1, scale=s)
        self.d3, self.p3 = q.Conv(48, 48, 3, 2, depthwise=True), q.Conv(48, 80, 1, scale=t)
        self.d4, self.p4 = q.Conv(80, 80, 5, depthwise=True), q.Conv(80, 48, 1, scale=s)
        self.pool, self.up, self.add, self.cat = q.MaxPool2(), q.Upsample2(), q.Add(), q.Concat()
        self.mean = q.MeanPool()
        self.h8 = q.Conv(96, 16, 1, act=q.HEAD)
        self.hd = q.Conv(48, 48, 3, depthwise=True, act=q.HEAD)
        self.hm = q.Conv(80, 3, 1, act=q.HEAD)

    def run(self, x):
        a = self.p1(self.d1(self.stem(x)))
        a = self.p2(self.d2(a), a)
        b = self.p3(self.d3(a))
        c = self.p4(self.d4(b))
        d = self.add(c, self.pool(a))
        return {'h8': self.h8(self.cat(a, self.up(d))), 'hd': self.hd(d), 'hm': self.hm(self.mean(b))}


class Odd(q.Network):
    """Fixed 39x29: unusual kernels, strides 3 and 4, channel counts that are no multiple of 16."""

    def __init__(self):
        super().__init__()
        scale = q.Scale()
        self.stem = q.Conv(1, 20, 7, 3)
        self.a = q.Conv(20, 33, (2, 3), pad=1)
        self.b = q.Conv(33, 7, 4, 3, pad=2, scale=scale)
        self.c = q.Conv(7, 7, 5, scale=scale)
        self.d = q.Conv(7, 7, 7, 1, depthwise=True)
        self.e = q.Conv(7, 7, (1, 2), 1, pad=0, depthwise=True)
        self.f = q.Conv(7, 1, 2, 4, pad=0)
        self.g = q.Conv(1, 2, 1, act=q.HEAD)
        self.h = q.Conv(7, 100, whole=True, plane=(4, 5), act=q.HEAD)

    def run(self, x):
        b = self.b(self.a(self.stem(x)))
        c = self.c(b, b)
        return {'g': self.g(self.f(self.e(self.d(c)))), 'h': self.h(c)}


class Plain(q.Network):
    """Fixed 12x10: a dense layer that sees the input plane itself."""

    def __init__(self):
        super().__init__()
        self.full = q.Conv(1, 40, whole=True, plane=(10, 12))
        self.out = q.Conv(40, 4, 1, act=q.HEAD)

    def run(self, x):
        return {'out': self.out(self.full(x))}


NETWORKS = {'mixed': (Mixed, (32, 32), (32, 32), 1), 'pyramid': (Pyramid, None, (48, 32), 16),
            'odd': (Odd, (39, 29), (39, 29), 1), 'plain': (Plain, (12, 10), (12, 10), 1)}


def build(cls, size, seed):
    """A random network whose ranges are those of random pictures."""
    torch.manual_seed(seed)
    net = cls()
    x = torch.randint(0, 128, (8, 1, size[1], size[0])).float()
    net.train()
    with torch.no_grad():
        for _ in range(20):
            net(x)
    q.fold(net, [x])
    return net


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', help='where to write, tests/data')
    args = parser.parse_args()
    torch.set_num_threads(1)
    for number, (name, (cls, fixed, golden, step)) in enumerate(NETWORKS.items()):
        data = export.container(build(cls, golden, number), name, (1, 0, number), fixed, golden, step,
                                seed=number + 1, params=(0.5, 2.0, -3.0) if name == 'pyramid' else ())
        path = os.path.join(args.folder, f'nn_{name}.affn')
        with open(path, 'wb') as f:
            f.write(data)
        print(path, len(data))


if __name__ == '__main__':
    main()
