"""Packs, held-back parts, targets and batches of the expression network.

    python data.py --packs DIR --stills stills.npz --teacher DIR --negatives DIR --out CACHE
                   [--tones tones.npz]

turns the packs `expr_<set>.npz`, rendered stills, their labels by teacher.py and face-free photos into
CACHE/<set>_images.npy and CACHE/<set>.npz. Rendered tones (each face six times, lightest to darkest skin) are
for training only.

HELD BACK, never trained on: FER+ split 1; of every other set the pictures with crc32(name) % 10 == 0.
"""
import argparse
import glob
import os
import zlib

import cv2
import numpy as np
import torch

from affect_training import augment
from affect_training.normalise import normalise_batch
from model import EXPRESSIONS, SIDE

# What each of the 20 means in the teacher's 52 coefficients: the mean of left and right, from `none` (the median
# of web pictures where that is not 0) to `full` (their 99th percentile), clipped to 0..1. docs/expressions.md.
MEANS = {                               # none, full
    'brow_furrow': ('browDown', 0, .75), 'brow_raise': ('browOuterUp', .15, .95),
    'inner_brow_raise': ('browInnerUp', .06, .95), 'chin_raise': ('mouthShrugLower', 0, .55),
    'dimpler': ('mouthDimple', 0, .18), 'eye_closure': ('eyeBlink', .10, .72), 'eye_widen': ('eyeWide', 0, .33),
    'lid_tighten': ('eyeSquint', .28, .78), 'jaw_drop': ('jawOpen', 0, .70),
    'lip_corner_depressor': ('mouthFrown', 0, .42), 'lip_press': ('mouthPress', 0, .38),
    'lip_pucker': ('mouthPucker', 0, .98), 'lip_stretch': ('mouthStretch', 0, .68), 'smile': ('mouthSmile', 0, .95),
    'upper_lip_raise': ('mouthUpperUp', 0, .78)}
MAP5 = ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380), (4,), (61,), (291,))
# RAF-DB's aligned pictures are stretched by about 1.2 in width and cut at the chin: jawOpen is dead in them.
STRETCHED = ('jaw_drop', 'lip_pucker', 'lip_stretch')
# of soften.py: how much of an emotion label is what trained networks say of the picture, and the least weight that gives
SOFT = {'ferplus': (.4, 0), 'rafdb': (.5, 0), 'affectnet_yolo': (.6, .35), 'affectnet_mask': (.6, .35),
        'muxspace': (.5, .35), 'smiled': (.7, .35), 'tones': (1, .6)}
RENDERED = ('stills', 'tones')
MIXED = 0.15          # share of photographs with another of their set shining through
TONED = 0.3           # share of crops with another tone curve, as skins and cameras have
BOXED = 0.06          # share of training crops placed by the whole picture, not by the face's points
SETS = ('ferplus', 'rafdb', 'affectnet_yolo', 'affectnet_mask', 'muxspace', 'smiled')
TONES = 6               # pictures of each face in the set `tones`


def held_back(name, split, ferplus):
    """True for pictures that are only ever measured on."""
    if ferplus:
        return np.asarray(split) == 1
    return np.array([zlib.crc32(str(x).encode()) % 10 == 0 for x in name])


def copies_of_held(images, held):
    """True for pictures outside the held-back part that are byte for byte one of it."""
    digest = np.array([zlib.crc32(i.tobytes()) for i in images])
    return ~held & np.isin(digest, digest[held])


# ----------------------------------------------------------------------------------------- targets
def sides(blend, names, stem):
    """Left and right coefficient of a name (twice the same where the teacher has only one)."""
    names = list(names)
    if stem + 'Left' not in names:
        return (blend[:, names.index(stem)],) * 2
    return blend[:, names.index(stem + 'Left')], blend[:, names.index(stem + 'Right')]


def lip_gap(points, inner, corners):
    """Height between the inner lips over the mouth's width."""
    gap = np.linalg.norm(points[:, inner[0], :2] - points[:, inner[1], :2], axis=1)
    return gap / np.maximum(np.linalg.norm(points[:, corners[0], :2] - points[:, corners[1], :2], axis=1), 1e-6)


