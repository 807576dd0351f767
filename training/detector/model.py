"""The face detector: strides 8, 16, 32 and 64, anchor-free, 16 numbers a cell (DECODE.md).

Time decides the shape: one 5x5 convolution down to stride 4, then depthwise + pointwise; channels where planes
are small.
"""
import os
import sys

import torch
import torch.nn as nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from affect_training.quant import Act, Conv, HEAD, Network, Scale, Upsample2  # noqa: E402

STRIDES = (8, 16, 32, 64)
OUTPUTS, BOX = 16, 6                # numbers a cell; the first of them are score and box, the rest five points
STEP = 32                           # plane sizes are multiples of this


class Separable(nn.Module):
    """Depthwise 3x3 and pointwise; with residual=True the input is added before the last ReLU."""

    def __init__(self, cin, cout, stride=1, residual=False, scale=None):
        super().__init__()
        self.residual = residual
        self.depth = Conv(cin, cin, 3, stride, depthwise=True)
        self.point = Conv(cin, cout, 1, scale=scale)

    def forward(self, a):
        return self.point(self.depth(a), a if self.residual else None)


def last(width, first, end):
    """The layer that gives numbers first..end of a cell: unsure, a face of three cells."""
    conv = Conv(width, end - first, 1, act=HEAD)
    with torch.no_grad():
        conv.weight.mul_(0.3)
        conv.bias.copy_(torch.tensor([-4.5, .5, 1.5, 1.5, 1.5, 1.5, -.6, -.25, .6, -.25, 0, .35, -.5, .9, .5, .9])[first:end])
    return conv


class Head(nn.Module):
    """Separable 3x3, then the numbers of a cell."""

    def __init__(self, cin, outputs=OUTPUTS):
        super().__init__()
        self.mix = Separable(cin, cin)
        self.out = last(cin, 0, outputs)

    def forward(self, a):
        return self.out(self.mix(a))


class Points(nn.Module):
    """Five points at strides 32 and 64, from layers of their own: what finds a face is blind to where in it an eye lies."""

    def __init__(self, cin, width):
        super().__init__()
        scale = Scale()
        self.first = Separable(cin, width, scale=scale)
        self.body = Separable(width, width, residual=True, scale=scale)
        self.down = Separable(width, width, 2)
        self.out32, self.out64 = last(width, BOX, OUTPUTS), last(width, BOX, OUTPUTS)

    def forward(self, a):
        a = self.body(self.first(a))
        return self.out32(a), self.out64(self.down(a))

    def groups(self):
        """As Detector.groups, of the channels inside."""
        separables = self.first, self.body, self.down
        return [([b.depth], [b.point]) for b in separables] + [([self.down.point], [self.out64]),
                ([self.first.point, self.body.point], [self.body.depth, self.down.depth, self.out32])]


class Detector(Network):
    """c8: width at stride 8; c16, c32: at strides 16 and 32 (and 64); points: of the layers for points alone."""

    def __init__(self, c4=32, c8=48, c16=96, c32=128, n8=3, n16=3, n32=2, points=96):
        super().__init__()
        s8, s16, s32 = Scale(), Scale(), Scale()
        self.stem = Conv(1, c4, 5, 4)
        self.down8 = Separable(c4, c8, 2, scale=s8)
        self.body8 = nn.Sequential(*[Separable(c8, c8, residual=True, scale=s8) for _ in range(n8)])
        self.down16 = Separable(c8, c16, 2, scale=s16)
        self.body16 = nn.Sequential(*[Separable(c16, c16, residual=True, scale=s16) for _ in range(n16)])
        self.down32 = Separable(c16, c32, 2, scale=s32)
        self.body32 = nn.Sequential(*[Separable(c32, c32, residual=True, scale=s32) for _ in range(n32)])
        self.down64 = Separable(c32, c32, 2)
        self.up32 = Conv(c32, c16, 1, scale=s16)
        self.up16 = Conv(c16, c8, 1, scale=s8)
        self.merge = Upsample2()
        self.head8, self.head16, self.head32, self.head64 = Head(c8), Head(c16), Head(c32, BOX), Head(c32, BOX)
        self.points = Points(c32, points)

    def groups(self):
        """Convolutions that write and read the same channels, for affect_training.equalise."""
        bodies, heads = (self.body8, self.body16, self.body32), (self.head8, self.head16, self.head32, self.head64)
        blocks = [self.down8, self.down16, self.down32, self.down64, *(b for body in bodies for b in body)]
        pairs = [([b.depth], [b.point]) for b in blocks + [h.mix for h in heads]]
        pairs += [([h.mix.point], [h.out]) for h in heads]
        pairs += [([self.stem], [self.down8.depth]), ([self.down64.point], [self.head64.mix.depth])]
        pairs += self.points.groups()
        # one stream of channels at each stride: what writes into it, what reads it
        for body, first, up, readers in zip(bodies, (self.down8, self.down16, self.down32), (self.up16, self.up32, None),
                                            ([self.down16.depth], [self.down32.depth, self.up16],
                                             [self.down64.depth, self.up32, self.points.first.depth])):
            writers = [first.point, *(b.point for b in body)] + ([up] if up else [])
            pairs.append((writers, [b.depth for b in body] + readers + [heads[bodies.index(body)].mix.depth]))
        return pairs

    def run(self, a: Act):
        f8 = self.body8(self.down8(self.stem(a)))
        f16 = self.body16(self.down16(f8))
        f32 = self.body32(self.down32(f16))
        f64 = self.down64(f32)
        p16 = self.merge(self.up32(f32), f16)
        p8 = self.merge(self.up16(p16), f8)
        heads = {'stride8': self.head8(p8), 'stride16': self.head16(p16),
                 'stride32': self.head32(f32), 'stride64': self.head64(f64)}
        heads['points32'], heads['points64'] = self.points(f32)
        return heads


def costs(net, width=640, height=480):
    """(multiply-accumulates, dense-equivalents, weight bytes) of one plane.

    Equivalents weigh by kernel speed: first layer 2.5, depthwise 2, the rest 1.
    """
    total, equal, size, hooks = [0], [0], [0], []

    def count(m, args, out):
        n = out.x.shape[2] * out.x.shape[3] * m.weight.numel()
        total[0] += n
        equal[0] += n * (2.5 if m.cin == 1 else 2 if m.groups > 1 else 1)
        size[0] += m.weight.numel() + 8 * m.cout
    for m in net.modules():
        if isinstance(m, Conv):
            hooks.append(m.register_forward_hook(count))
    with torch.no_grad():
        net(torch.zeros(1, 1, height, width))
    for h in hooks:
        h.remove()
    return total[0], equal[0], size[0]


if __name__ == '__main__':
    macs, equal, size = costs(Detector().eval())
    print(f'{macs / 1e6:.1f} M multiply-accumulates at 640x480, {equal / 1e6:.1f} M dense-equivalents, '
          f'{size / 1e3:.1f} kB')
