#!/usr/bin/env python3
"""Accuracy of the detector, from what the built tool itself prints.

    detector.py --tool build/affect --truth DIR/val.jsonl [--negatives DIR/negatives.jsonl]
                [--detect-size 640] [--portraits PACKS [--stills FILE]] [--looks] [--sheet worst.png] [--limit N]

Truth: JSON lines {"file": path from the list's folder, "faces": [[x, y, w, h, flag], ...], "source": …};
flag 1 = ignore. Of the face-free pictures only the held-back ones are used: a fifth, chosen by the SHA-1 of
the file name (the same rule as training/detector/data.py), or all with --all-negatives.

Prints AP at IoU .5 and .35, precision and recall at the default threshold, AP or recall by size, source and
brightness, and a false-alarm curve; --sheet writes a picture of the worst misses (red) and alarms (yellow).
--portraits: of the held-back crops in PACKS/landmarks_<source>.npz, and of those in --stills, how many faces are found at the default
threshold and how far the detector's own five points are off.
--looks: what second looks cost: searches of the same pictures with and without them in turn, three times, the least of each.
Needs NumPy; Pillow for --sheet, --portraits and brightness.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import warnings

import numpy as np

LOWEST = 0.02       # score from which predictions count in the precision/recall curve
SIZES = ((0, 16), (16, 32), (32, 64), (64, 128), (128, 256), (256, 1e9))


def iou(a, b):
    """Boxes x, y, w, h: (len a, len b)."""
    w = np.minimum((a[:, 0] + a[:, 2])[:, None], b[:, 0] + b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    h = np.minimum((a[:, 1] + a[:, 3])[:, None], b[:, 1] + b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    both = np.maximum(w, 0) * np.maximum(h, 0)
    return both / ((a[:, 2] * a[:, 3])[:, None] + b[:, 2] * b[:, 3] - both + 1e-9)


def match(truth, pred, least):
    """Greedy by score for one picture.

    truth (N, 5: box, ignore), pred (M, 5: box, score) -> hits (M: 1 right, 0 wrong, -1 does not count),
    found (N: score of the prediction that found it, -1). A prediction whose best free face is below `least`
    but that lies on an ignored one (IoU >= .3) does not count.
    """
    order = np.argsort(-pred[:, 4], kind='stable')
    ignore = truth[:, 4] > 0
    hits, found, used = np.zeros(len(pred), int), np.full(len(truth), -1.0), np.zeros(len(truth), bool)
    overlap = np.zeros((len(pred), len(truth)))
    if overlap.size:
        overlap = iou(pred[:, :4], truth[:, :4])
    for k in order:
        free = np.where(used | ignore, -1.0, overlap[k])
        j = int(free.argmax()) if len(free) else -1
        if j >= 0 and free[j] >= least:
            used[j], hits[k], found[j] = True, 1, pred[k, 4]
        elif ignore.any() and overlap[k][ignore].max() >= min(least, .3):
            hits[k] = -1
    return hits, found


def average_precision(scores, hits, faces):
    """Area under the interpolated precision/recall curve."""
    keep = hits >= 0
    scores, hits = scores[keep], hits[keep]
    if not len(scores) or not faces:
        return 0.0
    hits = hits[np.argsort(-scores, kind='stable')]
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0], right / faces])
    return float(np.sum(np.diff(recall) * envelope))


def boxes(rows):
    """[[x, y, w, h(, flag or score)], ...] -> (N, 5)."""
    out = np.zeros((len(rows), 5))
    for i, r in enumerate(rows):
        out[i, :len(r[:5])] = r[:5]
    return out


def evaluate(truth, pred, least=.5, chosen=None):
    """truth {file: rows with flag}, pred {file: rows with score} -> AP and counts; chosen: files to use."""
    files = [f for f in truth if chosen is None or f in chosen]
    scores, hits, found, height = [], [], [], []
    for f in files:
        t, p = boxes(truth[f]), boxes(pred.get(f, []))
        h, hit = match(t, p, least)
        real = t[:, 4] == 0
        scores.append(p[:, 4])
        hits.append(h)
        found.append(hit[real])
        height.append(np.minimum(t[:, 2], t[:, 3])[real])
    join = lambda parts: np.concatenate(parts) if parts else np.zeros(0)     # noqa: E731
    scores, hits, found, height = map(join, (scores, hits, found, height))
    return dict(ap=average_precision(scores, hits, len(found)), faces=len(found), pictures=len(files),
                scores=scores, hits=hits, found=found, height=height)


def at_threshold(result, threshold):
    """(recall, precision) at a score."""
    above = result['scores'] >= threshold
    right, wrong = int((result['hits'][above] == 1).sum()), int((result['hits'][above] == 0).sum())
    return right / max(1, result['faces']), right / max(1, right + wrong)


def held_back(name):
    """The last fifth of the face-free pictures, by name; never trained on."""
    return int(hashlib.sha1(name.encode()).hexdigest()[:8], 16) % 100 < 20


def read_lines(path):
    with open(path) as f:
        return [json.loads(x) for x in f if x.strip()]


def read_pictures(a, root, files, extra):
    """{file: what the tool says of it} from one run."""
    command = [a.tool, 'read', '--signals', 'none', '--detect-size', str(a.detect_size), '--max-faces', '300',
               '--quiet', *extra, '-']
    paths = {os.path.join(root, f): f for f in files}
    done = subprocess.run(command, input='\n'.join(paths) + '\n', capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f'{" ".join(command)}: {done.stderr.strip()}')
    out = {paths[r['file']]: r for r in map(json.loads, done.stdout.splitlines())}
    missing = len(files) - len(out)
    if missing:
        print(f'{missing} pictures could not be read', file=sys.stderr)
    return out


def run_tool(a, root, files, extra):
    """{file: [[x, y, w, h, score], ...]} from one run of the tool."""
    return {f: [[*face['box'], face['score']] for face in r['faces']]
            for f, r in read_pictures(a, root, files, extra).items()}


def brightness(path):
    from PIL import Image
    with Image.open(path) as im:
        im.draft('L', (160, 160))
        return float(np.asarray(im.convert('L')).mean())


def report_groups(a, root, truth, pred, sources):
    """AP by source and by brightness."""
    for s in sorted(set(sources.values())):
        r = evaluate(truth, pred, chosen={f for f in truth if sources[f] == s})
        print(f'  source {s}: AP50 {r["ap"]:.4f} ({r["faces"]} faces, {r["pictures"]} pictures)')
    light = {f: brightness(os.path.join(root, f)) for f in truth}
    for lo, hi in ((0, 70), (70, 110), (110, 150), (150, 256)):
        r = evaluate(truth, pred, chosen={f for f in truth if lo <= light[f] < hi})
        if r['faces']:
            print(f'  brightness {lo}..{hi}: AP50 {r["ap"]:.4f} ({r["faces"]} faces)')


def report_sizes(result, threshold):
    for lo, hi in SIZES:
        of = (result['height'] >= lo) & (result['height'] < hi)
        if of.any():
            name = f'{lo}..{int(hi)}' if hi < 1e9 else f'{lo}..'
            recall = np.mean(result['found'][of] >= threshold)
            print(f'  shorter side {name} px: recall {recall:.4f} ({int(of.sum())} faces)')


def report_alarms(pred, result, default):
    """False alarms on face-free pictures beside the recall on the others, by threshold."""
    best = np.array([max([p[4] for p in rows], default=0) for rows in pred.values()])
    every = np.array([p[4] for rows in pred.values() for p in rows])
    alarms = int((every >= default).sum())
    print(f'face-free pictures: {len(pred)}; at the default threshold {alarms} alarms in '
          f'{int((best >= default).sum())} pictures')
    for t in sorted({.2, .3, .4, .5, .6, .7, .8, round(default, 3)}):
        recall, precision = at_threshold(result, t)
        count = int((every >= t).sum())
        print(f'  threshold {t:.3f}: {count:4d} alarms, {1000 * count / max(1, len(pred)):.1f} a thousand;'
              f' recall {recall:.4f}, precision {precision:.4f}')
    allowed = len(pred) // 10
    tenth = np.sort(every)[::-1][allowed] if allowed < len(every) else 0.0
    small = (result['height'] >= 16) & (result['height'] < 32)
    if small.any():
        print(f'  one alarm in ten pictures, threshold {tenth:.3f}: recall of faces of 16..32 px '
              f'{np.mean(result["found"][small] > tenth):.4f}')


def worst(truth, pred, threshold):
    """[(badness, file, box, colour)] of misses and alarms, worst first."""
    out = []
    for f in truth:
        t, p = boxes(truth[f]), boxes(pred.get(f, []))
        hits, found = match(t, p, .5)
        out += [(min(b[2], b[3]), f, b[:4], 'red') for b, s in zip(t, found) if b[4] == 0 and s < threshold]
        out += [(1000 * q[4], f, q[:4], 'yellow') for q, h in zip(p, hits) if h == 0 and q[4] >= threshold]
    misses = sorted((x for x in out if x[3] == 'red'), key=lambda x: -x[0])
    alarms = sorted((x for x in out if x[3] == 'yellow'), key=lambda x: -x[0])
    return misses, alarms


def write_sheet(path, root, truth, pred, threshold, tile=180, across=8, rows=4):
    """Misses in the upper half, alarms in the lower; green: truth, blue: predictions."""
    from PIL import Image, ImageDraw
    misses, alarms = worst(truth, pred, threshold)
    sheet = Image.new('RGB', (tile * across, tile * rows * 2), 'white')
    for half, cases in ((0, misses), (1, alarms)):
        for k, (_, f, b, colour) in enumerate(cases[:across * rows]):
            im = Image.open(os.path.join(root, f)).convert('RGB')
            draw = ImageDraw.Draw(im)
            for q in truth.get(f, []):
                draw.rectangle([q[0], q[1], q[0] + q[2], q[1] + q[3]], outline='gray' if q[4] else 'lime')
            for q in pred.get(f, []):
                if q[4] >= threshold:
                    draw.rectangle([q[0], q[1], q[0] + q[2], q[1] + q[3]], outline='deepskyblue')
            draw.rectangle([b[0], b[1], b[0] + b[2], b[1] + b[3]], outline=colour, width=2)
            side = max(3 * max(b[2], b[3]), 60)
            cx, cy = b[0] + b[2] / 2, b[1] + b[3] / 2
            piece = im.crop([int(cx - side / 2), int(cy - side / 2), int(cx + side / 2), int(cy + side / 2)])
            at = k % across * tile, (half * rows + k // across) * tile
            sheet.paste(piece.resize((tile - 2, tile - 2)), at)
    sheet.save(path)
    print(f'{path}: {len(misses)} misses (upper half, red), {len(alarms)} alarms (lower half, yellow)')


def five_of(points):
    """Five points of each face's 68, NaN where they are not known."""
    import landmarks
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)             # means of no points
        return np.stack([np.nanmean(points[:, k], 1) for k in (landmarks.RIGHT, landmarks.LEFT, [30], [48], [54])], 1)