def expressions(blend, names, gap, rendered=False):
    """(N,20) targets and (N,20) weights from 52 coefficients, by the table of docs/expressions.md."""
    blend = np.asarray(blend, np.float32)
    mean = lambda stem: np.mean(sides(blend, names, stem), 0)
    out, weight = {}, {k: 1.0 for k in EXPRESSIONS}
    for k, (stem, none, full) in MEANS.items():
        out[k] = mean(stem) if rendered else (mean(stem) - none) / (full - none)
    left, right = sides(blend, names, 'mouthSmile')
    dl, dr = sides(blend, names, 'mouthDimple')
    out['smirk'] = 2.0 * np.maximum(np.abs(left - right) - 0.10, 0) + np.abs(dl - dr)
    out['mouth_open'] = gap / 0.45
    roll = 0.5 * (mean('mouthRollLower') + mean('mouthRollUpper'))
    out['lip_suck'] = roll / (1.0 if rendered else 0.35)
    if rendered:
        out['cheek_raise'], out['nose_wrinkle'] = mean('cheekSquint'), mean('noseSneer')
    else:       # dead in the teacher: stand-ins, at low weight (experimental)
        out['cheek_raise'] = np.sqrt(np.clip(out['smile'], 0, 1) * np.clip(out['lid_tighten'], 0, 1))
        frown = np.clip(out['brow_furrow'], 0, 1) * np.clip(out['upper_lip_raise'], 0, 1)
        out['nose_wrinkle'] = np.sqrt(frown) * (1 - np.clip(out['smile'], 0, 1))
        weight['cheek_raise'] = weight['nose_wrinkle'] = 0.3
    x = np.stack([np.clip(out[k], 0, 1) for k in EXPRESSIONS], 1)
    return x.astype(np.float32), np.tile(np.array([weight[k] for k in EXPRESSIONS], np.float32), (len(x), 1))


def one_hot(label, smoothing):
    y = np.full((len(label), 8), smoothing / 8, np.float32)
    ok = label >= 0
    y[ok, label[ok]] += 1 - smoothing
    return y


def emotions(name, pack):
    """(N,8) distributions and (N) weights of a set."""
    label = pack['label'].astype(int)
    if name == 'ferplus':
        votes = pack['votes']
        asked = np.isfinite(votes[:, 0])
        v = np.where(asked[:, None], votes, 0)
        lost = v.argmax(1) >= 8
        v = np.where(v[:, :8] > 1, v[:, :8], 0)             # a single vote is noise
        total = v.sum(1)
        weight = (asked & ~lost & (total > 0)).astype(np.float32)
        return (v / np.maximum(total, 1)[:, None]).astype(np.float32), weight
    smoothing, weight = {'rafdb': (.10, 1.0), 'affectnet_yolo': (.25, .30), 'affectnet_mask': (.25, .20),
                         'muxspace': (.15, .40), 'smiled': (.30, .30)}[name]
    return one_hot(label, smoothing), np.where(label >= 0, weight, 0).astype(np.float32)


# ------------------------------------------------------------------------------------------- cache
def crops_of(points5, template=augment.EXPRESSION_TEMPLATE):
    return augment.fit_crop(torch.from_numpy(np.asarray(points5, np.float32)), template).numpy()


def prepare_set(name, pack_path, teacher_path, out):
    """Writes one photographed set. Without the teacher's labels the crops are of the whole picture (align.py
    does better) and only people's labels count."""
    pack = np.load(pack_path)
    images = pack['images']
    side, n = images.shape[1], len(images)
    found, five = np.zeros(n, bool), np.tile(augment.BOX_POINTS.numpy() * side, (n, 1, 1))
    x, w = np.zeros((n, 20), np.float32), np.zeros((n, 20), np.float32)
    if os.path.exists(teacher_path):
        t = np.load(teacher_path)
        found, p = t['found'], t['points'].astype(np.float32)
        five[found] = (np.stack([p[:, list(i), :2].mean(1) for i in MAP5], 1) * side)[found]
        x, w = expressions(t['blend'], t['names'], lip_gap(p, (13, 14), (61, 291)))
        w *= np.where(found, np.where(t['pass'] >= 2, .5, 1), 0)[:, None]
    for k in STRETCHED if name == 'rafdb' else ():
        w[:, EXPRESSIONS.index(k)] = 0
    smile = pack['smile']
    k = EXPRESSIONS.index('smile')
    if (smile >= 0).any():                                  # people's yes/no and the teacher, half each
        x[:, k] = np.where(smile < 0, x[:, k], np.where(found, .5 * x[:, k] + .5 * smile, .1 + .8 * smile))
        w[:, k] = np.where(smile < 0, w[:, k], 1)
    y, wy = emotions(name, pack)
    held = held_back(pack['name'], pack['split'], name == 'ferplus')
    copy = copies_of_held(images, held)
    w[copy], wy[copy] = 0, 0
    save(out, name, images, crops_of(five), y, wy, x, w, pack['label'], smile,
         held, pack['name'], found)


