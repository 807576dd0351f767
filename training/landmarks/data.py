"""Landmark packs -> one training set; batches of augmented, aligned crops.

    python data.py --packs PACKS/landmarks --stills stills.npz --negatives DETECTOR_PACK \
                   --teacher teacher.npz --out SET_FOLDER

writes SET_FOLDER/{images.npy, truth.npz}. Own pictures: --own FOLDER with pictures and points.jsonl, lines of
{"file": ..., "points": [[x, y] * 68], "split": "train"} in continuous pixels (null: unknown point).

truth.npz, a row a picture: source, val (bool), points (68,2) continuous pixels of the 192 px picture (NaN:
unknown), weight (68) of each point's loss, axes (6) = head's x and z axis in camera axes (NaN: unknown),
axes_weight, seen (68) 1/0/NaN, jaw3d (bool).
"""
import argparse
import io
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from affect_training import augment, normalise

SIDE = 192
PEOPLE = ('helen', 'afw', 'frl')
JAW = np.arange(17)


# ------------------------------------------------------------------------------------- building
def decode_stills(path):
    """Rendered stills' JPEGs as luma (N,S,S) uint8."""
    z = np.load(path)
    raw, at = z['jpeg'].tobytes(), z['jpeg_offset']
    return np.stack([np.asarray(Image.open(io.BytesIO(raw[at[i]:at[i + 1]])).convert('L'))
                     for i in range(len(at) - 1)])


def rotation(pose):
    """(N,3) yaw, pitch, roll in degrees -> R = Ry(yaw) Rx(-pitch) Rz(-roll), (N,3,3)."""
    y, p, r = (np.radians(pose[:, i].astype(np.float64)) for i in range(3))
    o, z = np.ones_like(y), np.zeros_like(y)

    def mat(*rows):
        return np.stack(rows, -1).reshape(-1, 3, 3)
    ry = mat(np.cos(y), z, np.sin(y), z, o, z, -np.sin(y), z, np.cos(y))
    rx = mat(o, z, z, z, np.cos(-p), -np.sin(-p), z, np.sin(-p), np.cos(-p))
    rz = mat(np.cos(-r), -np.sin(-r), z, np.sin(-r), np.cos(-r), z, z, z, o)
    return ry @ rx @ rz


def angles(r):
    """R -> (N,3) yaw, pitch, roll in degrees; works on NumPy arrays."""
    yaw = np.arctan2(r[:, 0, 2], r[:, 2, 2])
    pitch = np.arcsin(np.clip(r[:, 1, 2], -1, 1))
    roll = np.arctan2(-r[:, 1, 0], r[:, 1, 1])
    return np.degrees(np.stack([yaw, pitch, roll], -1))


def axes_of(r):
    return np.concatenate([r[:, :, 0], r[:, :, 2]], 1).astype(np.float32)


def nearest_rotation(m):
    u, _, v = np.linalg.svd(m)
    d = np.linalg.det(u @ v)
    u[:, :, 2] *= d[:, None]
    return u @ v


def rows(source, images, val, points=None, weight=1.0, axes=None, axes_weight=0.0, seen=None):
    """One source's columns with defaults filled in."""
    n = len(images)
    points = np.full((n, 68, 2), np.nan, np.float32) if points is None else points.astype(np.float32)
    weight = np.broadcast_to(np.asarray(weight, np.float32), (n, 68)) * np.isfinite(points[..., 0])
    return dict(images=images, source=np.full(n, source), val=np.asarray(val, bool), points=points,
                weight=weight.astype(np.float32),
                axes=np.full((n, 6), np.nan, np.float32) if axes is None else axes.astype(np.float32),
                axes_weight=np.broadcast_to(np.float32(axes_weight), n).copy(),
                seen=np.full((n, 68), np.nan, np.float32) if seen is None else seen.astype(np.float32))


def features(points):
    """478 teacher points -> centred, scaled rows for the ridge, with what turns them back."""
    centre = points.mean(1, keepdims=True)
    scale = np.sqrt(((points - centre) ** 2).sum((1, 2)) / points.shape[1])[:, None, None]
    x = ((points - centre) / scale).reshape(len(points), -1)
    return np.concatenate([x, np.ones((len(x), 1))], 1), centre, scale


