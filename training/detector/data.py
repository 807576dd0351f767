"""Training pictures of the detector: one memory-mapped luma file, and augmented crops cut from it.

    data.py pack --detector DIR --keypoints FILE --scenes DIR --landmarks DIR --synthetic FILE --out DIR
    data.py add --more FILE... --out DIR        (photos boxed by teach.py join the pack)

Pack: luma.bin (uint8 planes, one after another), index.npz (where they are; the faces of each).
A face is 17 floats: x0 y0 x1 y1, ignore, weight of its box in the loss, 5 × (x, y), points known.
Boxes are brought to the people's convention: machine boxes by the shift MACHINE_SHIFT (fitted on 848
faces that have both), landmark crops by augment.box_of_68.
"""
import argparse
import gzip
import hashlib
import json
import math
import os
import sys

import cv2
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from affect_training import augment, normalise  # noqa: E402

COLS = 17
LEVELS = 4                  # full size and three reduced ones
MACHINE_SHIFT = (0.0, 0.136, 0.0, 0.027)     # people's edges minus machine's, in machine widths and heights
GROUPS = ('people', 'scenes', 'stretched', 'repeated', 'negatives', 'portraits', 'automatic', 'rendered', 'more')
TRAIN, TUNE, VAL = 0, 1, 2
MAX_FACES = 64
LEAST = 5.0                 # faces with a shorter side below are ignored
LETTERED = 0.4              # share of the face-free pictures with words written over them
ALPHABET = np.frombuffer(b'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789oOeBgQ08', np.uint8)     # round ones twice
CROWD = 4                   # people's photos with so many faces come up twice as often


def part(name, tune=10, val=20):
    """Split by name in percent: TUNE is for choosing thresholds, neither is trained on."""
    n = int(hashlib.sha1(name.encode()).hexdigest()[:8], 16) % 100
    return VAL if n < val else TUNE if n < val + tune else TRAIN


def face(box, ignore=0, weight=1.0, points=None):
    row = np.zeros(COLS, np.float32)
    row[:4], row[4], row[5] = box, ignore, weight
    if points is not None:
        row[6:16], row[16] = np.asarray(points, np.float32).ravel(), 1
    return row


def five_of_68(p):
    return np.array([p[36:42].mean(0), p[42:48].mean(0), p[30], p[48], p[54]])


class Pack:
    """Writes luma planes and their faces; `append`: after those that are there."""

    def __init__(self, out, append=False):
        os.makedirs(out, exist_ok=True)
        self.out, self.file = out, open(os.path.join(out, 'luma.bin'), 'ab' if append else 'wb')
        self.rows, self.faces, self.names, self.at = [], [], [], 0
        if append:
            z = np.load(os.path.join(out, 'index.npz'))
            self.rows, self.faces, self.names = ([*z[k]] for k in ('rows', 'faces', 'names'))
            self.at = self.file.tell()

    def add(self, luma, faces, group, split, name):
        h, w = luma.shape
        self.file.write(np.ascontiguousarray(luma).tobytes())
        self.rows.append((self.at, h, w, GROUPS.index(group), split, len(self.faces), len(faces)))
        self.faces += list(faces)
        self.names.append(name)
        self.at += h * w

    def close(self):
        self.file.close()
        np.savez(os.path.join(self.out, 'index.npz'), rows=np.array(self.rows, np.int64),
                 faces=np.array(self.faces, np.float32).reshape(-1, COLS), names=np.array(self.names))


def lines(path):
    with (gzip.open(path, 'rt') if path.endswith('.gz') else open(path)) as f:
        return [json.loads(x) for x in f]


def add_people(pack, root, keypoints):
    points = {r['file']: r['kps'] for r in lines(keypoints)}
    for name, split in (('train', TRAIN), ('val', VAL)):
        for r in lines(os.path.join(root, name + '.jsonl')):
            known = points.get(r['file'], [])
            faces = []
            for i, (x, y, w, h, flag) in enumerate(r['faces']):
                k = known[i] if i < len(known) else None
                faces.append(face((x, y, x + w, y + h), flag, 1.0, k[:10] if k and k[10] > 0.3 else None))
            pack.add(cv2.imread(os.path.join(root, r['file']), cv2.IMREAD_GRAYSCALE), faces, 'people', split,
                     r['file'])
    for r in lines(os.path.join(root, 'negatives.jsonl')):
        pack.add(cv2.imread(os.path.join(root, r['file']), cv2.IMREAD_GRAYSCALE), [], 'negatives',
                 part(r['file']), r['file'])


