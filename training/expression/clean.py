"""Cleans the noisy sets by a network that was trained on the others.

    python clean.py --cache CACHE --net NET.pt [--sets affectnet_yolo affectnet_mask]

In CACHE/<set>.npz the emotions become the mean of the label and the network's distribution (two views, one
mirrored), and their weight says how far the two agree: a label that the network gives less than a twentieth is
not believed. Held-back pictures are left alone.
"""
import argparse
import os

import numpy as np
import torch

from data import Set, one_hot, plain
from evaluate import load

DOUBT, BELIEF = .05, .3     # the label's probability: below the first weight 0, above the second full weight
WEIGHT = .6


@torch.no_grad()
def distributions(net, s, batch=256):
    """(N,8) mean probabilities of a picture and its mirror image."""
    net.eval()
    out = []
    for i in range(0, len(s.label), batch):
        rows = np.arange(i, min(i + batch, len(s.label)))
        x = plain(s, rows)
        both = [net(v.contiguous(memory_format=torch.channels_last))['emotions'].flatten(1) for v in (x, x.flip(3))]
        out.append(sum(torch.softmax(v.float(), 1) for v in both) / 2)
    return torch.cat(out).numpy()


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('--cache', required=True)
    a.add_argument('--net', required=True)
    a.add_argument('--sets', nargs='*', default=['affectnet_yolo', 'affectnet_mask'])
    a = a.parse_args()
    torch.set_num_threads(1)
    net, _ = load(a.net)
    for name in a.sets:
        path = os.path.join(a.cache, name + '.npz')
        s, z = Set(a.cache, name), dict(np.load(path))
        p, ok = distributions(net, s), (s.label >= 0) & ~s.held
        mine = np.zeros(len(p), np.float32)
        mine[ok] = p[ok, s.label[ok]]
        z['y'] = np.where(ok[:, None], (one_hot(s.label.astype(int), 0) + p) / 2, z['y']).astype(np.float32)
        z['wy'] = np.where(ok, WEIGHT * np.clip((mine - DOUBT) / (BELIEF - DOUBT), 0, 1), z['wy']).astype(np.float32)
        np.savez(path, **z)
        print(f'{name}: {ok.sum()} labels, {(z["wy"][ok] > 0).mean():.3f} believed in part, '
              f'{(z["wy"][ok] >= WEIGHT).mean():.3f} in full', flush=True)


if __name__ == '__main__':
    main()
