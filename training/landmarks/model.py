"""The landmark network: 96x96 luma crop -> 68 points, visibility and presence, pose (see DECODE.md)."""
import torch

from affect_training import quant

SIZE = 96


class Block(torch.nn.Module):
    """Two 3x3 convolutions around a residual; all tensors of a chain of blocks share one scale."""

    def __init__(self, channels, scale):
        super().__init__()
        self.a = quant.Conv(channels, channels)
        self.b = quant.Conv(channels, channels, scale=scale)

    def forward(self, x):
        return self.b(self.a(x), x)


class Stage(torch.nn.Module):
    """A stride-2 convolution, then blocks."""

    def __init__(self, cin, cout, blocks):
        super().__init__()
        self.down = quant.Conv(cin, cout, stride=2)
        self.blocks = torch.nn.ModuleList(Block(cout, self.down.scale) for _ in range(blocks))

    def forward(self, x):
        x = self.down(x)
        for block in self.blocks:
            x = block(x)
        return x


class LandmarkNet(quant.Network):
    def __init__(self, stem=16, widths=(32, 64, 64), blocks=(1, 2, 1), neck=48, seen=16):
        super().__init__()
        self.stem = quant.Conv(1, stem, stride=2)
        chain = [stem, *widths]
        self.stages = torch.nn.ModuleList(Stage(*chain[i:i + 2], blocks[i]) for i in range(len(widths)))
        side = SIZE >> (1 + len(widths))
        self.neck = quant.Conv(widths[-1], neck, k=1)
        self.seen = quant.Conv(widths[-1], seen, k=1)
        plane = (side, side)
        self.points = quant.Conv(neck, 136, act=quant.HEAD, whole=True, plane=plane)
        self.visible = quant.Conv(seen, 69, act=quant.HEAD, whole=True, plane=plane)
        self.pose = quant.Conv(neck, 6, act=quant.HEAD, whole=True, plane=plane)
        for head in (self.points, self.visible, self.pose):
            head.weight.data.mul_(0.1)

    def set_mean(self, points, pose):
        """Starts the heads at the mean answer."""
        self.points.bias.data.copy_(points.flatten())
        self.pose.bias.data.copy_(pose)
        self.visible.bias.data.fill_(2.0)

    def groups(self):
        """Convolutions that write and read the same channels, for affect_training.equalise."""
        out = [([self.stem], [self.stages[0].down])]
        for i, stage in enumerate(self.stages):
            last = i + 1 == len(self.stages)
            readers = [self.neck, self.seen] if last else [self.stages[i + 1].down]
            out += [([stage.down] + [b.b for b in stage.blocks], [b.a for b in stage.blocks] + readers)]
            out += [([b.a], [b.b]) for b in stage.blocks]
        return out + [([self.neck], [self.points, self.pose]), ([self.seen], [self.visible])]

    def run(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        neck = self.neck(x)
        return {'points': self.points(neck), 'visible': self.visible(self.seen(x)), 'pose': self.pose(neck)}


def count(net):
    """(multiply-accumulates, weight bytes) of one crop."""
    total = [0, 0]

    def hook(layer, _, out):
        total[0] += layer.weight[0].numel() * out.x[0].numel()
        total[1] += layer.weight.numel()
    handles = [m.register_forward_hook(hook) for m in net.modules() if isinstance(m, quant.Conv)]
    with torch.no_grad():
        net.eval()(torch.zeros(1, 1, SIZE, SIZE))
    for h in handles:
        h.remove()
    return tuple(total)


if __name__ == '__main__':
    print('multiply-accumulates %d, weights %d' % count(LandmarkNet()))
