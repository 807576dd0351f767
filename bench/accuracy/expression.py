"""Accuracy of expressions and emotions, measured through the tool's own JSON.

    python bench/accuracy/expression.py build/affect --packs DIR [--sets ferplus rafdb smiled]
           [--worst worst.png] [--limit N] [--targets DIR] [--yawns DIR] [--tones skin_tones.npz]

DIR holds expr_ferplus.npz, expr_rafdb.npz, expr_smiled.npz (training/expression/data.py says how the held-back
parts are chosen; nothing else is read). Each picture is written as a PGM into a temporary folder and read by
`affect read --face-crop --signals expressions,emotions`. Prints by set: accuracy, mean recall,
confusion, calibration error (15 bins), the same by thirds of confidence; for smiled the AUC of
`smile`. --targets: a folder that training/expression/data.py prepared; correlation of each of the 20 expressions
with the teacher's on held-back FER+ and with the truth of held-back rendered faces. --yawns: a folder with
driver_yawdd.jsonl; AUC of jaw_drop, mouth_open and their mean, which lib/time uses. --tones: the same rendered
faces in six skin tones; how far probabilities move. Needs NumPy; Pillow for --worst and --tones.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import zlib

import numpy as np

EMOTIONS = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt')


EXPRESSIONS = ('brow_furrow', 'brow_raise', 'inner_brow_raise', 'cheek_raise', 'chin_raise', 'dimpler', 'eye_closure',
               'eye_widen', 'lid_tighten', 'jaw_drop', 'mouth_open', 'lip_corner_depressor', 'lip_press', 'lip_pucker',
               'lip_stretch', 'lip_suck', 'nose_wrinkle', 'smile', 'smirk', 'upper_lip_raise')
EXPERIMENTAL = ('cheek_raise', 'chin_raise', 'dimpler', 'eye_widen', 'lip_stretch', 'lip_suck', 'nose_wrinkle', 'smirk')  # docs/expressions.md


def held_back(name, split, ferplus):
    """The same rule as training/expression/data.py."""
    if ferplus:
        return np.asarray(split) == 1
    return np.array([zlib.crc32(str(x).encode()) % 10 == 0 for x in name])


def write_pgm(path, picture):
    with open(path, 'wb') as f:
        f.write(b'P5\n%d %d\n255\n' % (picture.shape[1], picture.shape[0]))
        f.write(np.ascontiguousarray(picture, np.uint8).tobytes())


def read_faces(tool, pictures, extra):
    """The tool's first face (or None) of every picture, in order."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f'{i:06d}.pgm') for i in range(len(pictures))]
        for path, picture in zip(paths, pictures):
            write_pgm(path, picture)
        found = read_files(tool, paths, ['--face-crop', *extra])
    return [found.get(path) for path in paths]


def read_files(tool, paths, extra):
    """The tool's largest face of each file that has one."""
    with tempfile.NamedTemporaryFile('w', suffix='.txt') as f:
        f.write('\n'.join(paths) + '\n')
        f.flush()
        command = [tool, 'read', '--signals', 'expressions,emotions', *extra, '@' + f.name]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode not in (0, 1):
        sys.exit(f'{" ".join(command)} ended with {run.returncode}')
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return {d['file']: max(d['faces'], key=lambda face: face['box'][2]) for d in rows if d.get('faces')}


def calibration_error(prob, label, bins=15):
    conf, right = prob.max(1), prob.argmax(1) == label
    which = np.minimum((conf * bins).astype(int), bins - 1)
    return sum(abs(conf[which == b].sum() - right[which == b].sum()) for b in range(bins)) / len(label)


