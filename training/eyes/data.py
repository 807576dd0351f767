"""Eye packs, rendered stills and the landmark packs' eyes -> one training set; batches of crops.

    python data.py --cabin PACKS/cabin --stills stills.npz --packs PACKS/landmarks --teacher teacher.npz \
                   --negatives DETECTOR_PACK --out SET_FOLDER [--extra FOLDER] [--own FOLDER]

Every row is a 64 px picture of an eye. Eyes cut from faces have the geometry of docs/arithmetic.md with a
margin: the network's crop is their middle 1/1.6, outer corner on the picture's left. Pictures of the eye
sets are whole. Own pictures: FOLDER/eyes.jsonl, lines {"file": ..., "closed": true|false, "split":
"train"}, square pictures.

truth.npz, a row a picture: source, val, closed (1/0/NaN), open (openness, NaN unknown), open_weight, iris
(2) in fractions of the 64 px picture, gaze (2) camera axes x right y up, NaN unknown; whole (bool: a whole
picture of unknown side), real (bool).
"""
import argparse
import importlib.util
import json
import os

import numpy as np
import torch
from PIL import Image

from affect_training import augment, normalise

_spec = importlib.util.spec_from_file_location(
    'landmark_data', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'landmarks', 'data.py'))
landmark_data = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(landmark_data)

SIDE, MARGIN = 64, 1.6
EYE_SIDE = 1.7


# ------------------------------------------------------------------------------------- building
def rows(source, images, val, closed=None, openness=None, open_weight=0.0, iris=None, gaze=None, whole=False,
         weight=1.0):
    n = len(images)

    def column(x, width=None):
        shape = (n,) if width is None else (n, width)
        return np.full(shape, np.nan, np.float32) if x is None else np.asarray(x, np.float32).reshape(shape)
    return dict(images=images, source=np.full(n, source), val=np.asarray(val, bool), closed=column(closed),
                open=column(openness), open_weight=np.broadcast_to(np.float32(open_weight), n).copy(),
                iris=column(iris, 2), gaze=column(gaze, 2), whole=np.full(n, whole),
                weight=np.broadcast_to(np.float32(weight), n).copy())


def resized(images):
    return np.stack([np.asarray(Image.fromarray(im).resize((SIDE, SIDE), Image.BICUBIC)) for im in images])


def set_rows(folder, source):
    z = np.load(f'{folder}/eyes_{source}.npz')
    iris = None
    if source == 'iris':
        iris = (np.stack([z['iris_x'], z['iris_y']], 1) + 0.5) / z['images'].shape[1]
    return rows(source, resized(z['images']), z['split'] == 'val', z['closed'], None, 0.0, iris, None, True)


def eye_crops(points, left):
    """Crop maps (N,2,3) of one eye, without the margin; `left`: mirrored (docs/arithmetic.md)."""
    a, b = (points[:, 42], points[:, 45]) if left else (points[:, 36], points[:, 39])   # picture's left first
    other = points[:, 36] - points[:, 39] if left else points[:, 42] - points[:, 45]
    d = b - a
    length = np.linalg.norm(d, axis=1)
    side = EYE_SIDE * np.maximum(length, 0.75 * np.linalg.norm(other, axis=1))
    u = d / length[:, None] * side[:, None]
    v = np.stack([-u[:, 1], u[:, 0]], 1)
    if left:
        u = -u
    lin = np.stack([u, v], 2)
    off = (a + b) / 2 - 0.5 * u - 0.5 * v
    return torch.from_numpy(np.concatenate([lin, off[:, :, None]], 2)).float()


def widen(m, factor=MARGIN):
    lin = m[:, :, :2] * factor
    off = m[:, :, 2] - 0.5 * (factor - 1) * (m[:, :, 0] + m[:, :, 1])
    return torch.cat([lin, off[..., None]], 2)