def fit_ridge(teacher, truth, strength=0.3):
    """Ridge 478 -> 68 on people's points."""
    x, centre, scale = features(teacher)
    y = ((truth - centre) / scale).reshape(len(x), -1)
    penalty = strength * np.eye(x.shape[1])
    penalty[-1, -1] = 0
    return np.linalg.solve(x.T @ x + penalty, x.T @ y)


def apply_ridge(w, teacher):
    x, centre, scale = features(teacher)
    return (x @ w).reshape(len(x), 68, 2) * scale + centre


class Teacher:
    """Teacher points and poses brought to our definitions."""

    def __init__(self, path, packs, still_pose):
        self.z = np.load(path)
        people, truth = [], []
        for s in PEOPLE[:2]:
            p = np.load(f'{packs}/landmarks_{s}.npz')
            ok = (p['split'] == 'train') & np.isfinite(self.z[s + '_points'][:, 0, 0])
            people.append(self.z[s + '_points'][ok])
            truth.append(p['points'][ok] + 0.5)
        self.ridge = fit_ridge(np.concatenate(people).astype(float), np.concatenate(truth))
        self.offset = self.pose_offset(still_pose)

    def pose_offset(self, still_pose):
        """Rotation C with R_ours = R_teacher C, from rendered heads of moderate yaw: the first ones, which
        the teacher saw."""
        m = self.z['stills_matrix'][:, :3, :3].astype(float)
        still_pose = still_pose[:len(m)]
        ok = np.isfinite(m[:, 0, 0]) & (np.abs(still_pose[:, 0]) < 40)
        rel = nearest_rotation(m[ok]).transpose(0, 2, 1) @ rotation(still_pose[ok])
        return nearest_rotation(np.median(rel, 0)[None])[0]

    def points(self, source):
        t = self.z[source + '_points'].astype(float)
        out = np.full((len(t), 68, 2), np.nan)
        ok = np.isfinite(t[:, 0, 0])
        out[ok] = apply_ridge(self.ridge, t[ok])
        return out

    def rotations(self, source):
        m = self.z[source + '_matrix'][:, :3, :3].astype(float)
        out = np.full_like(m, np.nan)
        ok = np.isfinite(m[:, 0, 0])
        out[ok] = nearest_rotation(m[ok]) @ self.offset
        return out


def pack_rows(packs, source, teacher):
    """Rows of one landmark pack with the teacher's additions."""
    z = np.load(f'{packs}/landmarks_{source}.npz')
    points, pose = z['points'] + 0.5, z['pose']
    own_weight = {'ibuglp': 0.25, 'ytf': 0.25}.get(source, 1.0)
    weight = np.where(np.isfinite(points[..., 0]), own_weight, 0.2)
    guess, r = teacher.points(source), teacher.rotations(source)
    if source in ('irdepth', 'drivface', 'pointing04'):
        points = np.where(np.isfinite(points), points, guess)
    if source == 'ytf':         # automatic points: the mean of both, less where they differ
        gap = np.linalg.norm(points - guess, axis=-1).mean(1) / np.linalg.norm(
            points[:, 45] - points[:, 36], axis=-1)
        both = np.isfinite(gap)
        points[both] = (points[both] + 2 * guess[both]) / 3
        weight = weight * np.where(both & (gap < 0.08), 1.0, 0.1)[:, None]
    axes, axes_weight = axes_of(r), np.where(np.isfinite(r[:, 0, 0]), 0.5, 0)
    if source == 'pointing04':
        full = pose.copy()
        full[:, 2] = np.where(np.isfinite(r[:, 0, 0]), np.nan_to_num(angles(np.nan_to_num(r)))[:, 2], 0)
        label = axes_of(rotation(full))
        known = np.isfinite(axes[:, :1])
        axes = np.where(known, 0.5 * np.nan_to_num(axes) + 0.5 * label, label)
        axes_weight = np.where(np.abs(pose[:, 1]) < 80, 0.4, 0.0)
    frontal = np.abs(np.nan_to_num(np.degrees(np.arcsin(np.clip(r[:, 0, 2], -1, 1))), nan=90)) < 20
    seen = np.where((frontal | np.isin(source, PEOPLE))[:, None], 1.0, np.nan) * np.ones((1, 68))
    return rows(source, z['images'], z['split'] == 'val', points, weight, axes, axes_weight, seen)