def luma_of(pack):
    """(N,H,W) of a pack of stills or, faces one after another, of tones."""
    if 'rgb' in pack:
        rgb = pack['rgb']
        return np.stack([cv2.cvtColor(i, cv2.COLOR_RGB2GRAY) for i in rgb.reshape(-1, *rgb.shape[2:])])
    data, at = pack['jpeg'], pack['jpeg_offset']
    return np.stack([cv2.imdecode(data[a:b], cv2.IMREAD_GRAYSCALE) for a, b in zip(at[:-1], at[1:])])


def prepare_rendered(set_name, path, out):
    """Rendered faces: exact points and exact coefficients, no emotions. Of `stills` a tenth is held back."""
    pack = dict(np.load(path))
    images = luma_of(pack)
    if set_name == 'tones':
        pack.update({k: np.repeat(pack[k], TONES, 0) for k in ('lm', 'coef', 'openness', 'pose')})
    lm = pack['lm']
    names = [str(n) for n in pack['coef_names']]
    x, w = expressions(pack['coef'], names, lip_gap(lm, (62, 66), (60, 64)), rendered=True)
    k = EXPRESSIONS.index('eye_closure')
    x[:, k] = np.clip(1 - pack['openness'].mean(1), 0, 1)   # as rendered, gaze included
    n = len(images)
    five = augment.five_points(torch.from_numpy(lm)).numpy()
    frontal = (np.abs(pack['pose'][:, 0]) < 60).astype(np.float32)
    name = np.array([f'still_{i}' for i in range(n)])
    held = held_back(name, None, False) & (set_name == 'stills')
    save(out, set_name, images, crops_of(five), np.full((n, 8), 1 / 8, np.float32), np.zeros(n, np.float32), x,
         w * frontal[:, None], np.full(n, -1, np.int8), np.full(n, -1, np.int8), held, name, frontal > 0)


def save(out, name, images, m, y, wy, x, wx, label, smile, held, names, found):
    np.save(os.path.join(out, f'{name}_images.npy'), images)
    np.savez(os.path.join(out, f'{name}.npz'), m=m.astype(np.float32), y=y, wy=wy, x=x, wx=wx.astype(np.float32),
             label=label, smile=smile, held=held, name=names, found=found)
    print(f'{name}: {len(images)} pictures, {held.sum()} held back, face found in {found.mean():.3f}; means ' +
          ' '.join(f'{k} {v:.2f}' for k, v in zip(EXPRESSIONS, (x * wx).sum(0) / np.maximum(wx.sum(0), 1))))


def prepare_negatives(folder, out, each=3, side=100):
    """Random squares of face-free photos."""
    rng = np.random.default_rng(5)
    crops = []
    for path in sorted(glob.glob(os.path.join(folder, '*.jpg'))):
        g = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        if g is None or min(g.shape) < 64:
            continue
        for _ in range(each):
            s = int(rng.integers(32, min(g.shape) + 1))
            y, x = (int(rng.integers(0, d - s + 1)) for d in g.shape)
            crops.append(cv2.resize(g[y:y + s, x:x + s], (side, side), interpolation=cv2.INTER_AREA))
    np.save(os.path.join(out, 'negatives_images.npy'), np.stack(crops))
    print('negatives:', len(crops))