def photo_key(path):
    """Name of the photo a Helen or AFW crop was cut from."""
    stem = os.path.basename(path).rsplit('.', 1)[0]
    return stem.rsplit('_', 1)[0]


def add_scenes(pack, root, held_back):
    for r in lines(os.path.join(root, 'scenes.jsonl')):
        faces = []
        for f in r['faces']:
            x, y, w, h = f[:4]
            a, b, c, d = MACHINE_SHIFT
            box = (x + a * w, y + b * h, x + w + c * w, y + h + d * h)
            faces.append(face(box, f[4], 0.3, f[6:16] if len(f) >= 16 else None))
        group = {'driver': 'stretched', 'smoke_h': 'stretched', 'ytf': 'repeated', 'p04': 'repeated'}
        split = VAL if r['split'] == 'val' else TRAIN
        if r['tag'] in ('helen', 'afw') and photo_key(r['source']) in held_back:
            split = VAL
        pack.add(cv2.imread(os.path.join(root, r['file']), cv2.IMREAD_GRAYSCALE), faces,
                 group.get(r['tag'], 'scenes'), split, r['file'])


def add_more(pack, path, longest=640):
    """Photos boxed by teach.py, shrunk; those without any face are left out."""
    for r in lines(path):
        im = cv2.imread(r['file'], cv2.IMREAD_GRAYSCALE)
        k = min(1, longest / max(im.shape))
        faces = []
        for f in r['faces']:
            x, y, w, h = (v * k for v in f[:4])
            a, b, c, d = MACHINE_SHIFT if f[5] else (0, 0, 0, 0)
            box = (x + a * w, y + b * h, x + w + c * w, y + h + d * h)
            points = np.array(f[6:16]) * k if any(f[6:16]) else None
            faces.append(face(box, max(f[4], int(w < 6)), 0.3 if f[5] else 0.1, points))
        if any(f[4] == 0 for f in faces):
            if k < 1:
                im = cv2.resize(im, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            pack.add(im, faces, 'more', TRAIN, os.path.basename(r['file']))


def landmark_faces(name, points, own):
    """(face row or None) of one landmark crop."""
    if name == 'pointing04':
        return face((*own[0], *own[1]), 0, 0.2)
    ok = np.isfinite(points).all(1)
    if ok.all():
        weight = 0.3 if name in ('ytf', 'ibuglp', 'frl') else 0.6
        return face(augment.box_of_68(points), 0, weight, five_of_68(points))
    five = [points[36:42][ok[36:42]], points[42:48][ok[42:48]], points[[30]][ok[[30]]],
            points[[48]][ok[[48]]], points[[54]][ok[[54]]]]
    if any(len(x) == 0 for x in five):
        return None
    five = np.array([x.mean(0) for x in five])
    return face(box_of_five(five), 0, 0.15, five)


def box_of_five(p):
    """Rough people's box from five points of a roughly frontal face."""
    eyes, mouth = p[:2].mean(0), p[3:].mean(0)
    down = np.linalg.norm(mouth - eyes)
    across = max(np.linalg.norm(p[1] - p[0]), 0.75 * down)
    c = (eyes + mouth) / 2
    return c[0] - 1.05 * across, c[1] - 1.15 * down, c[0] + 1.05 * across, c[1] + 1.3 * down


def add_landmarks(pack, root, scenes_val):
    group = {'helen': 'portraits', 'afw': 'portraits', 'frl': 'portraits', 'irdepth': 'portraits',
             'drivface': 'portraits', 'pointing04': 'automatic', 'ytf': 'automatic', 'ibuglp': 'automatic'}
    for name, g in group.items():
        path = os.path.join(root, f'landmarks_{name}.npz')
        if not os.path.exists(path):
            continue
        z = dict(np.load(path))
        for i in range(len(z['images'])):
            f = landmark_faces(name, z['points'][i], z['own'][i] if 'own' in z else None)
            if f is None:
                continue
            held = z['split'][i] == 'val' or photo_key(str(z['photo'][i]) + '.x') in scenes_val
            split = VAL if held else TRAIN
            f[:4] += 0.5
            f[6:16] += 0.5
            pack.add(z['images'][i], [f], g, split, f"{name}:{z['photo'][i]}")


def add_rendered(pack, path):
    z = dict(np.load(path))         # an NpzFile would unpack an array at every access
    jpeg, at = z['jpeg'], z['jpeg_offset']
    for i in range(len(at) - 1):
        im = cv2.imdecode(jpeg[at[i]:at[i + 1]], cv2.IMREAD_GRAYSCALE)
        p = z['lm'][i]
        f = face(augment.box_of_68(p), 0, 0.2, five_of_68(p))
        pack.add(im, [f], 'rendered', VAL if z['identity'][i] % 10 == 0 else TRAIN, f'rendered:{i}')


def held_back_photos(landmarks):
    keys = set()
    for name in ('helen', 'afw'):
        z = np.load(os.path.join(landmarks, f'landmarks_{name}.npz'))
        keys |= {photo_key(str(p) + '.x') for p, s in zip(z['photo'], z['split']) if s == 'val'}
    return keys


def build(a):
    pack = Pack(a.out)
    add_people(pack, a.detector, a.keypoints)
    scenes_val = {photo_key(r['source']) for r in lines(os.path.join(a.scenes, 'scenes.jsonl'))
                  if r['split'] == 'val' and r['tag'] in ('helen', 'afw')}
    add_scenes(pack, a.scenes, held_back_photos(a.landmarks))
    add_landmarks(pack, a.landmarks, scenes_val)
    add_rendered(pack, a.synthetic)
    pack.close()
    write_reduced(a.out)
    print_counts(pack)


def add(a):
    pack = Pack(a.out, append=True)
    first = len(pack.rows)
    for path in a.more:
        add_more(pack, path)
    pack.close()
    write_reduced(a.out, first)
    print_counts(pack)


def print_counts(pack):
    rows = np.array(pack.rows)
    for g, name in enumerate(GROUPS):
        print(name, [int(((rows[:, 3] == g) & (rows[:, 4] == s)).sum()) for s in (TRAIN, TUNE, VAL)])


def write_reduced(folder, first=0):
    """luma1.bin, luma2.bin, …: all pictures from `first` on at a half, a quarter, an eighth."""
    rows = np.load(os.path.join(folder, 'index.npz'))['rows'][first:]
    luma = np.memmap(os.path.join(folder, 'luma.bin'), np.uint8, 'r')
    files = [open(os.path.join(folder, f'luma{k}.bin'), 'ab' if first else 'wb') for k in range(1, LEVELS)]
    for at, h, w in rows[:, :3].tolist():
        im = luma[at:at + h * w].reshape(h, w)
        for k, f in enumerate(files, 1):
            im = cv2.resize(im, (max(1, w >> k), max(1, h >> k)), interpolation=cv2.INTER_AREA)
            f.write(im.tobytes())
    for f in files:
        f.close()


class Pictures:
    """Read access to a pack."""

    def __init__(self, folder):
        z = np.load(os.path.join(folder, 'index.npz'))
        self.rows, self.all_faces, self.names = z['rows'], z['faces'], z['names']
        self.luma = np.asarray(np.memmap(os.path.join(folder, 'luma.bin'), np.uint8, 'r'))
        self.small = [np.asarray(np.memmap(os.path.join(folder, f'luma{k}.bin'), np.uint8, 'r'))
                      for k in range(1, LEVELS)]
        sizes = self.rows[:, 1:3]
        self.starts = [np.concatenate([[0], np.cumsum(np.maximum(1, sizes >> k).prod(1))])
                       for k in range(1, LEVELS)]

    def picture(self, i):
        at, h, w = self.rows[i, :3]
        return self.luma[at:at + h * w].reshape(h, w)

    def reduced(self, i, level):
        """Picture i, 2^level times smaller (area means)."""
        if level == 0:
            return self.picture(i)
        h, w = (max(1, int(v) >> level) for v in self.rows[i, 1:3])
        at = self.starts[level - 1][i]
        return self.small[level - 1][at:at + h * w].reshape(h, w)

    def faces(self, i):
        at, n = self.rows[i, 5:7]
        return self.all_faces[at:at + n]

    def select(self, group, split):
        r = self.rows
        return np.nonzero((r[:, 3] == GROUPS.index(group)) & (r[:, 4] == split))[0]


SHARES = {'people': .42, 'scenes': .12, 'stretched': .02, 'repeated': .02, 'negatives': .12, 'portraits': .08,
          'automatic': .03, 'rendered': .02, 'more': .17}
SWAP = [1, 0, 2, 4, 3]      # five points of a mirrored face


def contrast(im, inside):
    """normalise.normalise, the same bytes, faster."""
    mask = inside.view(np.uint8)
    hist = cv2.calcHist([im], [0], mask, [256], [0, 256]).ravel()
    out = np.full(im.shape, normalise.PAD, np.uint8)
    return cv2.copyTo(cv2.LUT(im, normalise.table(hist)), mask, out)


class Crops:
    """Endless augmented training crops: normalised uint8 planes 0..127 and their faces."""

    def __init__(self, folder, size=320, seed=0, limit=None, mild=False, people=None, shares=SHARES):
        self.mild = mild            # near the pictures as they are: for the last part of a training
        self.pics, self.size, self.rng = Pictures(folder), size, np.random.default_rng(seed)
        self.pool = {g: self.pics.select(g, TRAIN) for g in GROUPS}
        hard = os.path.join(folder, 'hard.npy')     # of mine.py
        if os.path.exists(hard):
            self.pool['negatives'] = self.often(self.pool['negatives'], np.load(hard))
        crowds = [i for i in self.pool['people'] if (self.pics.faces(i)[:, 4] == 0).sum() >= CROWD]
        self.pool['people'] = np.append(self.pool['people'], np.array(crowds, int))
        if limit:
            self.pool = {g: p[::max(1, int(1 / limit))] for g, p in self.pool.items()}
        self.groups = [g for g in GROUPS if len(self.pool[g])]
        share = np.array([shares[g] for g in self.groups])
        if people is not None:      # this share for people's boxes, the others keep their proportions
            mine = np.array(self.groups) == 'people'
            share = np.where(mine, people, share * (1 - people) / share[~mine].sum())
        self.share = np.cumsum(share / share.sum())[:-1]
        self.noise = self.rng.standard_normal(1 << 20).astype(np.float32)
        self.deck = {g: [] for g in self.groups}

    @staticmethod
    def often(pool, hard):
        """The pool, in which the hard ones come up as often together as all others."""
        return np.concatenate([pool, np.repeat(hard, max(0, (len(pool) - 2 * len(hard)) // len(hard)))])

    def pick(self):
        g = self.groups[int(np.searchsorted(self.share, self.rng.random()))]
        if not self.deck[g]:
            self.deck[g] = list(self.rng.permutation(self.pool[g]))
        return int(self.deck[g].pop())

    def draw(self, rw, rh):
        """One picture and the scale that gives one of its faces a size uniform in the logarithm."""
        rng = self.rng
        i = self.pick()
        faces = self.pics.faces(i)
        real = faces[faces[:, 4] == 0]
        h, w = self.pics.rows[i, 1:3]
        if not len(real):
            s = float(np.exp(rng.uniform(np.log(.4), np.log(1.6))))
            return i, s, (rng.uniform(0, w), rng.uniform(0, h))
        f = real[rng.integers(len(real))]
        have = math.sqrt(max((f[2] - f[0]) * (f[3] - f[1]), 16))
        top = max(min(1.05 * min(rw, rh), 1.06 * self.size), 24)
        s = math.exp(rng.uniform(math.log(9), math.log(top))) / have
        if self.mild and rng.random() < .65:
            s = math.exp(rng.uniform(math.log(.36), math.log(1.2))) * min(2.0, 640 / max(h, w))
        elif have < 40 and rng.random() < .5:
            s = math.exp(rng.uniform(math.log(.6), math.log(2.2)))
        return i, min(max(s, .12), 3.0 if have > 60 else 2.5), ((f[0] + f[2]) / 2, (f[1] + f[3]) / 2)

    def fill(self, canvas, inside, rect, quarter, drawn=None):
        """Fills a rectangle, cut again into four where its picture would be small; returns the faces."""
        x0, y0, x1, y1 = rect
        rw, rh = x1 - x0, y1 - y0
        if rw < 4 or rh < 4:
            return []
        i, s, anchor = drawn or self.draw(rw, rh)
        h, w = self.pics.rows[i, 1:3]
        if max(s * w / rw, s * h / rh) < .62 and min(rw, rh) > 80 and self.rng.random() < .9:
            cx, cy = x0 + int(rw * self.rng.uniform(.4, .6)), y0 + int(rh * self.rng.uniform(.4, .6))
            quads = [(x0, y0, cx, cy), (cx, y0, x1, cy), (x0, cy, cx, y1), (cx, cy, x1, y1)]
            first = self.rng.integers(4)
            out = []
            for k, q in enumerate(quads):
                out += self.fill(canvas, inside, q, quarter, (i, s, anchor) if k == first else None)
            return out
        if self.rng.random() < .6:
            self.backdrop(canvas, inside, rect)
        return [self.place(canvas, inside, rect, quarter, i, s, anchor)]

    def backdrop(self, canvas, inside, rect):
        """A part of a face-free photo behind the picture of a rectangle."""
        rng, pool = self.rng, self.pool['negatives']
        x0, y0, x1, y1 = rect
        im = self.pics.reduced(int(pool[rng.integers(len(pool))]), int(rng.integers(0, 2)))
        h, w = im.shape
        k = min(rng.uniform(.4, 1.0), 1.0)
        ch, cw = max(8, int(h * k)), max(8, int(w * k))
        y, x = rng.integers(0, h - ch + 1), rng.integers(0, w - cw + 1)
        canvas[y0:y1, x0:x1] = cv2.resize(im[y:y + ch, x:x + cw], (x1 - x0, y1 - y0))
        inside[y0:y1, x0:x1] = True

    def place(self, canvas, inside, rect, quarter, i, s, anchor):
        """Draws picture i at scale s into rect (x0, y0, x1, y1) of the canvas; returns its faces."""
        rng = self.rng
        faces = self.pics.faces(i).copy()
        x0, y0, x1, y1 = rect
        rw, rh = x1 - x0, y1 - y0
        h, w = self.pics.rows[i, 1:3].tolist()
        angle = 0.0
        if rng.random() < (.25 if self.mild else .5):
            angle = min(max(rng.normal(0, 6 if self.mild else 10), -35.0), 35.0)
        if quarter:
            angle += 90.0 * rng.integers(1, 4)
        mirror = rng.random() < .5
        level = min(max(int(math.floor(math.log2(1.25 / s))), 0), LEVELS - 1)
        small = self.pics.reduced(i, level)
        kx, ky = small.shape[1] / w, small.shape[0] / h
        squash = math.exp(rng.normal(0, .05))
        c, sn = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        sx, sy = s * squash * (-1 if mirror else 1), s / squash
        A = np.array([[c * sx, -sn * sy], [sn * sx, c * sy]])
        b = self.offset(A, anchor, (w, h), (rw, rh))
        M = np.concatenate([A / [kx, ky], b[:, None]], 1)
        M[:, 2] += M[:, :2] @ np.array([.5, .5]) - .5       # pixel centres: continuous x is index + 1/2
        drawn = cv2.warpAffine(small, M, (rw, rh), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        if not len(faces) and rng.random() < LETTERED:
            self.letter(drawn)
        corners = (A @ np.array([[0, w, w, 0], [0, 0, h, h]], float) + b[:, None]).T
        lo, hi = corners.min(0), corners.max(0)
        if angle == 0 and lo.max() <= 0 and hi[0] >= rw and hi[1] >= rh:
            canvas[y0:y1, x0:x1] = drawn
            inside[y0:y1, x0:x1] = True
        else:
            mask = np.zeros((rh, rw), np.uint8)
            cv2.fillConvexPoly(mask, np.round((corners - .5) * 16).astype(np.int32), 255, shift=4)
            cv2.copyTo(drawn, mask, canvas[y0:y1, x0:x1])
            inside[y0:y1, x0:x1] |= mask > 0
        return self.move(faces, A, b, mirror, rect, corners)

    def letter(self, im):
        """Words over a picture without faces, as watermarks and signs have them: letters pass for small faces."""
        rng = self.rng
        for _ in range(rng.integers(1, 6)):
            word = ''.join(chr(c) for c in rng.choice(ALPHABET, rng.integers(1, 11)))
            size, thick = rng.uniform(.25, 2.5), int(rng.integers(1, 5))
            at = int(rng.uniform(-.1, .8) * im.shape[1]), int(rng.uniform(.05, 1) * im.shape[0])
            over = cv2.putText(im.copy(), word, at, int(rng.integers(0, 8)), size, int(rng.integers(0, 256)), thick, cv2.LINE_AA)
            k = rng.uniform(.15, 1)
            cv2.addWeighted(over, k, im, 1 - k, 0, im)

    def offset(self, A, anchor, size, rect):
        """Where the picture lies: a face anywhere in the rectangle, few empty borders."""
        rng = self.rng
        w, h = size
        rw, rh = rect
        corners = A @ np.array([[0, w, w, 0], [0, 0, h, h]], float)
        lo, hi = corners.min(1), corners.max(1)
        p = A @ np.array(anchor)
        goal = np.array([rng.uniform(.05, .95) * rw, rng.uniform(.05, .95) * rh])
        b = goal - p
        for k, r in ((0, rw), (1, rh)):
            if hi[k] - lo[k] >= r:
                b[k] = min(max(b[k], r - hi[k]), -lo[k])
            elif rng.random() < .5:
                b[k] = -lo[k]
            else:
                b[k] = rng.uniform(-lo[k], r - hi[k])
        return b

    def move(self, faces, A, b, mirror, rect, corners):
        """Faces into canvas coordinates; what is cut away or tiny becomes ignored."""
        x0, y0, x1, y1 = rect
        if not len(faces):
            return faces
        centre = np.stack([(faces[:, 0] + faces[:, 2]) / 2, (faces[:, 1] + faces[:, 3]) / 2], 1) @ A.T + b
        half = np.stack([faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1]], 1) / 2
        straight = abs(A[0, 0]) > 6 * abs(A[0, 1])
        ext = half @ np.abs(A).T if straight and abs(A[0, 1]) < 1e-6 else np.sqrt(half ** 2 @ (A ** 2).T)
        out = faces.copy()
        box = np.concatenate([centre - ext, centre + ext], 1)
        pts = faces[:, 6:16].reshape(-1, 5, 2) @ A.T + b
        if mirror:
            pts = pts[:, SWAP]
        lo = np.maximum(corners.min(0), 0)
        hi = np.minimum(corners.max(0), [x1 - x0, y1 - y0])
        cut = np.concatenate([np.clip(box[:, :2], lo, hi), np.clip(box[:, 2:], lo, hi)], 1)
        area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
        seen = (cut[:, 2] - cut[:, 0]) * (cut[:, 3] - cut[:, 1]) / np.maximum(area, 1e-6)
        side = np.minimum(cut[:, 2] - cut[:, 0], cut[:, 3] - cut[:, 1])
        out[:, :4] = cut + [x0, y0, x0, y0]
        out[:, 6:16] = (pts + [x0, y0]).reshape(-1, 10)
        out[:, 4] = np.maximum(out[:, 4], (seen < .45) | (side < LEAST))
        return out[(seen > .05) & (side > 1.5)]

    def rects(self):
        n, rng = self.size, self.rng
        u = rng.random()
        if u < (.75 if self.mild else .5):
            return [(0, 0, n, n)]
        cx, cy = (int(rng.uniform(.3, .7) * n) for _ in range(2))
        u = rng.uniform(.5, 1)
        if u < .62:
            return [(0, 0, cx, n), (cx, 0, n, n)]
        if u < .72:
            return [(0, 0, n, cy), (0, cy, n, n)]
        return [(0, 0, cx, cy), (cx, 0, n, cy), (0, cy, cx, n), (cx, cy, n, n)]

    def tone(self, im):
        """Gamma, contrast, infrared-like light, blur, noise, JPEG."""
        rng = self.rng
        v = np.arange(256, dtype=np.float32) / 255
        k = .4 if self.mild else 1.0
        if rng.random() < .8:
            v = v ** np.exp(rng.normal(0, .3 * k))
        if rng.random() < .08 * k:
            v = 1 - np.abs(v * rng.uniform(.5, 1.2) - rng.uniform(0, .3))   # infrared-like: some tones turn
            v = 1 - v if rng.random() < .7 else v
        gain, mid = np.exp(rng.normal(0, .3 * k)), rng.uniform(.2, .8)
        if rng.random() < .12 * k:
            gain *= rng.uniform(.1, .5)                                     # dark or foggy
        v = (v - mid) * gain + mid + rng.normal(0, .08)
        im = cv2.LUT(im, np.clip(v * 255, 0, 255).astype(np.uint8))
        n = self.size
        if rng.random() < .12 * k:
            x, y = np.linspace(-1, 1, n, dtype=np.float32), np.linspace(-1, 1, n, dtype=np.float32)
            r2 = (x[None] - rng.uniform(-.6, .6)) ** 2 + (y[:, None] - rng.uniform(-.6, .6)) ** 2
            im = np.clip(im * np.exp(-r2 * rng.uniform(.2, 1.5)), 0, 255).astype(np.uint8)
        u = rng.random() / k
        if u < .12:
            im = cv2.GaussianBlur(im, (0, 0), rng.uniform(.5, 1.8))
        elif u < .17:
            k = int(rng.integers(3, 8))
            kern = np.zeros((k, k), np.float32)
            kern[k // 2] = 1 / k
            im = cv2.filter2D(im, -1, kern if rng.random() < .6 else kern.T)
        if rng.random() < .25 * k:
            at = int(rng.integers(0, (1 << 20) - n * n))
            sd = abs(rng.normal(0, 8)) + 1
            im = np.clip(im + sd * self.noise[at:at + n * n].reshape(n, n), 0, 255).astype(np.uint8)
        if rng.random() < .15 * k:
            ok, data = cv2.imencode('.jpg', im, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 75))])
            im = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        return im

    def occlude(self, im, faces):
        """Something in front of some faces: a patch of the picture itself, or a flat bar or disc."""
        rng = self.rng
        for f in faces:
            if f[4] or rng.random() > (.04 if self.mild else .12):
                continue
            w, h = f[2] - f[0], f[3] - f[1]
            ow, oh = w * rng.uniform(.3, 1.0), h * rng.uniform(.15, .45)
            if rng.random() < .3:
                ow, oh = w * rng.uniform(.2, .45), h * rng.uniform(.5, 1.1)
            cx, cy = f[0] + w * rng.uniform(.1, .9), f[1] + h * rng.uniform(.2, 1.0)
            a, b = max(0, int(cx - ow / 2)), max(0, int(cy - oh / 2))
            c, d = min(self.size, int(cx + ow / 2)), min(self.size, int(cy + oh / 2))
            if c - a < 2 or d - b < 2:
                continue
            if rng.random() < .5:
                y, x = rng.integers(0, self.size - (d - b) + 1), rng.integers(0, self.size - (c - a) + 1)
                im[b:d, a:c] = im[y:y + d - b, x:x + c - a].copy()
            elif rng.random() < .5:
                im[b:d, a:c] = rng.integers(0, 256)
            else:
                cv2.ellipse(im, (int(cx), int(cy)), (int(ow / 2), int(oh / 2)), float(rng.uniform(-40, 40)),
                            0, 360, int(rng.integers(0, 256)), -1)

    def crop(self):
        n = self.size
        canvas, inside = np.zeros((n, n), np.uint8), np.zeros((n, n), bool)
        quarter = self.rng.random() < .02 and not self.mild
        faces = sum((self.fill(canvas, inside, r, quarter) for r in self.rects()), [])
        faces = np.concatenate(faces)
        if quarter:
            faces[:, 4] = 1
        self.occlude(canvas, faces)
        return contrast(self.tone(canvas), inside), faces

    def batch(self, count):
        """uint8 (count, 1, size, size) and float32 (count, G, 17), padded with ignore = 2."""
        made = [self.crop() for _ in range(count)]
        return pad_faces([p for p, _ in made], [f for _, f in made])


def pad_faces(planes, rows):
    """Planes (H, W) and their faces as two arrays."""
    rows = [f[np.argsort(f[:, 4], kind='stable')][:MAX_FACES] for f in rows]
    faces = np.zeros((len(rows), max(1, max(len(f) for f in rows)), COLS), np.float32)
    faces[:, :, 4] = 2
    for i, f in enumerate(rows):
        faces[i, :len(f)] = f
    return np.stack(planes)[:, None], faces


class Replay:
    """Batches that are new in part; the rest was drawn before, mirrored now or four halved into one.

    Making a crop takes half as long as the network needs for it, and each is worth more than one look.
    """

    def __init__(self, crops, fresh, room=6000):
        self.crops, self.fresh, self.rng = crops, fresh, np.random.default_rng(crops.rng.integers(1 << 31))
        self.size, self.count, self.at = crops.size, 0, 0
        if fresh < 1:
            self.planes = np.empty((room, 1, crops.size, crops.size), np.uint8)
            self.faces = [None] * room

    def store(self, planes, faces):
        for p, f in zip(planes, faces):
            self.planes[self.at, 0], self.faces[self.at] = p[0], f[f[:, 4] < 2]
            self.at = (self.at + 1) % len(self.planes)
            self.count = max(self.count, self.at)

    def one(self):
        i = self.rng.integers(self.count)
        plane, faces = self.planes[i, 0], self.faces[i].copy()
        if self.rng.random() < .5:
            plane = plane[:, ::-1]
            faces[:, [0, 2]] = self.size - faces[:, [2, 0]]
            points = faces[:, 6:16].reshape(-1, 5, 2)[:, SWAP]
            points[..., 0] = self.size - points[..., 0]
            faces[:, 6:16] = points.reshape(-1, 10)
        return plane, faces

    def four(self):
        """Four crops at half size: many small faces."""
        half = self.size // 2
        plane, rows = np.empty((self.size, self.size), np.uint8), []
        for y in (0, half):
            for x in (0, half):
                p, f = self.one()
                plane[y:y + half, x:x + half] = cv2.resize(p, (half, half), interpolation=cv2.INTER_AREA)
                f[:, :4] = f[:, :4] / 2 + [x, y, x, y]
                f[:, 6:16] = (f[:, 6:16].reshape(-1, 5, 2) / 2 + [x, y]).reshape(-1, 10)
                f[:, 4] = np.maximum(f[:, 4], (f[:, 2:4] - f[:, :2]).min(1) < LEAST)
                rows.append(f)
        return plane, np.concatenate(rows)

    def batch(self, count):
        new = count if self.count < len(self.faces if self.fresh < 1 else ()) // 8 \
            else max(1, round(count * self.fresh))
        planes, faces = self.crops.batch(new)
        if self.fresh >= 1:
            return planes, faces
        self.store(planes, faces)
        old = [self.four() if self.rng.random() < .2 else self.one() for _ in range(count - new)]
        return pad_faces([p for p in planes[:, 0]] + [p for p, _ in old],
                         [f[f[:, 4] < 2] for f in faces] + [f for _, f in old])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('what', choices=['pack', 'add', 'sheet'])
    for name in ('detector', 'keypoints', 'scenes', 'landmarks', 'synthetic', 'out'):
        p.add_argument('--' + name)
    p.add_argument('--more', nargs='+')
    a = p.parse_args()
    cv2.setNumThreads(1)
    if a.what == 'add':
        return add(a)
    if a.what == 'pack':
        return build(a)
    crops, tiles = Crops(a.out, seed=1), []
    for _ in range(20):
        im, faces = crops.crop()
        im = cv2.cvtColor(im * 2, cv2.COLOR_GRAY2BGR)
        for f in faces:
            cv2.rectangle(im, tuple(int(v) for v in f[:2]), tuple(int(v) for v in f[2:4]),
                          (0, 255, 0) if f[4] == 0 else (0, 0, 255), 1)
            for k in range(5 if f[16] else 0):
                at = int(f[6 + 2 * k]), int(f[7 + 2 * k])
                cv2.circle(im, at, 1, [(255, 0, 0), (0, 255, 255)][k % 2], -1)
        tiles.append(im)
    rows = [np.hstack(tiles[i:i + 5]) for i in range(0, 20, 5)]
    cv2.imwrite(os.path.join(a.out, 'sheet.png'), np.vstack(rows))


if __name__ == '__main__':
    main()
