"""Gives cached sets the crops that the library itself makes: five points by its own landmark network.

    python align.py --cache CACHE --library libaffect.so [--sets ferplus rafdb ...] [--stills stills.npz]

Each picture is read as one face that fills it (as `affect read --face-crop`); the crop maps in
CACHE/<set>.npz are replaced. Faces that the library hardly sees keep the map they had as the true one (`m`);
`run_m` has the library's own map there, too, however wrong: that is what the network will be given.
With --stills and --tones (packs of rendered faces) these get a `run_m` as well, from boxes around their exact points; `m` stays exact.
"""
import argparse
import os
import sys

import numpy as np
import torch

from affect_training import augment

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../examples/python'))
import affect  # noqa: E402
from data import TONES, crops_of  # noqa: E402


def five_points(reader, picture, box=None):
    """(5,2) points in pixels, NaN where the crop failed, and presence."""
    side = picture.shape[0]
    face = reader.read(np.ascontiguousarray(picture), boxes=[box or (0, 0, side, side)])[0]
    if face.landmarks is None:
        return np.full((5, 2), np.nan, np.float32), 0.0
    return augment.five_points(torch.tensor(np.array(face.landmarks))[None])[0].numpy(), face.presence


def align_rendered(reader, cache, name, points):
    """Crop maps `run_m` of rendered faces, from boxes around their exact points."""
    path = os.path.join(cache, name + '.npz')
    z = dict(np.load(path))
    images = np.load(os.path.join(cache, name + '_images.npy'), mmap_mode='r')
    corners = [augment.box_of_68(p) for p in points]
    boxes = [(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in corners]
    five = np.stack([five_points(reader, i, b)[0] for i, b in zip(images, boxes)])
    read = np.isfinite(five[:, 0, 0])
    z['run_m'] = z['m'].copy()
    z['run_m'][read] = crops_of(five[read])
    np.savez(path, **z)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('--cache', required=True)
    a.add_argument('--library', required=True)
    a.add_argument('--sets', nargs='*', default=['ferplus', 'rafdb', 'affectnet_yolo', 'muxspace', 'smiled'])
    a.add_argument('--stills')
    a.add_argument('--tones')
    a = a.parse_args()
    reader = affect.Reader(signals=('landmarks',), library=a.library)
    for name in a.sets:
        path = os.path.join(a.cache, name + '.npz')
        if not os.path.exists(path):
            continue
        z = dict(np.load(path))
        images = np.load(os.path.join(a.cache, name + '_images.npy'), mmap_mode='r')
        five, presence = (np.stack(v) for v in zip(*(five_points(reader, i) for i in images)))
        read, seen = np.isfinite(five[:, 0, 0]), presence >= .5
        z['run_m'] = z['m'].copy()
        z['run_m'][read] = crops_of(five[read])
        z['m'][seen] = z['run_m'][seen]
        np.savez(path, **z)
        print(f'{name}: {seen.mean():.3f} of {len(seen)} aligned', flush=True)
    if a.stills:
        align_rendered(reader, a.cache, 'stills', np.load(a.stills)['lm'])
    if a.tones:
        align_rendered(reader, a.cache, 'tones', np.repeat(np.load(a.tones)['lm'], TONES, 0))


if __name__ == '__main__':
    main()
