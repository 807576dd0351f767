"""Writes a network as .affn container (docs/container.md), as C source, with golden CRCs."""
import hashlib
import struct
import zlib

import numpy as np
import torch

from . import quant

OPS = {'conv': 1, 'depthwise': 2, 'dense': 3, 'add': 4, 'upsample2': 5, 'maxpool2': 6, 'concat': 7,
       'meanpool': 8}
NONE = 0xFFFF


def golden_input(width, height, seed):
    """The pseudo-random input plane of the container's golden vector, uint8 (height, width)."""
    out = np.empty((height, width), np.uint8)
    state = seed
    for y in range(height):
        for x in range(width):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            out[y, x] = abs((3 * x + 2 * y) % 128 - 64) + (state >> 26)
    return out


def nhwc_bytes(x, dtype):
    """One (1,C,H,W) tensor as pixel-major bytes, channels padded with zeros to 16."""
    a = x[0].detach().permute(1, 2, 0).numpy()
    assert np.array_equal(a, np.rint(a)), 'not integers'
    c = a.shape[2]
    out = np.zeros((*a.shape[:2], (c + 15) // 16 * 16), dtype)
    out[:, :, :c] = a
    return out.tobytes()


def golden_of(x, is_head):
    """The checksum of a layer's integers that stands in its record."""
    return zlib.crc32(nhwc_bytes(x, '<i4' if is_head else np.uint8))


class Recorder:
    """Collects layer records while a network in exact mode runs once on its golden input."""

    def __init__(self):
        self.layers = []

    def add(self, op, inputs, output, layer=None, weights=None, bias=None, shift=0, mult=None, acc=None,
            out_scale=None):
        rec = dict(op=op, inputs=inputs, shift=shift, kernel=(0, 0), stride=0, pad=0, cout=output.shape[1],
                   weights=b'', bias=b'', mult=b'', head=None, node=len(self.layers) + 1)
        if layer is not None:
            rec['op'] = 'dense' if layer.whole else 'depthwise' if layer.groups > 1 else 'conv'
            rec.update(kernel=layer.kernel, stride=layer.stride, pad=layer.pad)
            order = (2, 3, 0, 1) if rec['op'] == 'depthwise' else (0, 2, 3, 1)
            rec['weights'] = weights.detach().permute(*order).numpy().astype(np.int8).tobytes()
            rec['bias'] = bias.detach().numpy().astype('<i4').tobytes()
            assert float(bias.abs().max()) < 2 ** 30
        if acc is not None:
            rec['mult'] = out_scale.detach().numpy().astype('<f4').tobytes()
            rec['golden'] = golden_of(acc, True)
            rec['is_head'] = True
        else:
            if mult is not None:
                rec['mult'] = mult.detach().numpy().astype('<u2').tobytes()
            rec['golden'] = golden_of(output, False)
            rec['is_head'] = False
        self.layers.append(rec)
        return rec['node']


def record(net, width, height, seed):
    """Runs net on its golden input and returns the layer records, heads numbered."""
    quant.set_mode(net.eval(), 'exact')
    quant.RECORDER = recorder = Recorder()
    try:
        with torch.no_grad():
            x = torch.from_numpy(golden_input(width, height, seed)).double()[None, None]
            heads = net.run(quant.input_act(x, 'exact', net.input_scale))
    finally:
        quant.RECORDER = None
        quant.set_mode(net, 'qat')
    channels = {0: 1, **{r['node']: r['cout'] for r in recorder.layers}}
    for number, act in enumerate(heads.values()):
        recorder.layers[act.node - 1]['head'] = number
    for r in recorder.layers:
        r['cin'] = channels[r['inputs'][0]]
        assert r['is_head'] == (r['head'] is not None), 'a head that is not returned, or the reverse'
    return recorder.layers, list(heads)


def container(net, name, version, fixed_size, golden_size, step=1, seed=1, params=()):
    """Bytes of the .affn file. Sizes are (width, height); fixed_size None: any multiple of step."""
    layers, heads = record(net, *golden_size, seed)
    body = bytearray(128 + 64 * len(layers))

    def put(data, align):
        if not data:
            return 0
        body.extend(b'\0' * (-len(body) % align))
        body.extend(data)
        return len(body) - len(data)

    params_at = put(np.asarray(params, '<f4').tobytes(), 4)
    for i, r in enumerate(layers):
        ins = list(r['inputs']) + [NONE]
        at_w, at_b, at_m = put(r['weights'], 64), put(r['bias'], 4), put(r['mult'], 4)
        struct.pack_into('<8B4H5I', body, 128 + 64 * i, OPS[r['op']], 1 if r['is_head'] else 0, *r['kernel'],
                         r['stride'], r['pad'], r['shift'], r['head'] or 0, ins[0], ins[1], r['cin'],
                         r['cout'], at_w, len(r['weights']), at_b, at_m, r['golden'])
    body.extend(b'\0' * (-len(body) % 64))
    w, h = fixed_size or (0, 0)
    struct.pack_into('<4sHHII24s3HH', body, 0, b'AFFN', 1, 128, len(body), 0, name.encode(), *version, 0)
    struct.pack_into('<8HIIII', body, 48, len(layers), len(heads), w, h, step, *golden_size, 0, seed, 128,
                     params_at, len(params))
    struct.pack_into('<I', body, 12, zlib.crc32(bytes(body[16:])))
    return bytes(body)


def write_c(data, path, symbol, comment):
    """The container as C source: const unsigned char symbol[], 64-byte aligned."""
    lines = [f'/* {comment}', f' * SHA-256 {hashlib.sha256(data).hexdigest()}',
             ' * Written by training/affect_training/export.py; do not edit. */', '#include "models/models.h"', '',
             f'_Alignas(64) const unsigned char {symbol}[{len(data)}] = {{']
    lines += [','.join(map(str, data[i:i + 32])) + ',' for i in range(0, len(data), 32)]
    lines += ['};', f'const unsigned {symbol}_size = {len(data)};', '']
    with open(path, 'w') as f:
        f.write('\n'.join(lines))