def still_rows(path):
    z = np.load(path)
    yaw = np.abs(z['pose'][:, 0])
    weight = np.ones((len(yaw), 68), np.float32) * 0.5
    weight[:, JAW] *= np.clip((20 - yaw) / 15, 0.02, 0.6)[:, None]
    weight[yaw > 60] *= 0.5
    val = (z['identity'].astype(np.int64) * 2654435761 % 4294967296) % 10 == 0
    return rows('stills', decode_stills(path), val, z['lm'] + 0.5, weight, axes_of(rotation(z['pose'])), 1.0,
                z['facing'])


def negative_rows(folder, per_photo=2, seed=5):
    """Square parts of face-free photos."""
    rng = np.random.default_rng(seed)
    out, val = [], []
    for i, line in enumerate(open(folder + '/negatives.jsonl')):
        r = json.loads(line)
        if r.get('faces'):
            continue
        im = Image.open(os.path.join(folder, r['file'])).convert('L')
        for _ in range(per_photo):
            side = min(im.size) * rng.uniform(0.15, 1)
            x, y = rng.uniform(0, im.width - side), rng.uniform(0, im.height - side)
            out.append(np.asarray(im.resize((SIDE, SIDE), Image.BILINEAR, box=(x, y, x + side, y + side))))
            val.append(i % 10 == 0)
    return rows('negative', np.stack(out), val)


def own_rows(folder):
    """The user's own pictures: the crop is the points' box with a margin, as the packs are."""
    images, points, val = [], [], []
    for line in open(os.path.join(folder, 'points.jsonl')):
        r = json.loads(line)
        p = np.array([[math.nan, math.nan] if q is None else q for q in r['points']], float)
        lo, hi = np.nanmin(p, 0), np.nanmax(p, 0)
        side = (hi - lo).max() * 1.9
        x, y = (lo + hi) / 2 - side / 2
        im = Image.open(os.path.join(folder, r['file'])).convert('L')
        where = (side / SIDE, 0, x, 0, side / SIDE, y)
        images.append(np.asarray(im.transform((SIDE, SIDE), Image.AFFINE, where, Image.BILINEAR)))
        points.append((p - (x, y)) * SIDE / side)
        val.append(r.get('split') == 'val')
    return rows('own', np.stack(images), val, np.stack(points), 1.0, seen=np.ones((len(images), 68)))


def build(a):
    os.makedirs(a.out, exist_ok=True)
    teacher = Teacher(a.teacher, a.packs, np.load(a.stills)['pose'])
    parts = [pack_rows(a.packs, s, teacher) for s in
             ('helen', 'afw', 'frl', 'ibuglp', 'ytf', 'irdepth', 'drivface', 'pointing04')]
    parts += [still_rows(a.stills), negative_rows(a.negatives)]
    if a.own:
        parts.append(own_rows(a.own))
    np.save(a.out + '/images.npy', np.concatenate([p.pop('images') for p in parts]))
    truth = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    np.savez(a.out + '/truth.npz', **truth)
    for s in dict.fromkeys(truth['source']):
        k = truth['source'] == s
        print(f"{s}: {k.sum()}, val {truth['val'][k].sum()}, pose {np.isfinite(truth['axes'][k, 0]).sum()}, "
              f"weight {truth['weight'][k].mean():.3f}")


