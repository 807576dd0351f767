"""Writes the quantised eye network as container and as C source.

    python export_net.py --net RUN/qat.pt --out lib/models/eyes [--version 0 1 0] [--affn eyes.affn]
"""
import argparse
import hashlib

import evaluate
from affect_training import export


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--net', required=True)
    ap.add_argument('--out', required=True, help='folder of weights.c')
    ap.add_argument('--affn', help='the container as a file too')
    ap.add_argument('--version', type=int, nargs=3, default=(0, 1, 0))
    a = ap.parse_args()
    data = export.container(evaluate.load(a.net), 'eyes', a.version, (32, 32), (32, 32))
    export.write_c(data, a.out + '/weights.c', 'af_model_eyes',
                   'Eye network, see MODEL_CARD.md; decode as training/eyes/DECODE.md says.')
    if a.affn:
        open(a.affn, 'wb').write(data)
    print(f'{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}')


if __name__ == '__main__':
    main()
