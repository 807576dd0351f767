"""Accuracy of landmarks, presence and head pose, measured through the tool's own JSON.

    python bench/accuracy/landmarks.py build/affect --packs DIR [--stills stills.npz]
           [--negatives DETECTOR_DIR] [--start boxes|detect|crop] [--worst worst.png]
           [--limit N] [--jitter] [-- tool options]

DIR holds landmarks_<source>.npz; only rows of split `val` are read (rendered stills: identities held back
by training/landmarks/data.py). Each picture is written as a PGM into a temporary folder and read by `affect
read --signals landmarks,pose`. Start: `boxes` gives a face box (hairline to chin, from the true points,
moved by up to 5 % and scaled by up to 10 %, fixed seed), `detect` lets the tool find the face, `crop` says
--face-crop. Prints by source: mean NME (percent of the distance of the outer eye corners), median, share
over 8 %, faces not found; pose error in degrees; presence on faces and on parts of face-free photos. --jitter:
how points move in films of one photo (Helen, AFW) with noise and half-pixel shifts. Needs NumPy, Pillow; OpenCV for
--worst.
"""
import argparse
import io
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

PEOPLE = ('helen', 'afw', 'frl', 'irdepth')
RIGHT, LEFT = slice(36, 42), slice(42, 48)


def write_pgm(path, picture):
    with open(path, 'wb') as f:
        f.write(b'P5\n%d %d\n255\n' % (picture.shape[1], picture.shape[0]))
        f.write(np.ascontiguousarray(picture, np.uint8).tobytes())