# ------------------------------------------------------------------------------------- batches
class Set:
    """The built set, images left in the mapped file."""

    def __init__(self, folder):
        self.images = np.load(folder + '/images.npy', mmap_mode='r')
        if not os.path.exists(folder + '/half.npy'):        # 2x2 means, for crops coarser than 1.5 pixels
            i = self.images
            np.save(folder + '/half.npy', np.concatenate([
                (i[k:k + 256].reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean((2, 4)) + 0.5).astype(np.uint8)
                for k in range(0, len(i), 256)]))
        self.half = np.load(folder + '/half.npy', mmap_mode='r')
        z = np.load(folder + '/truth.npz')
        self.source, self.val = z['source'], z['val']
        for k in ('points', 'weight', 'axes', 'axes_weight', 'seen'):
            setattr(self, k, torch.from_numpy(z[k]))

    def index(self, source, val=False):
        return np.nonzero((self.source == source) & (self.val == val))[0]

    def mean(self):
        """Mean shape in crop fractions and mean axes, of people's training faces."""
        i = np.nonzero(np.isin(self.source, ('helen', 'afw')) & ~self.val)[0]
        p = self.points[i]
        m = augment.fit_crop(augment.five_points(p), augment.LANDMARK_TEMPLATE)
        return augment.to_crop(p, m).mean(0), torch.tensor([1., 0, 0, 0, 0, 0.9])


def turn_axes(axes, m):
    """Head axes in camera axes -> in the axes of the crop `m`; a mirroring crop mirrors the head."""
    lin = m[:, :, :2]
    det = torch.linalg.det(lin)
    q = lin / det.abs().sqrt().view(-1, 1, 1)
    v = axes.view(-1, 2, 3)
    flat = torch.stack([v[..., 0], -v[..., 1]], -1) @ q          # rows times Q = Q^T v
    sign = torch.stack([torch.sign(det), torch.ones_like(det)], 1)[..., None]
    return (torch.stack([flat[..., 0], -flat[..., 1], v[..., 2]], -1) * sign).view(-1, 6)


def alignment(points, rng):
    """Crop maps as they come in use: own landmarks, a detector's five points, a box."""
    n = len(points)
    five = augment.five_points(points)
    bad = ~torch.isfinite(five).all(2).all(1)
    five[bad] = augment.LANDMARK_TEMPLATE * SIDE * 0.9 + SIDE * 0.05
    kind = torch.rand(n, generator=rng)
    sigma = torch.where(kind < 0.45, augment.uniform(rng, n, 0.005, 0.035),
                        augment.uniform(rng, n, 0.03, 0.075))
    dist = (five[:, 0] - five[:, 1]).norm(dim=1)
    down = (five[:, 3:].mean(1) - five[:, :2].mean(1)).norm(dim=1)      # eyes lie close on a turned head
    dist = torch.maximum(dist, 0.87 * down)
    noisy = five + torch.randn(five.shape, generator=rng) * (sigma * dist).view(-1, 1, 1)
    m = augment.fit_crop(noisy, augment.LANDMARK_TEMPLATE)
    mirror = torch.rand(n, generator=rng) < 0.5
    near = augment.perturb(m, rng, rotation=8, scale=0.06, shift=0.025, mirror=mirror)
    box = augment.perturb(m, rng, rotation=22, scale=0.25, shift=0.09, mirror=mirror)
    out = torch.where((kind > 0.88).view(-1, 1, 1), box, near)
    loose = augment.perturb(m, rng, rotation=40, scale=0.8, shift=0.2, mirror=mirror)
    return torch.where(bad.view(-1, 1, 1), loose, out)


def misplaced(m, rng):
    """Crops that hold no readable face: far beside, far too near or too wide, upside down."""
    n = len(m)
    kind = torch.randint(0, 4, (n,), generator=rng).view(-1, 1, 1)
    side = torch.where(torch.rand(n, 2, generator=rng) < 0.5, -1.0, 1.0)
    far = m.clone()
    move = (torch.rand(n, 2, generator=rng) * 0.5 + 0.45) * side
    move[:, 1] *= (torch.rand(n, generator=rng) < 0.5).float()
    far[:, :, 2] += (m[:, :, :2] @ move[..., None])[..., 0]
    near = augment.compose(m, scaled(n, augment.uniform(rng, n, 0.2, 0.42), rng))
    wide = augment.compose(m, scaled(n, augment.uniform(rng, n, 2.3, 4.0), rng))
    over = augment.compose(m, scaled(n, torch.full((n,), -1.0), rng))
    return torch.where(kind == 0, far, torch.where(kind == 1, near, torch.where(kind == 2, wide, over)))