def portrait_errors(a, pictures, five):
    """Mean errors of the five points over the eye distance, NaN where no box holds the face, of crops with one face."""
    import landmarks
    out, extra = [], ['--detect-size', str(a.detect_size)]
    for truth, faces in zip(five, landmarks.read_faces(a.tool, pictures, None, 'detect', extra, 'none')):
        middle = truth.mean(0)
        mine = [f for f in faces if all(0 < m - f['box'][k] < f['box'][2 + k] for k, m in enumerate(middle))]
        off = [np.hypot(*(np.array(f['points']) - truth).T).mean() for f in mine[:1]]
        out.append(off[0] / np.hypot(*(truth[0] - truth[1])) if off else np.nan)
    return np.array(out)


def report_portraits(a):
    import landmarks
    sources = {}
    for name in landmarks.PEOPLE + ('drivface',):
        pictures, points = landmarks.source(argparse.Namespace(packs=a.portraits), name)[:2]
        five = five_of(points)
        if name == 'drivface':          # five points, not 68
            z = np.load(os.path.join(a.portraits, 'landmarks_drivface.npz'))
            five = z['own'][z['split'] == 'val'] + 0.5
        known = np.isfinite(five).all((1, 2))
        sources[name] = portrait_errors(a, pictures[known], five[known])
    sources['all but drivface'] = np.concatenate([sources[name] for name in landmarks.PEOPLE])
    if a.stills:
        pictures, points, pose = landmarks.stills(a.stills, factor=1)
        errors, turned = portrait_errors(a, pictures, five_of(points)), np.abs(pose[:, 0]) > 60
        sources.update({'rendered, yaw to 60': errors[~turned], 'rendered, yaw beyond 60': errors[turned]})
    for name, e in sources.items():
        print(f'portraits {name}: {np.isfinite(e).sum()} of {len(e)} found at the default threshold, '
              f'own five points off by {100 * np.nanmean(e):.2f} % of the eye distance')


