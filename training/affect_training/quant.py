"""Layers that train in float, then with the exact integer arithmetic of docs/arithmetic.md.

A network is an nn.Module built from these layers and called with an `Act`: a tensor of
activations together with its scale. Three modes, set for a whole network by `set_mode`:

  float  convolution, batch norm, ReLU: plain PyTorch on real values
  qat    the integers the C library computes, gradients straight through the roundings
  exact  the same integers in float64, where every sum is exact (golden vectors, accuracy)

In `qat` and `exact` activations are integer-valued floats 0..127. `fold` moves batch norm into
the weights and chooses the activation scales from `calibrate`d ranges; call it once, between
the float and the quantised part of a training.
"""
import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

ACT_MAX = 127
INPUT_SCALE = 1.0 / 64.0        # the network's input byte 64 stands for 1.0
HEAD, RELU = 'head', 'relu'


def ste(exact, smooth):
    """The value of `exact` with the gradient of `smooth`."""
    return smooth + (exact - smooth).detach()


def ste_round(x):
    return ste(torch.floor(x + 0.5), x)


class Scale(nn.Module):
    """The real value of one activation step; shared by all tensors that are added or joined."""

    def __init__(self):
        super().__init__()
        self.log = nn.Parameter(torch.zeros(()))
        self.register_buffer('seen', torch.zeros(()))       # largest range seen by calibrate

    def value(self):
        return torch.exp(self.log)

    def observe(self, x, quantile):
        """Widens the range to the `quantile` of the positive values of x."""
        flat = x.detach().flatten()
        if flat.numel() > 200_000:
            flat = flat[torch.randint(0, flat.numel(), (200_000,))]
        pos = flat[flat > 0]
        if pos.numel():
            self.seen.fill_(max(float(self.seen), float(torch.quantile(pos, quantile))))