def scaled(n, s, rng):
    p = torch.zeros(n, 2, 3)
    p[:, 0, 0] = p[:, 1, 1] = s
    p[:, :, 2] = 0.5 - 0.5 * s[:, None] + (torch.rand(n, 2, generator=rng) - 0.5) * 0.3
    return p


def crops(data, index, m, size):
    """augment.sample from the pictures or, where crops are coarse, from the halved ones."""
    coarse = torch.linalg.det(m[:, :, :2]).abs().sqrt() / size > 1.5
    luma, inside = torch.empty(len(m), 1, size, size), torch.empty(len(m), 1, size, size)
    for pick, images, scale in ((coarse, data.half, 0.5), (~coarse, data.images, 1.0)):
        if pick.any():
            k = torch.nonzero(pick).flatten()
            source = torch.from_numpy(images[index[k.numpy()]])[:, None]
            luma[k], inside[k] = augment.sample(source, m[k] * scale, size)
    return luma, inside


class Batches:
    """Endless batches; `share` gives the number of each source in one."""

    def __init__(self, data, share, seed, strength=0.4, wrong=3):
        self.data, self.share, self.strength, self.wrong = data, share, strength, wrong
        self.rng = torch.Generator().manual_seed(seed)
        self.pick = np.random.default_rng(seed)
        self.pool = {s: data.index(s) for s in share}

    def __call__(self):
        d = self.data
        index = np.concatenate([self.pick.choice(self.pool[s], k) for s, k in self.share.items()])
        points = d.points[index]
        m = alignment(points, self.rng)
        present = torch.from_numpy((d.source[index] != 'negative').astype(np.float32))
        wrong = torch.zeros(len(index), dtype=torch.bool)
        faces = np.nonzero(present.numpy())[0]
        wrong[torch.from_numpy(self.pick.choice(faces, self.wrong, replace=False))] = True
        m = torch.where(wrong.view(-1, 1, 1), misplaced(m, self.rng), m)
        luma, inside = crops(d, index, m, 96)
        luma, covered = augment.photometric(luma, self.rng, self.strength, 0.15)
        x = normalise.normalise_batch(luma, inside)
        return x, self.truth(index, m, points, covered, inside, present * ~wrong)

    def truth(self, index, m, points, covered, inside, present):
        """Targets in crop terms: points, their weights, visibility, presence, axes."""
        d = self.data
        flip = (torch.linalg.det(m[:, :, :2]) < 0).view(-1, 1, 1)
        at = augment.to_crop(points, m)
        at = torch.where(flip, at[:, augment.MIRROR_68], at)
        weight = torch.where(flip[..., 0], d.weight[index][:, augment.MIRROR_68], d.weight[index])
        seen = torch.where(flip[..., 0], d.seen[index][:, augment.MIRROR_68], d.seen[index])
        at = torch.nan_to_num(at, nan=0.5)
        grid = (at * 2 - 1).clamp(-1.05, 1.05)[:, None]
        over = F.grid_sample(torch.maximum(covered, 1 - inside), grid, mode='nearest', padding_mode='zeros',
                             align_corners=False)[:, 0, 0]
        over = torch.where(((at < 0) | (at > 1)).any(-1), torch.ones_like(over), over)
        hidden = (over[:, 17:] > 0.5).float().mean(1)
        seen = torch.where(over > 0.5, torch.zeros_like(seen), seen)
        present = present * (hidden < 0.8)
        weight = weight * torch.where(over > 0.5, 0.4, 1.0) * present[:, None]
        doubt = (hidden > 0.6) & (hidden < 0.8)
        return dict(points=at, weight=weight, seen=seen, present=present, doubt=doubt,
                    axes=torch.nan_to_num(turn_axes(d.axes[index], m)),
                    axes_weight=d.axes_weight[index] * present * torch.isfinite(d.axes[index][:, 0]))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('packs', 'stills', 'negatives', 'teacher', 'out'):
        ap.add_argument('--' + name, required=True)
    ap.add_argument('--own')
    build(ap.parse_args())


if __name__ == '__main__':
    main()
