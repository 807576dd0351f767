"""Writes the trained detector as lib/models/detector/weights.c (container with golden vectors).

    export_net.py --checkpoint FILE --pack DIR --out lib/models/detector/weights.c --threshold 0.5

A float checkpoint is folded and quantised without training first (for a first look only).
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..'), HERE]
from affect_training import export  # noqa: E402
from evaluate import SUPPRESS, load  # noqa: E402
from model import STEP, STRIDES  # noqa: E402


def pack(net, version, params):
    """The container of a network in its integers."""
    return export.container(net, 'detector', tuple(int(x) for x in version.split('.')), None, (96, 160), step=STEP, seed=7, params=params)


def write(data, path, version):
    export.write_c(data, path, 'af_model_detector', f'Face detector {version}; see MODEL_CARD.md beside this file.')
    print(f'{path}: {len(data)} bytes')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--checkpoint', required=True)
    p.add_argument('--pack', required=True, help='for calibration of float checkpoints')
    p.add_argument('--out', required=True)
    p.add_argument('--version', default='0.1.0')
    p.add_argument('--threshold', type=float, required=True)
    p.add_argument('--binary', help='also write the container itself')
    a = p.parse_args()
    net = load(a.checkpoint, 'qat', a.pack)
    data = pack(net, a.version, [a.threshold, SUPPRESS, *STRIDES])
    write(data, a.out, a.version)
    if a.binary:
        with open(a.binary, 'wb') as f:
            f.write(data)


if __name__ == '__main__':
    main()