def cut(images, m):
    """64 px pictures with margin."""
    out = []
    for i in range(0, len(m), 256):
        luma, _ = augment.sample(torch.from_numpy(images[i:i + 256])[:, None], m[i:i + 256], SIDE)
        out.append(luma[:, 0].round().clamp(0, 255).byte().numpy())
    return np.concatenate(out)


def in_picture(points, m):
    return augment.to_crop(torch.from_numpy(points).float()[:, None], m)[:, 0].numpy()


def turned(direction, m):
    """x, y (up) of directions in camera axes -> in the crop's axes."""
    lin = m[:, :, :2].numpy()
    q = lin / np.sqrt(np.abs(np.linalg.det(lin)))[:, None, None]
    flat = np.einsum('nji,nj->ni', q, np.stack([direction[:, 0], -direction[:, 1]], 1))
    return np.stack([flat[:, 0], -flat[:, 1]], 1)


def seen_stills(z, left):
    """Which rendered faces turn this eye to the camera (hair, hats and dark glasses: clean.py)."""
    lids = [43, 44, 46, 47] if left else [37, 38, 40, 41]
    turn = z['pose'][:, 0] * (1 if left else -1)        # > 0: this eye turns away
    return (turn < 55) & (z['facing'][:, lids].mean(1) >= 0.5)


def still_rows(path):
    """Both eyes of the rendered faces: exact lids, pupils, gaze."""
    z = np.load(path)
    images, lm = landmark_data.decode_stills(path), z['lm'].astype(float) + 0.5
    yaw, pitch = (np.radians(z['gaze_cam'][:, i]) for i in range(2))
    ahead = np.cos(yaw) * np.cos(pitch) > 0.2
    gaze = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch)], 1)
    val = (z['identity'].astype(np.int64) * 2654435761 % 4294967296) % 10 == 0
    out = []
    for left in (False, True):
        own = 0 if left else 1                      # stored [left, right]
        seen = seen_stills(z, left)
        m = widen(eye_crops(lm, left))
        opened = z['openness'][:, own]
        closed = np.where(opened < 0.12, 1.0, np.where(opened > 0.25, 0.0, np.nan))
        good = seen & (opened > 0.25) & ahead
        iris = np.where(good[:, None], in_picture(z['pupils'][:, own].astype(float) + 0.5, m), np.nan)
        g = np.where(good[:, None], turned(gaze, m), np.nan)
        k = seen
        out.append(rows('stills', cut(images[k], m[k]), val[k], closed[k], opened[k], 1.0, iris[k], g[k]))
    return out


def eye_ratio(p, left):
    """Lid gap over eye width."""
    a, b, c, d, e, f = (p[:, i] for i in ((42, 43, 44, 45, 46, 47) if left else range(36, 42)))
    gap = np.linalg.norm(b - f, axis=1) + np.linalg.norm(c - e, axis=1)
    return gap / 2 / np.linalg.norm(d - a, axis=1)


def face_rows(packs, source, teacher, hold_back=True):
    """Eyes of the landmark packs: lids by people's points, else by the teacher's; irises by the teacher."""
    z = np.load(f'{packs}/landmarks_{source}.npz')
    mesh = teacher.z[source + '_points'].astype(float)
    guess = teacher.points(source)
    people = source in ('helen', 'afw')
    points = z['points'].astype(float) + 0.5 if people else guess
    angle = landmark_data.angles(np.nan_to_num(teacher.rotations(source)))
    ok = np.isfinite(points[:, :, 0]).all(1) & np.isfinite(mesh[:, 0, 0])
    ok &= (np.abs(angle[:, 0]) < 40) & (angle[:, 1] > -20)
    if source == 'pointing04':
        ok &= np.abs(z['pose'][:, 1]) <= 30
    out = []
    for left in (False, True):
        turn = angle[:, 0] * (1 if left else -1)
        k = ok & (turn < 25)
        p = points[k]
        m = widen(eye_crops(p, left))
        ratio = eye_ratio(p, left)
        closed = np.where(ratio < 0.08, 1.0, np.where(ratio > 0.19, 0.0, np.nan))
        iris = in_picture(mesh[k][:, 473 if left else 468], m)
        iris = np.where((ratio > 0.15)[:, None], iris, np.nan)
        out.append(rows('faces', cut(z['images'][k], m), z['split'][k] == 'val', closed,
                        np.clip((ratio - 0.05) / 0.25, 0, 1.4), 0.3, iris, None, weight=0.5))
    return out