def read_faces(tool, pictures, boxes, start, options, signals='landmarks,pose'):
    """All faces that the tool reads in every picture, in order."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f'{i:06d}.pgm') for i in range(len(pictures))]
        for path, picture in zip(paths, pictures):
            write_pgm(path, picture)
        with open(folder + '/list.txt', 'w') as f:
            f.write('\n'.join(paths) + '\n')
        command = [tool, 'read', '--signals', signals, *options]
        if start == 'crop':
            command.append('--face-crop')
        if start == 'boxes':
            with open(folder + '/boxes.jsonl', 'w') as f:
                for path, box in zip(paths, boxes):
                    f.write(json.dumps({'file': path, 'boxes': [[round(float(v), 3) for v in box]]}) + '\n')
            command += ['--boxes', folder + '/boxes.jsonl']
        run = subprocess.run(command + ['@' + folder + '/list.txt'], stdout=subprocess.PIPE, text=True)
        if run.returncode not in (0, 1):
            sys.exit(f'{" ".join(command)} ended with {run.returncode}')
        faces = [[] for _ in pictures]
        for line in run.stdout.splitlines():
            d = json.loads(line)
            faces[int(os.path.basename(d['file'])[:6])] = d['faces']
    return faces


def box_of(points, rng):
    """Hairline to chin from eyes and mouth corners (docs/arithmetic.md), disturbed."""
    def middle(s):
        return np.nanmean(points[s], 0)
    eyes, mouth = (middle(RIGHT) + middle(LEFT)) / 2, (points[48] + points[54]) / 2
    h = np.linalg.norm(mouth - eyes) / 0.38
    w = max(np.linalg.norm(middle(RIGHT) - middle(LEFT)) / 0.40, 0.7 * h)
    s = np.exp(rng.uniform(-1, 1) * np.log(1.1))
    cx = (eyes[0] + mouth[0]) / 2 + rng.uniform(-0.05, 0.05) * w
    cy = eyes[1] + 0.08 * h + rng.uniform(-0.05, 0.05) * h
    return cx - w * s / 2, cy - h * s / 2, w * s, h * s


def nearest(faces, centre):
    """The face whose box middle is nearest to a point, within its own size; None if there is none."""
    best = None
    for f in faces:
        x, y, w, h = f['box']
        d = np.hypot(x + w / 2 - centre[0], y + h / 2 - centre[1]) / max(w, h)
        if d < 0.7 and 'landmarks' in f and (best is None or d < best[0]):
            best = d, f
    return None if best is None else best[1]


def stills(path, factor=2654435761):
    """(pictures, points, pose) of the rendered stills that are held back, by the hash of who it is (the detector's factor is 1)."""
    z = np.load(path)
    val = np.nonzero((z['identity'].astype(np.int64) * factor % 4294967296) % 10 == 0)[0]
    raw, at = z['jpeg'].tobytes(), z['jpeg_offset']
    images = np.stack([np.asarray(Image.open(io.BytesIO(raw[at[i]:at[i + 1]])).convert('L')) for i in val])
    return images, z['lm'][val] + 0.5, z['pose'][val]


def source(args, name):
    if name == 'stills':
        return stills(args.stills)
    z = np.load(f'{args.packs}/landmarks_{name}.npz')
    val = z['split'] == 'val'
    points = z['points'][val] + 0.5
    if name == 'pointing04':        # no points: its boxes stand for them
        own = z['own'][val] + 0.5
        points = np.full((len(own), 68, 2), np.nan)
        return z['images'][val], points, z['pose'][val], own.reshape(-1, 4)
    return z['images'][val], points, z['pose'][val]


def errors(face, truth, inner):
    """NME in percent over the known points."""
    found = np.array(face['landmarks'])
    known = np.isfinite(truth[:, 0])
    if inner:
        known[:17] = False
    d = np.linalg.norm(found - truth, axis=1)[known]
    return 100 * d.mean() / np.linalg.norm(truth[45] - truth[36])


def pose_line(name, faces, pose):
    rows = [(f['pose'], p) for f, p in zip(faces, pose) if f and 'pose' in f and np.isfinite(p[:2]).all()]
    if not rows:
        return
    got = np.array([[r[0]['yaw'], r[0]['pitch'], r[0]['roll']] for r in rows])
    truth = np.array([r[1] for r in rows])
    e = np.abs((got - truth + 180) % 360 - 180)
    near = (np.abs(truth[:, 0]) <= 60) & (np.abs(truth[:, 1]) <= 30)
    roll = f' roll {np.nanmean(e[:, 2]):.2f}' if np.isfinite(e[:, 2]).any() else ''
    m, k = e.mean(0), e[near].mean(0)
    print(f'{name:11s} pose {len(rows):4d} faces  mean error yaw {m[0]:.2f} pitch {m[1]:.2f}{roll}   '
          f'|yaw|<=60 and |pitch|<=30 ({near.sum()}): yaw {k[0]:.2f} pitch {k[1]:.2f}')


def measure(args, name, tiles):
    """Reads one source; prints its lines; returns (NME values, presences)."""
    images, points, pose, *own = source(args, name)
    n = min(len(images), args.limit)
    images, points, pose = images[:n], points[:n], pose[:n]
    rng = np.random.default_rng(1)
    if own:
        boxes = [(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in own[0][:n]]
    else:
        boxes = [box_of(p, rng) for p in points]
    faces = read_faces(args.tool, images, boxes, args.start, args.options)
    faces = [nearest(f, (b[0] + b[2] / 2, b[1] + b[3] / 2)) for f, b in zip(faces, boxes)]
    values = []
    if not own:
        inner = name == 'stills'
        values = [errors(f, p, inner) for f, p in zip(faces, points) if f]
        v = np.array(values)
        print(f'{name:11s} NME  {len(v):4d} faces  mean {v.mean():.2f} %  median {np.median(v):.2f} %  '
              f'over 8 %: {100 * (v > 8).mean():.1f} %  not found {sum(f is None for f in faces)}'
              + ('  (51 inner points)' if inner else ''))
        if inner:
            near = [e for e, f, p in zip([errors(f, p, True) for f, p in zip(faces, points) if f],
                                         [f for f in faces if f], [q for f, q in zip(faces, pose) if f])
                    if abs(p[0]) <= 45]
            print(f'{name:11s} NME  {len(near):4d} faces with |yaw| <= 45: mean {np.mean(near):.2f} %')
        tiles += [(errors(f, p, inner), name, im, p, f) for f, p, im in zip(faces, points, images) if f]
    pose_line(name, faces, pose)
    return values, [f['presence'] for f in faces if f and 'presence' in f]


def negatives(args):
    """Presence on squares of face-free photos (every tenth photo, as the trainer holds back)."""
    rng = np.random.default_rng(2)
    pictures = []
    for i, line in enumerate(open(args.negatives + '/negatives.jsonl')):
        r = json.loads(line)
        if i % 10 == 0 and not r.get('faces'):
            im = Image.open(os.path.join(args.negatives, r['file'])).convert('L')
            side = min(im.size) * rng.uniform(0.2, 1)
            x, y = rng.uniform(0, im.width - side), rng.uniform(0, im.height - side)
            pictures.append(np.asarray(im.resize((192, 192), Image.BILINEAR, box=(x, y, x + side, y + side))))
    faces = read_faces(args.tool, pictures, [(38, 28, 116, 136)] * len(pictures), 'boxes', args.options)
    return [f[0].get('presence', 0.0) for f in faces if f]


def presence_lines(faces, empty):
    a, b = np.array(faces), np.array(empty)
    both = np.concatenate([a, b])
    rank = np.empty(len(both))
    rank[np.argsort(both, kind='stable')] = np.arange(1, len(both) + 1)
    auc = (rank[:len(a)].sum() - len(a) * (len(a) + 1) / 2) / (len(a) * len(b))
    print(f'presence    {len(a)} faces, {len(b)} without: AUC {auc:.4f}, '
          f'faces below .5 {100 * (a < 0.5).mean():.2f} %, others above .5 {100 * (b > 0.5).mean():.2f} %')


def shifted(picture, dx, dy, rng, noise=3.0):
    """The picture moved by less than a pixel (bilinear), with sensor noise."""
    p = np.pad(picture.astype(float), 2, mode='edge')
    x, y = 1 - dx, 1 - dy                           # picture(u - d) from four neighbours
    i, j, fx, fy = int(np.floor(x)), int(np.floor(y)), x - np.floor(x), y - np.floor(y)
    h, w = picture.shape
    at = lambda a, b: p[b + 1:b + 1 + h, a + 1:a + 1 + w]                             # noqa: E731
    moved = (1 - fy) * ((1 - fx) * at(i, j) + fx * at(i + 1, j)) + fy * ((1 - fx) * at(i, j + 1) + fx * at(i + 1, j + 1))
    return np.clip(np.round(moved + rng.normal(0, noise, moved.shape)), 0, 255).astype(np.uint8)


def jitter_of(tool, picture, smoothing, frames=45, skip=15):
    """Standard deviation of the points, shifts included, percent of the eye distance; None: no face."""
    rng = np.random.default_rng(5)
    moves = rng.uniform(-.5, .5, (frames, 2))
    h, w = picture.shape
    film = f'YUV4MPEG2 W{w} H{h} F30:1 Ip Cmono\n'.encode() + b''.join(
        b'FRAME\n' + shifted(picture, *m, rng).tobytes() for m in moves)
    run = subprocess.run([tool, 'watch', '--json', '--smoothing', str(smoothing), '-'], input=film, capture_output=True,
                         check=True)
    rows = [json.loads(line)['faces'] for line in run.stdout.splitlines()][skip:]
    points = [f[0]['landmarks'] for f in rows if f and 'landmarks' in f[0]]
    if len(points) < frames - skip:
        return None
    points = np.array(points)
    eyes = np.linalg.norm(points[:, 36] - points[:, 45], axis=1).mean()
    return 100 * np.sqrt(points.var(0).mean()) / eyes


def jitter(args):
    """Raw and filtered, mean over photos."""
    for smoothing in (0, 0.3):
        values = []
        for name in ('helen', 'afw'):
            pictures = source(args, name)[0]
            values += [jitter_of(args.tool, im, smoothing) for im in pictures[:args.limit]]
        seen = [v for v in values if v is not None]
        print(f'jitter, smoothing {smoothing} s: {len(seen)} of {len(values)} photos, mean {np.mean(seen):.2f} %, '
              f'most {max(seen):.2f} % of the eye distance')


def draw_worst(tiles, path, count=24):
    import cv2
    out = []
    for e, name, image, points, face in sorted(tiles, key=lambda t: -t[0])[:count]:
        t = cv2.cvtColor(cv2.resize(image, (288, 288)), cv2.COLOR_GRAY2BGR)
        for p, colour in ((points, (0, 255, 0)), (np.array(face['landmarks']), (0, 0, 255))):
            for x, y in p * 1.5:
                if np.isfinite(x):
                    cv2.circle(t, (int(x), int(y)), 1, colour, -1)
        cv2.putText(t, f'{name} {e:.1f}', (4, 14), 0, 0.45, (0, 255, 255), 1)
        out.append(t)
    while len(out) % 8:
        out.append(np.zeros_like(out[0]))
    cv2.imwrite(path, np.vstack([np.hstack(out[i:i + 8]) for i in range(0, len(out), 8)]))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('tool')
    ap.add_argument('--packs', required=True)
    ap.add_argument('--stills')
    ap.add_argument('--negatives')
    ap.add_argument('--start', choices=('boxes', 'detect', 'crop'), default='boxes')
    ap.add_argument('--worst')
    ap.add_argument('--limit', type=int, default=10 ** 9)
    ap.add_argument('--jitter', action='store_true')
    ap.add_argument('options', nargs='*', help='after --: more options of the tool')
    args = ap.parse_args()
    tiles, all_values, faces = [], [], []
    for name in PEOPLE + (('stills',) if args.stills else ()) + ('pointing04',):
        values, presence = measure(args, name, tiles)
        all_values += values if name in ('helen', 'afw') else []
        faces += presence if name != 'pointing04' else []
    print(f'helen + afw NME  mean {np.mean(all_values):.2f} %')
    if args.negatives:
        presence_lines(faces, negatives(args))
    if args.jitter:
        jitter(args)
    if args.worst:
        draw_worst([t for t in tiles if t[1] in ('helen', 'afw')], args.worst)


if __name__ == '__main__':
    main()
