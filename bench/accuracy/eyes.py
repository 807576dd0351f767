"""Accuracy of the eyes, measured through the tool's own JSON.

    python bench/accuracy/eyes.py build/affect --packs DIR [--stills stills.npz] [--worst worst.png]
           [--limit N] [-- tool options]

DIR holds eyes_<set>.npz; only rows of split `val` (subjects not trained on) are read. Each picture is
written as a PGM into a temporary folder and read by `affect read --eye-crop`; an eye is read as closed
where `open` is below .5. Prints by set balanced accuracy (mean of closed right and open right) and
confident errors (confidence above .8); for mrl with and without glasses. With --stills also, on held-back
rendered faces read whole with --boxes: openness against the exact lids, gaze error, downward gaze read as
closed, and how many eyes were not measured.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from landmarks import box_of, write_pgm

SETS = ('mrl', 'cew', 'web', 'aps')


def run_tool(tool, pictures, options, boxes=None):
    """One JSON object a picture, None where the tool failed."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f'{i:06d}.pgm') for i in range(len(pictures))]
        for path, picture in zip(paths, pictures):
            write_pgm(path, picture)
        with open(folder + '/list.txt', 'w') as f:
            f.write('\n'.join(paths) + '\n')
        command = [tool, 'read', *options]
        if boxes is not None:
            with open(folder + '/boxes.jsonl', 'w') as f:
                for path, box in zip(paths, boxes):
                    f.write(json.dumps({'file': path, 'boxes': [[round(float(v), 3) for v in box]]}) + '\n')
            command += ['--boxes', folder + '/boxes.jsonl']
        run = subprocess.run(command + ['@' + folder + '/list.txt'], stdout=subprocess.PIPE, text=True)
        if run.returncode not in (0, 1):
            sys.exit(f'{" ".join(command)} ended with {run.returncode}')
        out = [None] * len(pictures)
        for line in run.stdout.splitlines():
            d = json.loads(line)
            out[int(os.path.basename(d['file'])[:6])] = d
    return out


def eye_of(record):
    """(open, confidence) of an --eye-crop line; the eye may stand in `faces` or at the top."""
    if record is None:
        return np.nan, np.nan
    holder = record if 'eyes' in record else record['faces'][0] if record.get('faces') else {}
    eye = holder.get('eyes', {}).get('left', {})
    return eye.get('open', np.nan), eye.get('confidence', np.nan)


def balance(opened, closed):
    right = [np.mean(opened[closed == 1] < 0.5), np.mean(opened[closed == 0] >= 0.5)]
    return 100 * np.mean(right), 100 * right[0], 100 * right[1]


def measure(args, name, tiles):
    """Reads one set's held-back eyes and prints its lines; returns the balanced accuracy."""
    z = np.load(f'{args.packs}/eyes_{name}.npz')
    val = np.nonzero((z['split'] == 'val') & np.isfinite(z['closed']))[0][:args.limit]
    images, closed = z['images'][val], z['closed'][val]
    got = np.array([eye_of(r) for r in run_tool(args.tool, images, ['--eye-crop', *args.options])])
    opened, sure = got[:, 0], got[:, 1]
    b = balance(opened, closed)
    wrong = (opened < 0.5) != (closed == 1)
    people, bad = len(set(z['subject'][val])), 100 * np.mean(wrong & (sure > 0.8))
    print(f'{name:5s} {len(val):5d} eyes, {people} subjects: balanced {b[0]:.2f} %  '
          f'closed right {b[1]:.2f} %  open right {b[2]:.2f} %  wrong with confidence > .8: {bad:.2f} %')
    if name == 'mrl':
        for glasses in (0, 1):
            k = z['glasses'][val] == glasses
            b_k = balance(opened[k], closed[k])[0]
            print(f'      glasses {glasses}: {k.sum()} eyes, balanced {b_k:.2f} %')
    margin = np.where(closed == 1, opened, 1 - opened)
    tiles += [(margin[k], name, images[k], closed[k], opened[k]) for k in np.argsort(-margin)[:16]]
    return b[0]


