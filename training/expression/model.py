"""The expression network: 64x64 luma in, emotions, expressions and quality out."""
import torch.nn as nn
import torch.nn.functional as F

from affect_training.quant import HEAD, Act, Conv, Network, Scale

EMOTIONS = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt')
EXPRESSIONS = ('brow_furrow', 'brow_raise', 'inner_brow_raise', 'cheek_raise', 'chin_raise', 'dimpler', 'eye_closure',
               'eye_widen', 'lid_tighten', 'jaw_drop', 'mouth_open', 'lip_corner_depressor', 'lip_press', 'lip_pucker',
               'lip_stretch', 'lip_suck', 'nose_wrinkle', 'smile', 'smirk', 'upper_lip_raise')
SIDE = 64


class Block(nn.Module):
    """Two 3x3 convolutions around a shortcut: y = relu(conv(conv(x)) + x)."""

    def __init__(self, channels, middle, scale):
        super().__init__()
        self.a = Conv(channels, middle)
        self.b = Conv(middle, channels, scale=scale)

    def forward(self, x):
        return self.b(self.a(x), residual=x)


class Stage(nn.Module):
    """A convolution of stride 2 and blocks that share its scale."""

    def __init__(self, cin, cout, middles):
        super().__init__()
        self.scale = Scale()
        self.down = Conv(cin, cout, stride=2, scale=self.scale)
        self.blocks = nn.ModuleList(Block(cout, m, self.scale) for m in middles)

    def forward(self, x):
        x = self.down(x)
        for b in self.blocks:
            x = b(x)
        return x


class ExpressionNet(Network):
    """stem 5x5/2 -> 32x32, then stages at 16x16, 8x8 and 4x4; the heads see the whole 4x4 plane."""

    def __init__(self, stem=32, stages=((48, (32,)), (96, (96,)), (80, (80,))), dropout=0.3):
        super().__init__()
        self.stem = Conv(1, stem, k=5, stride=2)
        widths = [stem] + [c for c, _ in stages]
        self.stages = nn.ModuleList(Stage(widths[i], c, m) for i, (c, m) in enumerate(stages))
        last, plane = widths[-1], (SIDE >> (len(stages) + 1),) * 2
        self.emotions = Conv(last, 8, whole=True, plane=plane, act=HEAD)
        self.expressions = Conv(last, 20, whole=True, plane=plane, act=HEAD)
        self.quality = Conv(last, 1, whole=True, plane=plane, act=HEAD)
        self.dropout = dropout

    def run(self, a):
        a = self.stem(a)
        for s in self.stages:
            a = s(a)
        if self.training and self.mode == 'float' and self.dropout:
            a = Act(F.dropout(a.x, self.dropout), a.scale, a.node)
        return dict(emotions=self.emotions(a), expressions=self.expressions(a), quality=self.quality(a))


def cost(net, side=SIDE):
    """Multiply-accumulates and weight bytes of a network, counted while it runs once."""
    import torch
    total = [0, 0]

    def count(m, _, out):
        total[0] += out.x.shape[2] * out.x.shape[3] * m.weight.numel()
        total[1] += m.weight.numel()
    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, Conv)]
    with torch.no_grad():
        net.eval()(torch.zeros(1, 1, side, side))
    for h in hooks:
        h.remove()
    return total


if __name__ == '__main__':
    print('MACs %d, weight bytes %d' % tuple(cost(ExpressionNet())))