def report_looks(a, root, files, name):
    """Times of a search without and with second looks."""
    times = [], []
    for _ in range(3):
        for kept, extra in zip(times, (['--max-looks', '0'], [])):
            read = read_pictures(a, root, files, ['--time', *extra])
            kept.append([read[f]['timing']['read_ms'] for f in files if f in read])
    without, looks = (np.min(t, 0) for t in times)
    print(f'{name}, {len(looks)} pictures, ms: without second looks mean {without.mean():.2f}, median {np.median(without):.2f}; '
          f'with them mean {looks.mean():.2f}, median {np.median(looks):.2f}, nine tenths below {np.quantile(looks, .9):.2f}, '
          f'most {looks.max():.2f}; times as long: mean {looks.mean() / without.mean():.2f}, median {np.median(looks / without):.2f}')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tool', required=True)
    p.add_argument('--truth', required=True)
    p.add_argument('--negatives')
    p.add_argument('--all-negatives', action='store_true')
    p.add_argument('--detect-size', type=int, default=640)
    p.add_argument('--threshold', type=float, help='operating point; else the lowest score the tool reports')
    p.add_argument('--portraits')
    p.add_argument('--stills')
    p.add_argument('--looks', action='store_true')
    p.add_argument('--sheet')
    p.add_argument('--limit', type=int)
    a = p.parse_args()
    root, lines = os.path.dirname(os.path.abspath(a.truth)), read_lines(a.truth)[:a.limit]
    truth = {r['file']: r['faces'] for r in lines}
    sources = {r['file']: r.get('tag') or str(r.get('source', '-')).split(':')[0] for r in lines}
    pred = run_tool(a, root, list(truth), ['--threshold', str(LOWEST)])
    default = a.threshold
    if default is None:
        usual = run_tool(a, root, list(truth), [])
        default = min((q[4] for rows in usual.values() for q in rows), default=.5)
        print(f'default threshold, from the lowest reported score: {default:.3f}')
    result = evaluate(truth, pred)
    recall, precision = at_threshold(result, default)
    print(f'detect size {a.detect_size}: AP50 {result["ap"]:.4f}, AP35 {evaluate(truth, pred, .35)["ap"]:.4f}, '
          f'at {default:.3f} recall {recall:.4f} precision {precision:.4f} '
          f'({result["faces"]} faces, {result["pictures"]} pictures)')
    report_sizes(result, default)
    report_groups(a, root, truth, pred, sources)
    if a.looks:
        report_looks(a, root, list(truth), 'photos of the list')
    if a.negatives:
        rows = [r for r in read_lines(a.negatives) if a.all_negatives or held_back(r['file'])][:a.limit]
        root, files = os.path.dirname(os.path.abspath(a.negatives)), [r['file'] for r in rows]
        report_alarms(run_tool(a, root, files, ['--threshold', str(LOWEST)]), result, default)
        if a.looks:
            report_looks(a, root, files, 'face-free photos')
    if a.portraits:
        report_portraits(a)
    if a.sheet:
        write_sheet(a.sheet, os.path.dirname(os.path.abspath(a.truth)), truth, pred, default)


if __name__ == '__main__':
    main()