def auc(score, positive):
    """Area under the ROC curve, ties counted half."""
    values, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n1, n0 = positive.sum(), (~positive).sum()
    return (rank[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)


def emotions(faces, label, has_contempt):
    """Prints the figures of one set; returns probabilities (N,8) with zeros for what was not measured."""
    prob = np.zeros((len(faces), 8))
    for i, face in enumerate(faces):
        if face and 'emotions' in face:
            prob[i] = [face['emotions'][e] for e in EMOTIONS]
    measured = prob.sum(1) > 0
    choice = prob.argmax(1)
    choice[~measured] = -1
    right = choice == label
    matrix = np.zeros((8, 8), int)
    np.add.at(matrix, (label[measured], choice[measured]), 1)
    have = [c for c in range(8) if (label == c).any()]
    recall = np.mean([right[label == c].mean() for c in have])
    seven = np.mean([right[label == c].mean() for c in have if c < 7])
    print(f'  accuracy {100 * right.mean():.2f} %  mean recall {100 * recall:.2f} % (without contempt {100 * seven:.2f} %)  '
          f'calibration error {calibration_error(prob[measured], label[measured]):.3f}  '
          f'not measured {int((~measured).sum())} (counted as wrong)')
    if not has_contempt:
        print(f'  accuracy {100 * (prob[:, :7].argmax(1) == label)[measured].sum() / len(label):.2f} % '
              'when contempt, which this set does not have, may not be chosen')
    conf = np.array([face.get('confidence', np.nan) if face else np.nan for face in faces], float)
    if np.isfinite(conf[measured]).all() and measured.sum() >= 3:
        parts = np.array_split(np.flatnonzero(measured)[np.argsort(conf[measured], kind='stable')], 3)
        print('  accuracy by thirds of confidence, lowest first: ' +
              ' '.join(f'{100 * right[p].mean():.1f}' for p in parts))
    print('  rows: people, columns: the network')
    print(' ' * 12 + ' '.join(f'{e[:8]:>8}' for e in EMOTIONS))
    for c in have:
        print(f'  {EMOTIONS[c]:10}' + ' '.join(f'{v:8d}' for v in matrix[c]) + f'   {100 * right[label == c].mean():5.1f} %')
    return prob


def worst_picture(path, pictures, prob, label, count=60, side=96):
    """Pictures of the surest mistakes: people's label, the network's."""
    from PIL import Image, ImageDraw
    wrong = np.flatnonzero(prob.argmax(1) != label)
    wrong = wrong[np.argsort(-prob[wrong].max(1))][:count]
    columns = 12
    sheet = Image.new('L', (columns * side, (len(wrong) + columns - 1) // columns * (side + 22)))
    draw = ImageDraw.Draw(sheet)
    for k, i in enumerate(wrong):
        x, y = k % columns * side, k // columns * (side + 22)
        sheet.paste(Image.fromarray(pictures[i]).resize((side, side)), (x, y))
        draw.text((x + 2, y + side), f'is {EMOTIONS[label[i]][:10]}', 255)
        draw.text((x + 2, y + side + 10), f'{EMOTIONS[prob[i].argmax()][:9]} {prob[i].max():.2f}', 200)
    sheet.save(path)
    print('  surest mistakes:', path)


def measure(tool, pack, name, a):
    d = np.load(pack)
    keep = held_back(d['name'], d['split'], name == 'ferplus')
    truth = d['smile'] if name == 'smiled' else d['label']
    rows = np.flatnonzero(keep & (truth >= 0))
    if a.limit and a.limit < len(rows):                     # packs are in the order of classes
        rows = rows[np.linspace(0, len(rows) - 1, a.limit).astype(int)]
    pictures, truth = d['images'][rows], truth[rows].astype(int)
    faces = read_faces(tool, pictures, a.extra)
    print(f'{name}: {len(rows)} held-back pictures')
    if name == 'smiled':
        score = np.array([f['expressions']['smile'] if f and 'expressions' in f else 0.5 for f in faces])
        print(f'  smile: AUC {auc(score, truth == 1):.4f}, right at 0.5: {100 * ((score > .5) == (truth == 1)).mean():.2f} %')
        return
    prob = emotions(faces, truth, name != 'rafdb')
    if a.worst:
        stem, ext = os.path.splitext(a.worst)
        worst_picture(f'{stem}_{name}{ext or ".png"}', pictures, prob, truth)


def channels(tool, folder, name, extra):
    """Correlation of each expression with the targets of a prepared set's held-back pictures."""
    d = np.load(os.path.join(folder, name + '.npz'))
    pictures = np.load(os.path.join(folder, name + '_images.npy'), mmap_mode='r')
    rows = np.flatnonzero(d['held'] & d['found'])
    faces = read_faces(tool, pictures[rows], extra)
    read = [i for i, face in enumerate(faces) if face and 'expressions' in face]
    got = np.array([[faces[i]['expressions'][k] for k in EXPRESSIONS] for i in read])
    want = d['x'][rows[read]]
    names = [k for k in EXPRESSIONS if want[:, EXPRESSIONS.index(k)].std() > 1e-3]
    r = {k: np.corrcoef(got[:, i], want[:, i])[0, 1] for i, k in enumerate(EXPRESSIONS) if k in names}
    live = [r[k] for k in names if k not in EXPERIMENTAL]
    print(f'{name}: {len(read)} of {len(rows)} held-back pictures, correlation with the targets: median of the '
          f'{len(live)} that are not experimental {np.median(live):.3f}')
    print('  ' + ', '.join(f'{k} {r[k]:.2f}' for k in sorted(names, key=r.get, reverse=True)))


def yawns(tool, folder, extra):
    """Drivers that yawn or not, whole pictures."""
    with open(os.path.join(folder, 'driver_yawdd.jsonl')) as f:
        rows = [json.loads(line) for line in f]
    paths = [os.path.join(folder, 'driver_yawdd', row['file']) for row in rows]
    found = read_files(tool, paths, extra)
    have = [i for i, path in enumerate(paths) if 'expressions' in found.get(path, ())]
    yawn = np.array([rows[i]['label'] == 'yawn' for i in have])
    of = {k: np.array([found[paths[i]]['expressions'][k] for i in have]) for k in ('jaw_drop', 'mouth_open')}
    print(f'yawns: {len(have)} of {len(rows)} pictures read, {yawn.sum()} yawn; AUC of jaw_drop '
          f'{auc(of["jaw_drop"], yawn):.4f}, mouth_open {auc(of["mouth_open"], yawn):.4f}, '
          f'their mean {auc(sum(of.values()), yawn):.4f}')


def tones(tool, pack, extra):
    """The same rendered faces from the lightest to the darkest of six skin tones."""
    import io

    from PIL import Image
    d = dict(np.load(pack))
    at, persons = d['jpeg_offset'], int(d['persons'])
    pictures = [np.asarray(Image.open(io.BytesIO(d['jpeg'][at[i]:at[i + 1]].tobytes())).convert('L'))
                for i in range(len(at) - 1)]
    faces = read_faces(tool, pictures, extra)
    for part, names in (('emotions', EMOTIONS), ('expressions', EXPRESSIONS)):
        value = np.array([[face[part][k] if face and part in face else np.nan for k in names] for face in faces])
        value = value.reshape(persons, -1, len(names))
        change = np.nanmean(abs(value[:, -1] - value[:, 0]), 0)
        print(f'tones: {persons} faces, {part} from the lightest to the darkest: mean change {change.mean():.3f}, '
              f'most {change.max():.3f} ({names[change.argmax()]})')


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('tool', help='path of the affect binary')
    a.add_argument('--packs')
    a.add_argument('--sets', nargs='*', default=['ferplus', 'rafdb', 'smiled'])
    a.add_argument('--worst', help='PNG of the surest mistakes; _<set> is put into its name')
    a.add_argument('--limit', type=int)
    a.add_argument('--targets', help='folder prepared by training/expression/data.py')
    a.add_argument('--yawns', help='folder of driver_yawdd.jsonl')
    a.add_argument('--tones', help='skin_tones.npz')
    a.add_argument('--extra', nargs='*', default=[], help='more options for the tool, without the leading --')
    a = a.parse_args()
    a.extra = [x if x[0].isdigit() else '--' + x for x in a.extra]
    for name in a.sets if a.packs else ():
        measure(a.tool, os.path.join(a.packs, f'expr_{name}.npz'), name, a)
    for name in ('ferplus', 'stills') if a.targets else ():
        channels(a.tool, a.targets, name, a.extra)
    if a.yawns:
        yawns(a.tool, a.yawns, a.extra)
    if a.tones:
        tones(a.tool, a.tones, a.extra)


if __name__ == '__main__':
    main()
