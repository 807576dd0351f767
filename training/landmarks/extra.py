"""Expression packs with teacher points (training/expression/teacher.py) as a second landmark set.

    python extra.py --packs PACKS/landmarks --stills stills.npz --teacher teacher.npz --out SET_FOLDER \
                    --pair expr_rafdb.npz teacher_rafdb.npz 12000 [--pair ...]

The faces fill their pictures, so each is enlarged to 128 px and given a border of its own edge, 192 px in
all. Only training parts of the packs are taken. The 68 points come from the ridge that data.py fits on
people's points.
"""
import argparse
import os

import cv2
import numpy as np

import data

INNER = 128
LOW = (data.SIDE - INNER) // 2


def framed(picture):
    up = cv2.resize(picture, (INNER, INNER),
                    interpolation=cv2.INTER_CUBIC if picture.shape[0] < INNER else cv2.INTER_AREA)
    return cv2.copyMakeBorder(up, LOW, LOW, LOW, LOW, cv2.BORDER_REPLICATE)


def pair_rows(teacher, pack, labels, count, seed=11):
    """`count` faces of one pack, those that the teacher found at its first try."""
    p, t = np.load(pack), np.load(labels)
    ok = t['found'] & (t['pass'] == 0) & (p['split'] == 0)
    matrix = t['matrix'][:, :3, :3].astype(float)
    ok &= np.isfinite(matrix).all((1, 2)) & (np.abs(np.linalg.det(np.nan_to_num(matrix))) > 0.1)
    pick = np.random.default_rng(seed).permutation(np.nonzero(ok)[0])[:count]
    images = p['images']
    mesh = t['points'][pick][:, :, :2].astype(float) * INNER + LOW
    r = data.nearest_rotation(matrix[pick]) @ teacher.offset
    yaw = np.abs(data.angles(r)[:, 0])
    weight = np.where(yaw < 35, 0.6, np.where(yaw < 55, 0.3, 0.05))[:, None] * np.ones((1, 68))
    weight[:, data.JAW] *= 0.7
    points = data.apply_ridge(teacher.ridge, mesh)
    weight *= np.where((np.abs(points - data.SIDE / 2) < INNER / 2).all(-1), 1.0, 0.05)
    weight *= min(1.0, (images.shape[1] / 90) ** 0.5)
    seen = np.where(yaw[:, None] < 25, 1.0, np.nan) * np.ones((1, 68))
    out = data.rows('extra', np.stack([framed(images[i]) for i in pick]), np.zeros(len(pick)), points, weight,
                    data.axes_of(r), np.where(yaw < 45, 0.4, 0.1), seen)
    out['mesh'] = mesh.astype(np.float32)
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('packs', 'stills', 'teacher', 'out'):
        ap.add_argument('--' + name, required=True)
    ap.add_argument('--pair', nargs=3, action='append', required=True)
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    teacher = data.Teacher(a.teacher, a.packs, np.load(a.stills)['pose'])
    parts = [pair_rows(teacher, pack, labels, int(count)) for pack, labels, count in a.pair]
    np.save(a.out + '/images.npy', np.concatenate([p.pop('images') for p in parts]))
    truth = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    np.savez(a.out + '/truth.npz', **truth)
    print({k: v.shape for k, v in truth.items()})


if __name__ == '__main__':
    main()