# ----------------------------------------------------------------------------------------- batches
class Set:
    """One cached set: its pictures (memory-mapped) and tensors of targets."""

    def __init__(self, cache, name):
        d = np.load(os.path.join(cache, f'{name}.npz'))
        self.name, self.images = name, np.load(os.path.join(cache, f'{name}_images.npy'), mmap_mode='r')
        for k in ('m', 'y', 'wy', 'x', 'wx'):
            setattr(self, k, torch.from_numpy(d[k]))
        path = os.path.join(cache, f'{name}_soft.npy')
        if os.path.exists(path):
            share, least = SOFT[name]
            soft = torch.from_numpy(np.load(path))
            self.y = torch.lerp(self.y, soft, share)
            self.wy = torch.where(soft.sum(1) > 0, self.wy.clamp_min(least), self.wy)
        self.run_m = torch.from_numpy(d['run_m']) if 'run_m' in d else self.m       # of align.py
        side = self.images.shape[1]
        self.box_m = augment.fit_crop(augment.BOX_POINTS[None] * side, augment.EXPRESSION_TEMPLATE)
        self.label, self.smile, self.held, self.found = d['label'], d['smile'], d['held'], d['found']
        self.names = d['name']
        self.order, self.at = np.flatnonzero(~self.held), 0
        exact = self.x[torch.from_numpy(~self.held & self.found)] if name in RENDERED else torch.zeros(0, 20)
        # rendered truth: what one unit of a channel's variance is worth; 0 where there is only a teacher
        self.worth = 1 / exact.var(0).clamp_min(.05 ** 2) if len(exact) else torch.zeros(20)

    def draw(self, n, rng):
        """The next n training rows of an endless shuffled stream."""
        rows = []
        while len(rows) < n:
            if self.at == 0:
                self.order = self.order[torch.randperm(len(self.order), generator=rng).numpy()]
            take = self.order[self.at:self.at + n - len(rows)]
            rows += take.tolist()
            self.at = 0 if self.at + len(take) >= len(self.order) else self.at + len(take)
        return np.array(rows)

    def pictures(self, rows):
        return torch.from_numpy(np.ascontiguousarray(self.images[rows]))[:, None]


def misplacement(m0, m1, mirror):
    """How far the template's points lie from where they belong, mean, as a fraction of the side."""
    t = augment.EXPRESSION_TEMPLATE.expand(len(m0), 5, 2)
    p = augment.to_crop(augment.to_source(t, m0), m1)
    p = torch.where(mirror[:, None, None], p[:, [1, 0, 2, 4, 3]], p)
    return (p - t).norm(dim=2).mean(1)


def shrink(luma, rng, share):
    """Some pictures with only 5..22 pixels a side; returns what that leaves of the quality."""
    q = torch.ones(len(luma))
    for part in torch.tensor_split(augment.chosen(rng, len(luma), share), 4):
        if len(part):
            side = int(torch.randint(5, 23, (1,), generator=rng))
            small = torch.nn.functional.interpolate(luma[part], size=(side, side), mode='area')
            luma[part] = torch.nn.functional.interpolate(small, size=luma.shape[2:], mode='bilinear')
            q[part] = min(1.0, max(0.0, (side - 8) / 16))
    return luma, q


def likeness(a, b):
    """How much of a clean crop is left in a spoiled one: correlation at half size, as 0..1 of quality."""
    a, b = (torch.nn.functional.avg_pool2d(v, 2).flatten(1) for v in (a, b))
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    r = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-3)
    return ((r - .35) / .35).clamp(0, 1)


def blend(rng, share, sizes, x, y, wy, e, we):
    """Some pictures with another of their set shining through (mixup), for less learning by heart: the labels are
    blended alike. sizes: rows of each set; rows beyond them stay. Returns what changed and which rows did."""
    n = len(x)
    other = torch.arange(n)
    for at, size in zip(np.cumsum([0, *sizes]).tolist(), sizes):
        other[at:at + size] = at + torch.randperm(size, generator=rng)
    keep = torch.where(torch.rand(n, generator=rng) < share, 1 - .5 * torch.rand(n, generator=rng), torch.ones(n))
    keep = torch.where(other == torch.arange(n), torch.ones(n), keep)
    mixed, k = keep < 1, keep[:, None]
    w = k * wy[:, None], (1 - k) * wy[other, None]
    y = torch.where(mixed[:, None], (w[0] * y + w[1] * y[other]) / (w[0] + w[1]).clamp_min(1e-6), y)
    x = torch.floor(torch.lerp(x[other], x, keep[:, None, None, None]) + .5)
    e = torch.lerp(e[other], e, k)
    we = torch.where(mixed[:, None], torch.minimum(we, we[other]), we)
    return x, y, (w[0] + w[1])[:, 0], e, we, mixed


