"""Reads a network back from its .affn container or C source, to train on from the published weights.

Integers become real weights with every activation scale 1/64, so that nothing shared has to agree; the
quantised part of the next training chooses scales anew. `unfold` gives the layers batch norm again.
"""
import math
import re
import struct

import numpy as np
import torch
import torch.nn as nn

from . import quant

CONVOLUTIONS = {1: 'conv', 2: 'depthwise', 3: 'dense'}


def read(path):
    """Bytes of a container, from .affn or from the C source that holds it."""
    with open(path, 'rb') as f:
        data = f.read()
    if data[:4] == b'AFFN':
        return data
    body = re.search(rb'\{([0-9,\s]+)\}', data).group(1)
    return bytes(int(v) for v in body.replace(b'\n', b'').split(b',') if v.strip())


def count(data):
    """How many layers there are."""
    return struct.unpack_from('<H', data, 48)[0]


def params(data):
    """The network's own parameters (its MODEL_CARD)."""
    at, many = struct.unpack_from('<2I', data, 72)
    return np.frombuffer(data, '<f4', many, at).tolist()


def record(data, index):
    """The numbers of a layer's record (docs/container.md)."""
    return struct.unpack_from('<8B4H5I', data, 128 + 64 * index)


def layers(data):
    """Convolutions in the order they run: real weights as PyTorch has them, and bias."""
    out = []
    for i in range(count(data)):
        f = record(data, i)
        op, head, kh, kw, shift = f[0], f[1] & 1, f[2], f[3], f[6]
        cin, cout, at_w, size, at_b, at_m = f[10], f[11], f[12], f[13], f[14], f[15]
        if op not in CONVOLUTIONS:
            continue
        w = np.frombuffer(data, np.int8, size, at_w).astype(np.float32)
        w = w.reshape(kh, kw, cout, 1).transpose(2, 3, 0, 1) if op == 2 \
            else w.reshape(cout, kh, kw, cin).transpose(0, 3, 1, 2)
        b = np.frombuffer(data, '<i4', cout, at_b).astype(np.float32)
        if head:
            factor = np.frombuffer(data, '<f4', cout, at_m).astype(np.float32)
            w, b = w * factor[:, None, None, None] / quant.INPUT_SCALE, b * factor
        else:
            factor = np.frombuffer(data, '<u2', cout, at_m).astype(np.float32) / 2.0 ** (15 + shift)
            w, b = w * factor[:, None, None, None], b * factor * quant.INPUT_SCALE
        out.append((torch.from_numpy(np.ascontiguousarray(w)), torch.from_numpy(b)))
    return out


def running_order(net, width, height):
    """Names of the convolutions in the order they run."""
    order, hooks = [], []
    for name, m in net.named_modules():
        if isinstance(m, quant.Conv):
            hooks.append(m.register_forward_hook(lambda *_, name=name: order.append(name)))
    with torch.no_grad():
        net.eval()(torch.zeros(1, 1, height, width))
    for h in hooks:
        h.remove()
    return order


def restore(net, path, width, height, like=None):
    """Puts a container's weights into net, a network of the same shape or, with `like` a network of
    the container's shape, one that has its channels among others. Batch norm goes from every layer; the
    channels that are new get no say in the old ones. Returns the names of layers that were restored."""
    found = layers(read(path))
    names = running_order(like or net, width, height)
    assert len(names) == len(found), 'the container has another shape'
    modules, done = dict(net.named_modules()), []
    for m in modules.values():
        if isinstance(m, quant.Conv):
            m.norm = None
            m.bias.requires_grad_(True)
    with torch.no_grad():
        for name, (w, b) in zip(names, found):
            m = modules.get(name)
            if not isinstance(m, quant.Conv) or m.weight.shape[2:] != w.shape[2:]:
                continue
            o, i = w.shape[:2]
            m.weight[:o, i:] = 0
            m.weight[:o, :i], m.bias[:o] = w, b
            done.append(name)
    return done


@torch.no_grad()
def unfold(net, batches, but=()):
    """Batch norm before every ReLU again, set so that outputs over `batches` stay as they are."""
    def measure(m, args, out=None):
        y = m.convolve(args[0].x, m.weight)
        n = m.norm
        mean, var = y.mean((0, 2, 3)), y.var((0, 2, 3)).clamp_min(1e-6)
        n.running_mean.copy_(mean)
        n.running_var.copy_(var)
        n.weight.copy_(torch.sqrt(var + n.eps))
        n.bias.copy_(mean + m.bias)
        m.bias.zero_()
    hooks = []
    for name, m in net.named_modules():
        if isinstance(m, quant.Conv) and m.act == quant.RELU and name not in but:
            m.norm = nn.BatchNorm2d(m.cout, momentum=0.05)
            m.bias.requires_grad_(False)
            hooks.append(m.register_forward_pre_hook(measure))
    quant.set_mode(net.eval(), 'float')
    net(torch.cat(list(batches)))
    for h in hooks:
        h.remove()
    assert all(math.isfinite(float(p.sum())) for p in net.parameters())


def integers(data, plane):
    """The exact integers of every layer for a plane (H,W) 0..127: a list of (1,C,H,W) float64, heads their sums."""
    tensors = [torch.from_numpy(plane).double()[None, None]]
    for i in range(count(data)):
        op, _, kh, kw, stride, pad, shift, _, in1, in2, cin, cout, at_w, size, at_b, at_m, _ = record(data, i)
        a, b = tensors[in1], tensors[in2] if in2 != 0xFFFF else None
        if op in (1, 2):
            w = np.frombuffer(data, np.int8, size, at_w).astype(np.float64)
            w = w.reshape(kh, kw, cout, 1).transpose(2, 3, 0, 1) if op == 2 \
                else w.reshape(cout, kh, kw, cin).transpose(0, 3, 1, 2)
            bias = torch.from_numpy(np.frombuffer(data, '<i4', cout, at_b).astype(np.float64))
            y = nn.functional.conv2d(a, torch.from_numpy(np.ascontiguousarray(w)), bias, stride, pad, 1,
                                     cout if op == 2 else 1)
            if shift:
                mult = torch.from_numpy(np.frombuffer(data, '<u2', cout, at_m).astype(np.float64)).view(1, -1, 1, 1)
                y = quant.requantise(y, shift, mult)
                y = (y if b is None else y + b).clamp(0, quant.ACT_MAX)
        elif op == 5:
            y = nn.functional.interpolate(a, scale_factor=2, mode='nearest')
            y = y if b is None else (y + b).clamp(max=quant.ACT_MAX)
        else:
            raise NotImplementedError(f'operation {op}')
        tensors.append(y)
    return tensors[1:]
