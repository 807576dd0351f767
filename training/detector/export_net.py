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
    version = tuple(int(x) for x in a.version.split('.'))
    data = export.container(net, 'detector', version, None, (96, 160), step=STEP, seed=7,
                            params=[a.threshold, SUPPRESS, *STRIDES])
    export.write_c(data, a.out, 'af_model_detector',
                   f'Face detector {a.version}; see MODEL_CARD.md beside this file.')
    if a.binary:
        with open(a.binary, 'wb') as f:
            f.write(data)
    print(f'{a.out}: {len(data)} bytes')


if __name__ == '__main__':
    main()