class Batches:
    """Endless training batches: dict of x (bytes 0..127), y, wy, e, we, worth, q, wq."""

    def __init__(self, cache, parts, seed, strength=0.35):
        self.parts = [(Set(cache, k), n) for k, n in parts.items() if n]
        self.negatives = np.load(os.path.join(cache, 'negatives_images.npy'), mmap_mode='r')
        self.rng, self.strength = torch.Generator().manual_seed(seed), strength

    def crops(self, s, n):
        rng, rows = self.rng, s.draw(n, self.rng)
        mirror = torch.rand(n, generator=rng) < 0.5
        m0 = s.m[rows]
        boxed = (torch.rand(n, generator=rng) < BOXED)[:, None, None]     # as if the landmarks had failed
        as_run = (torch.rand(n, generator=rng) < .5)[:, None, None]
        run = torch.where(as_run, s.run_m[rows], m0)
        m = torch.where(boxed, s.box_m.expand(n, 2, 3), run)
        m = augment.perturb(m, rng, rotation=9, scale=0.11, shift=0.04, mirror=mirror, aspect=0.06)
        lost = torch.rand(n, generator=rng) < 0.04
        far = augment.perturb(m, rng, rotation=80, scale=1.2, shift=0.35)
        m = torch.where(lost[:, None, None], far, m)
        # two qualities: beside the true place, and beside what the library will give: labels hold there, too
        q = torch.stack([(1 - (misplacement(a, m, mirror) - .13) / .15).clamp(0, 1) for a in (m0, run)], 1)
        luma, inside = augment.sample(s.pictures(rows), m, SIDE)
        q = q * (inside.mean((1, 2, 3)) * 2).clamp(0, 1)[:, None]
        return luma, inside, q, s.y[rows], s.wy[rows], s.x[rows], s.wx[rows], s.worth.expand(n, 20)

    def nothing(self, n):
        """Crops without a face."""
        rows = torch.randint(0, len(self.negatives), (n,), generator=self.rng).numpy()
        luma = torch.from_numpy(np.ascontiguousarray(self.negatives[rows]))[:, None].float()
        luma = torch.nn.functional.interpolate(luma, size=(SIDE, SIDE), mode='area')
        zero = torch.zeros(n)
        return (luma, torch.ones_like(luma), torch.zeros(n, 2), torch.full((n, 8), 1 / 8), zero,
                *torch.zeros(3, n, 20))

    def next(self):
        with torch.no_grad():
            groups = [self.crops(s, n) for s, n in self.parts]
            total = sum(n for _, n in self.parts)
            groups.append(self.nothing(max(1, total // 40)))
            luma, inside, q, y, wy, e, we, worth = (torch.cat(g) for g in zip(*groups))
            clean = luma
            luma, covered = augment.occlude(luma, self.rng, 0.12)
            luma, wide = augment.occlude(luma, self.rng, 0.04, 0.25, 0.6)
            hidden = torch.maximum(covered, wide).mean((1, 2, 3))
            luma, tiny = shrink(luma, self.rng, 0.06)
            luma, _ = augment.photometric(luma, self.rng, self.strength, 0.0)
            luma = augment.tone(luma, self.rng, TONED)
            seen = likeness(clean, luma) * tiny * (1 - (hidden - .15) / .45).clamp(0, 1)
            q = q * seen[:, None]
            good = (q[:, 1] > .5).float()
            x, wy, we = normalise_batch(luma, inside), wy * good, we * good[:, None]
            photos = [n for s, n in self.parts if s.name not in RENDERED]
            x, y, wy, e, we, mixed = blend(self.rng, MIXED, photos, x, y, wy, e, we)
        return dict(x=x, y=y, wy=wy, e=e, we=we, worth=worth, q=q[:, 0], wq=(~mixed).float())


def plain(s, rows, jitter=None):
    """Crops of a set as the library makes them; `jitter` (rng): misaligned as by a landmark network."""
    m = s.run_m[rows]
    if jitter is not None:
        m = augment.perturb(m, jitter, rotation=5, scale=0.06, shift=0.03)
    luma, inside = augment.sample(s.pictures(rows), m, SIDE)
    return normalise_batch(luma, inside)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for k in ('packs', 'stills', 'teacher', 'negatives', 'out'):
        a.add_argument('--' + k, required=True)
    a.add_argument('--tones')
    a.add_argument('--only', nargs='*', default=SETS + RENDERED + ('negatives',))
    a = a.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in RENDERED:
        if name in a.only and getattr(a, name):
            prepare_rendered(name, getattr(a, name), a.out)
    if 'negatives' in a.only:
        prepare_negatives(a.negatives, a.out)
    for name in SETS:
        if name in a.only:
            prepare_set(name, os.path.join(a.packs, f'expr_{name}.npz'),
                        os.path.join(a.teacher, f'teacher_{name}.npz'), a.out)


if __name__ == '__main__':
    main()