def angle(yaw, pitch):
    y, p = np.radians(yaw), np.radians(pitch)
    return np.stack([np.sin(y) * np.cos(p), np.sin(p), np.cos(y) * np.cos(p)], -1)


def rendered(args):
    """Eyes of whole rendered faces."""
    from landmarks import stills
    images, points, pose = stills(args.stills)
    z = np.load(args.stills)
    val = np.nonzero((z['identity'].astype(np.int64) * 2654435761 % 4294967296) % 10 == 0)[0]
    rng = np.random.default_rng(1)
    boxes = [box_of(p, rng) for p in points]
    found = run_tool(args.tool, images, ['--signals', 'landmarks,pose,eyes', *args.options], boxes)
    rows, gaze, total = [], [], 0
    for r, v, q in zip(found, val, pose):
        if not r or not r['faces'] or abs(q[0]) > 40:
            continue
        e = r['faces'][0].get('eyes', {})
        for side, own in (('left', 0), ('right', 1)):
            total += 1
            if 'open' in e.get(side, {}):
                rows.append((e[side]['open'], z['openness'][v, own], z['gaze_cam'][v, 1],
                             e[side].get('confidence', 0)))
        g, truth = e.get('gaze'), z['gaze_cam'][v]
        if g and z['openness'][v].min() > 0.25 and np.abs(truth).max() < 60:
            cosine = (angle(g['yaw'], g['pitch']) * angle(*truth)).sum()
            gaze.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    a = np.array(rows)
    shut, wide = a[:, 1] < 0.1, a[:, 1] > 0.3
    down = wide & (a[:, 2] < -20)
    confident = ((a[:, 0] < 0.5) & wide | (a[:, 0] >= 0.5) & shut) & (a[:, 3] > 0.8)
    r = np.corrcoef(a[:, 0], a[:, 1].clip(0, 1))[0, 1]
    shut_right, open_right = 100 * np.mean(a[shut, 0] < 0.5), 100 * np.mean(a[wide, 0] >= 0.5)
    print(f'rendered, |yaw| <= 40: {len(a)} of {total} eyes measured; openness correlation {r:.3f}; '
          f'closed right {shut_right:.1f} %, open right {open_right:.1f} %; wrong with confidence > .8: '
          f'{100 * confident.mean():.2f} %')
    print(f'rendered, gaze more than 20 degrees down: {down.sum()} open eyes, '
          f'{100 * np.mean(a[down, 0] < 0.5):.1f} % read as closed; gaze error {np.mean(gaze):.1f} degrees '
          f'({len(gaze)} faces)')


def draw_worst(tiles, path):
    import cv2
    lines = {}
    for _, name, image, closed, opened in tiles:
        t = cv2.cvtColor(cv2.resize(image, (96, 96)), cv2.COLOR_GRAY2BGR)
        cv2.putText(t, f'{"closed" if closed else "open"} {opened:.2f}', (2, 10), 0, 0.33, (0, 255, 255), 1)
        lines.setdefault(name, []).append(t)
    full = [v + [np.zeros_like(v[0])] * (16 - len(v)) for v in lines.values()]
    cv2.imwrite(path, np.vstack([np.hstack(v) for v in full]))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('tool')
    ap.add_argument('--packs', required=True)
    ap.add_argument('--stills')
    ap.add_argument('--worst')
    ap.add_argument('--limit', type=int, default=10 ** 9)
    ap.add_argument('options', nargs='*', help='after --: more options of the tool')
    args = ap.parse_args()
    tiles = []
    worst = min((measure(args, name, tiles), name) for name in SETS)
    print(f'worst set {worst[1]}: {worst[0]:.2f} %')
    if args.stills:
        rendered(args)
    if args.worst:
        draw_worst(tiles, args.worst)


if __name__ == '__main__':
    main()