class FixedScale(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.register_buffer('fixed', torch.tensor(float(value)))

    def value(self):
        return self.fixed


@dataclass
class Act:
    """Activations (N,C,H,W) and their scale; `node` names the tensor while an export records."""
    x: torch.Tensor
    scale: object
    node: int = -1


def input_act(x127, mode, scale):
    """Wraps network input bytes 0..127 (N,1,H,W) for the given mode."""
    x = x127.double() if mode == 'exact' else x127.float()
    return Act(x * INPUT_SCALE if mode == 'float' else x, scale, 0)


def requantise(acc, shift, mult):
    """The requantise rule on exact integers held in floats; no clamp to 0..127 yet."""
    r = torch.floor((acc + 2.0 ** (shift - 1)) / 2.0 ** shift).clamp(-32768, 32767)
    return torch.floor((r * mult + 16384.0) / 32768.0)


def choose_shift(factor):
    """Largest shift s in 1..24 for which every factor*2^(15+s) stays below 2^14."""
    biggest = max(float(factor.max()), 1e-12)
    return int(min(24, max(1, math.floor(math.log2(16383.0 / 32768.0 / biggest)))))


def multipliers(factor, shift):
    return torch.floor(factor * 2.0 ** (15 + shift) + 0.5).clamp(1, 32767)


RECORDER = None         # the open export.Recorder, if any


def record(op, inputs, out, **fields):
    if RECORDER is not None:
        out.node = RECORDER.add(op, [i.node for i in inputs], out.x, **fields)
    return out


class Layer(nn.Module):
    mode = 'float'


class Conv(Layer):
    """k×k convolution with batch norm and ReLU, a residual branch added before the ReLU if given.

    depthwise=True: one filter a channel. act=HEAD: no batch norm, no ReLU, real output with
    one scale a channel. whole=True: the kernel covers the whole plane (fully connected); cin is
    then the channels and `plane` the (height, width) of the input. `scale` shares the output
    scale with other tensors; a residual forces the scale of the branch it adds.
    """

    def __init__(self, cin, cout, k=3, stride=1, pad=None, depthwise=False, act=RELU, scale=None,
                 whole=False, plane=None):
        super().__init__()
        if whole:
            k, pad, stride = plane, 0, 1
        self.kernel = k if isinstance(k, tuple) else (k, k)
        self.stride, self.pad, self.whole = stride, (self.kernel[0] // 2 if pad is None else pad), whole
        self.groups = cin if depthwise else 1
        assert not depthwise or cin == cout
        self.cin, self.cout, self.act = cin, cout, act
        self.weight = nn.Parameter(torch.empty(cout, cin // self.groups, *self.kernel))
        nn.init.kaiming_normal_(self.weight, nonlinearity='relu' if act == RELU else 'linear')
        self.bias = nn.Parameter(torch.zeros(cout), requires_grad=act == HEAD)
        self.norm = nn.BatchNorm2d(cout, momentum=0.05) if act == RELU else None
        self.scale = scale or (Scale() if act == RELU else None)
        self.calibrating = None     # quantile while ranges are observed

    def convolve(self, x, w):
        return F.conv2d(x, w, None, self.stride, self.pad, 1, self.groups)

    def forward(self, a, residual=None):
        if residual is not None:
            assert residual.scale is self.scale, 'a residual needs one scale: Conv(scale=block.scale)'
        if self.mode == 'float':
            return self.forward_float(a, residual)
        return self.forward_integer(a, residual)

    def forward_float(self, a, residual):
        y = self.convolve(a.x, self.weight)
        y = self.norm(y) if self.norm is not None else y + self.bias.view(1, -1, 1, 1)
        if residual is not None:
            y = y + residual.x
        if self.act == RELU:
            y = F.relu(y)
            if self.calibrating:
                self.scale.observe(y, self.calibrating)
        return Act(y, self.scale)

    def integers(self, a_scale):
        """Integer weights and bias (with straight-through gradients) and the scale of the sum."""
        w = self.weight.double() if self.mode == 'exact' else self.weight
        b = self.bias.double() if self.mode == 'exact' else self.bias
        sw = (w.detach().abs().amax((1, 2, 3)) / ACT_MAX).clamp_min(1e-9)
        wi = ste_round(w / sw.view(-1, 1, 1, 1)).clamp(-127, 127)
        sum_scale = a_scale.to(w.dtype) * sw
        return wi, ste_round(b / sum_scale), sum_scale

    def forward_integer(self, a, residual):
        wi, bi, sum_scale = self.integers(a.scale.value())
        acc = self.convolve(a.x, wi) + bi.view(1, -1, 1, 1)
        if self.act == HEAD:
            scale = sum_scale.float().to(acc.dtype).view(1, -1, 1, 1)
            out = Act(acc * scale, None)
            return record('conv', [a], Act(out.x, None), layer=self, weights=wi, bias=bi, acc=acc,
                          out_scale=sum_scale)
        factor = sum_scale / self.scale.value().to(acc.dtype)
        with torch.no_grad():
            shift = choose_shift(factor)
            mult = multipliers(factor, shift)
            exact = requantise(acc, shift, mult.view(1, -1, 1, 1))
            if residual is not None:
                exact = exact + residual.x
            exact = exact.clamp(0, ACT_MAX)
        smooth = acc * factor.view(1, -1, 1, 1)
        if residual is not None:
            smooth = smooth + residual.x
        y = ste(exact, smooth.clamp(0, ACT_MAX))
        ins = [a] if residual is None else [a, residual]
        return record('conv', ins, Act(y, self.scale), layer=self, weights=wi, bias=bi, shift=shift,
                      mult=mult)

    def fold_norm(self):
        if self.norm is None:
            return
        n = self.norm
        g = n.weight / torch.sqrt(n.running_var + n.eps)
        self.weight.data.mul_(g.detach().view(-1, 1, 1, 1))
        self.bias.data.copy_((n.bias - n.running_mean * g).detach())
        self.bias.requires_grad_(True)
        self.norm = None


class Add(Layer):
    """min(127, a + b) of two tensors that share a scale."""

    def forward(self, a, b):
        assert a.scale is b.scale, 'add needs one scale'
        y = a.x + b.x
        if self.mode != 'float':
            y = y.clamp(max=ACT_MAX)
        return record('add', [a, b], Act(y, a.scale))


class Upsample2(Layer):
    """Nearest neighbour, twice as wide and high; with a second tensor: plus that, saturating."""

    def forward(self, a, b=None):
        y = F.interpolate(a.x, scale_factor=2, mode='nearest')
        if b is None:
            return record('upsample2', [a], Act(y, a.scale))
        assert a.scale is b.scale, 'add needs one scale'
        y = y + b.x
        if self.mode != 'float':
            y = y.clamp(max=ACT_MAX)
        return record('upsample2', [a, b], Act(y, a.scale))


class MaxPool2(Layer):
    """2×2, stride 2 (odd last row and column dropped)."""

    def forward(self, a):
        return record('maxpool2', [a], Act(F.max_pool2d(a.x, 2), a.scale))


class Concat(Layer):
    """Channels of a, then of b; both scales equal, channels of a a multiple of 16."""

    def forward(self, a, b):
        assert a.scale is b.scale and a.x.shape[1] % 16 == 0
        return record('concat', [a, b], Act(torch.cat([a.x, b.x], 1), a.scale))


class MeanPool(Layer):
    """Mean over the whole plane, same scale."""

    def forward(self, a):
        n = a.x.shape[2] * a.x.shape[3]
        mean = a.x.mean((2, 3), keepdim=True)
        if self.mode == 'float':
            return Act(mean, a.scale)
        factor = torch.full((a.x.shape[1],), 1.0 / n, dtype=a.x.dtype)
        shift = choose_shift(factor)
        mult = multipliers(factor, shift)
        exact = requantise(a.x.sum((2, 3), keepdim=True), shift, mult.view(1, -1, 1, 1))
        y = ste(exact.clamp(0, ACT_MAX), mean)
        return record('meanpool', [a], Act(y, a.scale), shift=shift, mult=mult)


def match_norms(net, state):
    """Takes batch norm from the layers that have none in a state dictionary, before it is loaded."""
    for name, m in net.named_modules():
        if isinstance(m, Conv) and f'{name}.norm.weight' not in state:
            m.norm = None
            m.bias.requires_grad_(True)
    return net


def set_mode(net, mode):
    for m in net.modules():
        if isinstance(m, Layer):
            m.mode = mode
    net.mode = mode
    return net


@torch.no_grad()
def fold(net, batches, quantile=0.9995):
    """Folds batch norm and sets every activation scale from float runs over `batches`.

    batches: iterable of float input byte tensors (N,1,H,W). Leaves the network in qat mode.
    """
    net.eval()
    set_mode(net, 'float')
    convs = [m for m in net.modules() if isinstance(m, Conv)]
    for c in convs:
        c.calibrating = quantile
    for x in batches:
        net(x)
    for c in convs:
        c.calibrating = None
        c.fold_norm()
        if isinstance(c.scale, Scale):
            c.scale.log.data.fill_(math.log(max(float(c.scale.seen), 1e-4) / ACT_MAX))
    return set_mode(net, 'qat')


class Network(nn.Module):
    """Base of all networks: subclasses build layers and implement `run(Act) -> dict of Act heads`.

    forward takes input bytes 0..127 as floats (N,1,H,W) and returns {head name: real tensor}.
    """
    mode = 'float'

    def __init__(self):
        super().__init__()
        self.input_scale = FixedScale(INPUT_SCALE)

    def forward(self, x127):
        heads = self.run(input_act(x127, self.mode, self.input_scale))
        return {k: v.x for k, v in heads.items()}
