"""Writes a checkpoint as lib/models/expression/weights.c (and .affn when asked for).

    python export_net.py --net DIR/float.pt --cache CACHE --c ../../lib/models/expression/weights.c [--affn FILE]

A float checkpoint is folded and quantised without training, its scales chosen on training crops: it costs nothing here.
The temperature is fitted on the held-back pictures with the exact integers and stored as params[0].
"""
import argparse
import hashlib

import torch

from affect_training import export, quant
from data import Batches, Set
from evaluate import emotion_report, fit_temperature, held_rows, load, predict
from model import SIDE, cost

VERSION = (0, 1, 0)
CALIBRATION = dict(ferplus=50, rafdb=40, affectnet_yolo=10, stills=20, smiled=8)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('--net', required=True)
    a.add_argument('--cache', required=True)
    a.add_argument('--c')
    a.add_argument('--affn')
    a.add_argument('--version', type=int, nargs=3, default=VERSION)
    a = a.parse_args()
    torch.set_num_threads(1)
    net, d = load(a.net)
    if not d['folded']:
        crops = Batches(a.cache, CALIBRATION, 5, .1)
        quant.fold(net, [crops.next()['x'].float() for _ in range(16)])
    macs, weights = cost(net)
    quant.set_mode(net, 'exact')
    parts = {}
    for name in ('ferplus', 'rafdb'):
        s = Set(a.cache, name)
        rows = held_rows(s)
        parts[name] = predict(net, s, rows)['emotions'], s.label[rows].astype(int)
    t = fit_temperature(list(parts.values()))
    for name, (z, y) in parts.items():
        r = emotion_report(z, y, t)
        print(f"{name}: n {len(y)} int8 accuracy {100 * r['accuracy']:.2f} mean recall {100 * r['recall']:.2f} ece {r['ece']:.3f}")
    quant.set_mode(net, 'qat')
    net = net.to(memory_format=torch.contiguous_format)
    data = export.container(net, 'expression', tuple(a.version), (SIDE, SIDE), (SIDE, SIDE), seed=4, params=[t])
    print(f'MACs {macs} weights {weights} container {len(data)} bytes temperature {t:.2f} '
          f'sha256 {hashlib.sha256(data).hexdigest()}')
    if a.affn:
        with open(a.affn, 'wb') as f:
            f.write(data)
    if a.c:
        export.write_c(data, a.c, 'af_model_expression',
                       'Expression network %d.%d.%d: 8 emotions, 20 expressions, quality' % tuple(a.version))


if __name__ == '__main__':
    main()