def extra_rows(folder):
    """Eyes of training/landmarks/extra.py's set (expression packs with teacher points)."""
    z = np.load(folder + '/truth.npz')
    images = np.load(folder + '/images.npy', mmap_mode='r')
    points, mesh = z['points'].astype(float), z['mesh'].astype(float)
    yaw = np.degrees(np.arcsin(np.clip(z['axes'][:, 3], -1, 1)))
    pitch = np.degrees(np.arcsin(np.clip(z['axes'][:, 4], -1, 1)))
    out = []
    for left in (False, True):
        k = (np.abs(yaw) < 40) & (yaw * (1 if left else -1) < 25) & (pitch > -20)
        p = points[k]
        m = widen(eye_crops(p, left))
        ratio = eye_ratio(p, left)
        closed = np.where(ratio < 0.07, 1.0, np.where(ratio > 0.2, 0.0, np.nan))
        iris = in_picture(mesh[k][:, 473 if left else 468], m)
        iris = np.where((ratio > 0.15)[:, None], iris, np.nan)
        out.append(rows('extra', cut(np.asarray(images[k]), m), np.zeros(len(p)), closed,
                        np.clip((ratio - 0.05) / 0.25, 0, 1.4), 0.2, iris, None, weight=0.4))
    return out


def negative_rows(packs, folder):
    """What is no eye: parts of face-free photos; parts of faces away from the eyes."""
    neg = landmark_data.negative_rows(folder, 1)
    empty = resized(neg['images'])
    images, val = [], []
    rng = np.random.default_rng(3)
    for source in ('helen', 'afw', 'ytf'):
        z = np.load(f'{packs}/landmarks_{source}.npz')
        p, pictures, held = z['points'].astype(float) + 0.5, z['images'], z['split'] == 'val'
        for i in range(len(p)):
            width = np.linalg.norm(p[i, 45] - p[i, 36])
            centre = p[i, rng.choice([30, 33, 48, 54, 57, 8, 3, 13, 5, 11])] + rng.normal(0, 0.1 * width, 2)
            eyes = np.stack([p[i, 36:42].mean(0), p[i, 42:48].mean(0)])
            if np.linalg.norm(eyes - centre, axis=1).min() < 0.42 * width:
                continue
            s = width * rng.uniform(0.4, 0.8)
            box = np.concatenate([centre - s / 2, centre + s / 2])
            images.append(np.asarray(Image.fromarray(pictures[i]).resize(
                (SIDE, SIDE), Image.BILINEAR, box=tuple(np.clip(box, 0, 192)))))
            val.append(held[i])
    return [rows('negative', empty, neg['val']), rows('negative', np.stack(images), val)]


def own_rows(folder):
    """The user's own eye pictures."""
    images, closed, val = [], [], []
    for line in open(os.path.join(folder, 'eyes.jsonl')):
        r = json.loads(line)
        images.append(np.asarray(Image.open(os.path.join(folder, r['file'])).convert('L')))
        closed.append(r['closed'])
        val.append(r.get('split') == 'val')
    return rows('own', resized(images), val, closed, whole=True)


