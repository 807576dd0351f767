"""Finds rendered eyes that nobody can read: behind hair, a hat, dark glasses, the bridge of the nose.

    python clean.py --set SET_FOLDER --stills stills.npz --net float.pt

The renderer knows where lids are, not what lies before them. Hidden are eyes behind dark glasses, open ones
of which a first network reads neither the opening (off by more than .25) nor the iris (off by more than a
tenth of the crop), and those that it calls unreadable and reads wrongly (off by more than .15). Writes
SET_FOLDER/hidden.npy: rows that are taught as unreadable. Only the training part; held-back eyes stay as they are.
"""
import argparse

import numpy as np
import torch

import data
import model
from affect_training import augment, normalise

DARK = 2            # of the renderer's glasses


@torch.no_grad()
def read(net, d, index):
    """The head for the middle of each picture, and the crops' maps."""
    out = []
    maps = data.base_map(d.whole[index])
    for i in range(0, len(index), 512):
        luma, inside = augment.sample(torch.from_numpy(d.images[index[i:i + 512]])[:, None], maps[i:i + 512], model.SIZE)
        out.append(net(normalise.normalise_batch(luma, inside))['eye'].flatten(1))
    return torch.cat(out).numpy(), maps


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('set', 'stills', 'net'):
        ap.add_argument('--' + name, required=True)
    a = ap.parse_args()
    torch.set_num_threads(1)
    d, z = data.Set(a.set), np.load(a.stills)
    net = model.EyeNet()
    net.load_state_dict(torch.load(a.net))
    rows = np.flatnonzero(d.source == 'stills')
    dark = np.concatenate([z['glasses'][data.seen_stills(z, left)] == DARK for left in (False, True)])
    assert len(dark) == len(rows), 'the set was made from other stills'
    head, maps = read(net.eval(), d, rows)
    truth = augment.to_crop(d.iris[rows][:, None] * data.SIDE, maps)[:, 0].numpy()
    iris = np.hypot(*(head[:, 2:4] - truth).T)
    off = np.abs(head[:, 1].clip(0, 1) - d.open[rows].numpy().clip(0, 1))
    unsure = 1 / (1 + np.exp(-head[:, 6])) < 0.9
    lost = (off > 0.25) & (iris > 0.1) | (off > 0.15) & unsure      # of shut eyes no iris is known: NaN
    hidden = (dark | lost) & ~d.val[rows]
    np.save(a.set + '/hidden.npy', rows[hidden])
    print(f'{hidden.sum()} of {(~d.val[rows]).sum()} rendered eyes, {(dark & ~d.val[rows]).sum()} of them behind dark glasses')


if __name__ == '__main__':
    main()
