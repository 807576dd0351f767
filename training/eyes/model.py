"""The eye network: 32x32 luma crop -> closed, openness, iris, gaze, quality (see DECODE.md)."""
import torch

from affect_training import quant

SIZE = 32


class EyeNet(quant.Network):
    def __init__(self, stem=32, first=48, second=64):
        super().__init__()
        self.stem = quant.Conv(1, stem, stride=2)
        self.down1 = quant.Conv(stem, first, stride=2)
        self.same1 = quant.Conv(first, first, scale=self.down1.scale)
        self.down2 = quant.Conv(first, second, stride=2)
        self.same2 = quant.Conv(second, second, scale=self.down2.scale)
        self.same3 = quant.Conv(second, second, scale=self.down2.scale)
        self.eye = quant.Conv(second, 8, act=quant.HEAD, whole=True, plane=(4, 4))
        self.eye.weight.data.mul_(0.1)
        self.eye.bias.data.copy_(torch.tensor([0., 0.7, 0.5, 0.5, 0., 0., 2., 0.]))

    def groups(self):
        """Convolutions that write and read the same channels, for affect_training.equalise."""
        return [([self.stem], [self.down1]), ([self.down1, self.same1], [self.same1, self.down2]),
                ([self.down2, self.same2, self.same3],
                                                                   [self.same2, self.same3, self.eye])]

    def run(self, x):
        x = self.down1(self.stem(x))
        x = self.same1(x, x)
        x = self.down2(x)
        x = self.same2(x, x)
        x = self.same3(x, x)
        return {'eye': self.eye(x)}


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
    print('multiply-accumulates %d, weights %d' % count(EyeNet()))