def build(a):
    os.makedirs(a.out, exist_ok=True)
    teacher = landmark_data.Teacher(a.teacher, a.packs, np.load(a.stills)['pose'])
    parts = [set_rows(a.cabin, s) for s in ('mrl', 'cew', 'web', 'aps', 'iris')] + still_rows(a.stills)
    for s in ('helen', 'afw', 'frl', 'ytf', 'irdepth', 'drivface', 'pointing04'):
        parts += face_rows(a.packs, s, teacher)
    parts += negative_rows(a.packs, a.negatives)
    if a.extra:
        parts += extra_rows(a.extra)
    if a.own:
        parts.append(own_rows(a.own))
    np.save(a.out + '/images.npy', np.concatenate([p.pop('images') for p in parts]))
    truth = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    np.savez(a.out + '/truth.npz', **truth)
    for s in dict.fromkeys(truth['source']):
        k = truth['source'] == s
        c = truth['closed'][k]
        print(f"{s}: {k.sum()}, val {truth['val'][k].sum()}, closed {(c == 1).sum()}, open {(c == 0).sum()}, "
              f"iris {np.isfinite(truth['iris'][k, 0]).sum()}, gaze {np.isfinite(truth['gaze'][k, 0]).sum()}")


# ------------------------------------------------------------------------------------- batches
class Set:
    def __init__(self, folder):
        self.images = np.load(folder + '/images.npy')
        z = np.load(folder + '/truth.npz')
        self.source, self.val = z['source'], z['val']
        for k in ('closed', 'open', 'open_weight', 'iris', 'gaze', 'whole', 'weight'):
            setattr(self, k, torch.from_numpy(z[k]))
        self.hidden = np.zeros(len(self.source), bool)
        if os.path.exists(folder + '/hidden.npy'):          # of clean.py
            self.hidden[np.load(folder + '/hidden.npy')] = True
        # rendered open eyes that look down are few, and must not read as closed
        self.weight[(self.gaze[:, 1] < -0.25) & (self.open > 0.25)] *= 4

    def index(self, source, val=False):
        return np.nonzero((self.source == source) & (self.val == val))[0]


def base_map(whole):
    """Crop maps into the 64 px pictures: the whole, or the middle without the margin."""
    s = torch.where(whole, 1.0, 1 / MARGIN) * SIDE
    m = torch.zeros(len(whole), 2, 3)
    m[:, 0, 0] = m[:, 1, 1] = s
    m[:, :, 2] = (SIDE - s)[:, None] / 2
    return m


