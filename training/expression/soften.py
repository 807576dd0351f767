"""What trained networks say of every training picture, mean of all and of both mirror sides: soft labels.
Of `tones` (the same face in six skin tones) all six get their mean: no tone may change what a face shows.

    python soften.py --cache CACHE --nets A.pt B.pt [--sets ferplus rafdb ...]

Writes CACHE/<set>_soft.npy, (N, 8) probabilities; data.Set mixes them into people's labels (SOFT).
"""
import argparse
import os

import numpy as np
import torch

from data import SOFT, TONES, Set, copies_of_held, plain
from evaluate import load


@torch.no_grad()
def opinion(nets, s, rows):
    x = plain(s, rows)
    views = [v.contiguous(memory_format=torch.channels_last) for v in (x, x.flip(-1))]
    return torch.stack([net(v)['emotions'].flatten(1).softmax(1) for net in nets for v in views]).mean(0)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('--cache', required=True)
    a.add_argument('--nets', nargs='+', required=True)
    a.add_argument('--sets', nargs='*', default=list(SOFT))
    a = a.parse_args()
    torch.set_num_threads(1)
    nets = [load(p)[0].eval() for p in a.nets]
    for name in a.sets:
        s = Set(a.cache, name)
        soft = np.concatenate([opinion(nets, s, np.arange(i, min(i + 512, len(s.label)))).numpy()
                               for i in range(0, len(s.label), 512)]).astype(np.float32)
        if name == 'tones':
            soft = np.repeat(soft.reshape(-1, TONES, 8).mean(1), TONES, 0)
        rows = np.flatnonzero(s.held & (s.label >= 0))
        right = (soft[rows].argmax(1) == s.label[rows]).mean() if len(rows) else float('nan')
        print(f'{name}: {len(soft)} pictures, held back {100 * right:.2f} % right', flush=True)
        soft[s.held | copies_of_held(s.images, s.held)] = 0         # 0: nothing to learn here
        np.save(os.path.join(a.cache, name + '_soft.npy'), soft)


if __name__ == '__main__':
    main()
