"""Gives cached sets the crops that the library itself makes: five points by its own landmark network.

    python align.py --cache CACHE --library libaffect.so [--sets ferplus rafdb ...]

Each picture is read as one face that fills it (as `affect read --face-crop`); the crop maps in
CACHE/<set>.npz are replaced. Faces that the library does not see keep the map they had.
"""
import argparse
import os
import sys

import numpy as np
import torch

from affect_training import augment

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../examples/python'))
import affect  # noqa: E402
from data import crops_of  # noqa: E402


def five_points(reader, picture):
    """(5,2) points in pixels, or None where there is no face to see."""
    side = picture.shape[0]
    face = reader.read(picture, boxes=[(0, 0, side, side)])[0]
    if face.landmarks is None or face.presence < .5:
        return None
    return augment.five_points(torch.tensor(np.array(face.landmarks))[None])[0].numpy()


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('--cache', required=True)
    a.add_argument('--library', required=True)
    a.add_argument('--sets', nargs='*', default=['ferplus', 'rafdb', 'affectnet_yolo', 'muxspace', 'smiled'])
    a = a.parse_args()
    reader = affect.Reader(signals=('landmarks',), library=a.library)
    for name in a.sets:
        path = os.path.join(a.cache, name + '.npz')
        if not os.path.exists(path):
            continue
        z = dict(np.load(path))
        images = np.load(os.path.join(a.cache, name + '_images.npy'), mmap_mode='r')
        found = [five_points(reader, np.ascontiguousarray(i)) for i in images]
        seen = np.array([f is not None for f in found])
        z['m'][seen] = crops_of(np.stack([f for f in found if f is not None]))
        np.savez(path, **z)
        print(f'{name}: {seen.mean():.3f} of {len(seen)} aligned', flush=True)


if __name__ == '__main__':
    main()