class Batches:
    """Endless batches; closed and open are drawn equally from each source that has both."""

    def __init__(self, data, share, seed):
        self.data, self.share = data, share
        self.rng = torch.Generator().manual_seed(seed)
        self.pick = np.random.default_rng(seed)
        self.pool = {}
        for s in share:
            i = data.index(s)
            c = data.closed[i].numpy()
            groups = [i[c == 1], i[~(c == 1)]]
            self.pool[s] = [g for g in groups if len(g)]

    def choose(self, s, k):
        pool = self.pool[s]
        if len(pool) == 1:
            return self.pick.choice(pool[0], k)
        share = 0.5 if s not in ('stills', 'faces', 'extra') else 0.25
        n = self.pick.binomial(k, share)
        return np.concatenate([self.pick.choice(pool[0], n), self.pick.choice(pool[1], k - n)])

    def __call__(self):
        d, rng = self.data, self.rng
        index = np.concatenate([self.choose(s, k) for s, k in self.share.items()])
        n, whole = len(index), d.whole[index]
        flip = whole & (torch.rand(n, generator=rng) < 0.5)
        m = augment.perturb(base_map(whole), rng, rotation=10, scale=0.3, shift=0.1, mirror=flip,
                            aspect=0.25)
        wrong = (~whole) & (torch.rand(n, generator=rng) < 0.06)
        away = augment.perturb(m, rng, rotation=90, scale=0.8)
        side = torch.sign(torch.rand(n, 2, generator=rng) - 0.5)
        side = side * (0.55 + 0.2 * torch.rand(n, 2, generator=rng))
        side[:, 0] *= torch.rand(n, generator=rng) < 0.5
        away[:, :, 2] += (m[:, :, :2] @ side[..., None])[..., 0]
        m = torch.where(wrong.view(-1, 1, 1), away, m)
        luma, inside = augment.sample(torch.from_numpy(d.images[index])[:, None], m, 32)
        filled = augment.column(torch.rand(n, generator=rng) < 0.7)
        inside = torch.where(filled, torch.ones_like(inside), inside)
        clean = luma
        luma, _ = spoil(augment.coarse(luma, rng, 0.25, 0.25), rng)
        luma, covered = augment.photometric(luma, rng, 0.45, 0.12)
        hidden = covered[:, :, 8:24, 6:26].mean((1, 2, 3))
        x = normalise.normalise_batch(luma, inside)
        return x, self.truth(index, m, wrong, hidden, likeness(clean, luma))

    def truth(self, index, m, wrong, hidden, like):
        d = self.data
        good = torch.from_numpy((d.source[index] != 'negative') & ~d.hidden[index]) & ~wrong & (hidden < 0.6) & (like > 0.5)
        doubt = ((hidden > 0.3) & (hidden < 0.75)) | ((like > 0.35) & (like < 0.65))
        iris = augment.to_crop(d.iris[index][:, None] * SIDE, m)[:, 0]
        lin = m[:, :, :2]
        q = lin / torch.linalg.det(lin).abs().sqrt().view(-1, 1, 1)
        g = d.gaze[index]
        flat = (torch.stack([g[:, 0], -g[:, 1]], 1)[:, None] @ q)[:, 0]
        w = d.weight[index] * good * torch.where(hidden > 0.3, 0.2, 1.0) * torch.where(like < 0.65, 0.3, 1.0)
        return dict(closed=d.closed[index], open=d.open[index], open_weight=d.open_weight[index] * w,
                    iris=iris, gaze=torch.stack([flat[:, 0], -flat[:, 1]], 1), weight=w, good=good.float(),
                    doubt=doubt)


def likeness(clean, luma):
    """Correlation of what is left with the clean crop: below about 0.5 nobody can read it."""
    a, b = clean[:, :, 4:28, 4:28].flatten(1), luma[:, :, 4:28, 4:28].flatten(1)
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / ((a * a).sum(1) * (b * b).sum(1)).clamp_min(1e-6).sqrt()


def spoil(luma, rng, share=0.06):
    """Makes some crops unreadable: blurred away, washed out by glare, or too dim and noisy."""
    n = len(luma)
    bad = torch.rand(n, generator=rng) < share
    i = torch.nonzero(bad).flatten()
    if not len(i):
        return luma, bad
    y = luma[i]
    tiny = torch.nn.functional.interpolate(torch.nn.functional.adaptive_avg_pool2d(y, 4), size=y.shape[2:],
                                           mode='bilinear')
    at = (torch.arange(y.shape[-1]) + 0.5) / y.shape[-1]
    cx, cy = (augment.column(augment.uniform(rng, len(i), 0.3, 0.7)) for _ in range(2))
    r = augment.column(augment.uniform(rng, len(i), 0.15, 0.4))
    spot = torch.exp(-(((at.view(1, 1, 1, -1) - cx) ** 2 + (at.view(1, 1, -1, 1) - cy) ** 2) / r ** 2) ** 2)
    glare = y + (255 - y) * spot
    noise = y * 0.1 + torch.randn(y.shape, generator=rng) * 40 + 60
    kind = augment.column(torch.rand(len(i), generator=rng))
    y = torch.where(kind < 0.4, tiny, torch.where(kind < 0.75, glare, noise)).clamp(0, 255)
    return luma.index_copy(0, i, y), bad


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('cabin', 'stills', 'packs', 'teacher', 'negatives', 'out'):
        ap.add_argument('--' + name, required=True)
    ap.add_argument('--extra', help="set folder of training/landmarks/extra.py")
    ap.add_argument('--own')
    build(ap.parse_args())


if __name__ == '__main__':
    main()
