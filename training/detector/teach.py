"""Boxes of photos that have none, by two published detectors, as JSON lines for `data.py add`.

    teach.py --scrfd scrfd_2.5g_kps.onnx --yunet yunet.onnx --out more.jsonl FOLDER ... [--skip names.txt]

A face is what both find; what one alone finds, or what is less than 8 pixels wide, is marked "ignore". With YOLO labels
beside the pictures (…/images/… → …/labels/….txt) a face is what people marked; since their boxes are heads here and
faces there, the machine's is taken where there is one.
Line: {"file", "faces": [[x, y, w, h, ignore, box by a machine, 10 numbers of five points or zeros] …]}.
"""
import argparse
import glob
import json
import os
import sys

import cv2
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../bench/peers'))
from scrfd import Scrfd, shrunk  # noqa: E402

AGREE, SURE, MAYBE = 0.4, 0.5, 0.25     # overlap of two boxes; score of a face; score of what is ignored
LONGEST, LEAST = 1024, 8


def overlaps(a, b):
    """IoU of all pairs of x0 y0 x1 y1."""
    lo, hi = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:4], b[None, :, 2:4])
    inter = (hi - lo).clip(0).prod(2)
    size = [(v[:, 2] - v[:, 0]) * (v[:, 3] - v[:, 1]) for v in (a, b)]
    return inter / (size[0][:, None] + size[1][None] - inter + 1e-9)


def by_yunet(net, bgr):
    net.setInputSize((bgr.shape[1], bgr.shape[0]))
    f = net.detect(bgr)[1]
    return np.zeros((0, 5)) if f is None else np.concatenate([f[:, :2], f[:, :2] + f[:, 2:4], f[:, 14:]], 1)


def machine_faces(a, b):
    """Rows of the first detector, then of the second alone: face or ignored."""
    both = overlaps(a, b).max(1, initial=0) > AGREE
    sure = both & (a[:, 4] > SURE) & (a[:, 2] - a[:, 0] >= LEAST)
    rows = [[*r[:4], int(not s), 1, *r[5:]] for r, s in zip(a, sure)]
    alone = b[overlaps(b, a).max(1, initial=0) <= AGREE]
    return rows + [[*r[:4], 1, 1, *[0] * 10] for r in alone]


def people_faces(boxes, a, b):
    """What people marked, by the machine's box where it found the face; what only machines see is ignored."""
    rows = []
    for box, o in zip(boxes, overlaps(boxes, a)):
        tiny = int(box[2] - box[0] < LEAST)
        if len(o) and o.max() > AGREE:
            rows.append([*a[o.argmax(), :4], tiny, 1, *a[o.argmax(), 5:]])
        else:
            rows.append([*box, tiny, 0, *[0] * 10])
    for found in (a, b):
        rows += [[*r[:4], 1, 1, *[0] * 10] for r in found[overlaps(found, boxes).max(1, initial=0) < 0.2]]
    return rows


def labels_of(path, shape):
    """People's boxes of a picture, or None."""
    text = os.path.splitext(path.replace('/images/', '/labels/'))[0] + '.txt'
    if not os.path.exists(text):
        return None
    v = np.array([line.split()[:5] for line in open(text) if line.strip()], float).reshape(-1, 5)[:, 1:]
    return np.concatenate([v[:, :2] - v[:, 2:] / 2, v[:, :2] + v[:, 2:] / 2], 1) * np.tile(shape[1::-1], 2)


def line_of(path, scrfd, yunet):
    bgr = cv2.imread(path)
    if bgr is None or min(bgr.shape[:2]) < 64:
        return None
    small, k = shrunk(bgr, LONGEST)
    a, b = scrfd(small), by_yunet(yunet, small)
    a[:, :4], a[:, 5:], b[:, :4] = a[:, :4] / k, a[:, 5:] / k, b[:, :4] / k
    boxes = labels_of(path, bgr.shape)
    rows = machine_faces(a, b) if boxes is None else people_faces(boxes, a, b)
    faces = [[round(float(v), 1) for v in (r[0], r[1], r[2] - r[0], r[3] - r[1])] + [*r[4:6]] +
             [round(float(v), 1) for v in r[6:]] for r in rows]
    return dict(file=os.path.abspath(path), faces=faces)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('folders', nargs='+')
    for k in ('scrfd', 'yunet', 'out'):
        ap.add_argument('--' + k, required=True)
    ap.add_argument('--skip', help='file of paths\' ends that are left out, a line each')
    ap.add_argument('--every', type=int, default=1, help='only each so manieth picture')
    a = ap.parse_args()
    cv2.setNumThreads(1)
    scrfd = Scrfd(a.scrfd, MAYBE)
    yunet = cv2.FaceDetectorYN.create(a.yunet, '', (64, 64), MAYBE, 0.45, 5000)
    skip = tuple(open(a.skip).read().split('\n')) if a.skip else ()
    skip = tuple(s for s in skip if s)
    with open(a.out, 'a') as out:
        for folder in a.folders:
            paths = sorted(p for p in glob.glob(folder + '/**/*', recursive=True) if p.lower().endswith(('.jpg', '.jpeg', '.png')))
            n = 0
            for path in paths[::a.every]:
                if path.endswith(skip):
                    continue
                row = line_of(path, scrfd, yunet)
                if row is not None:
                    out.write(json.dumps(row) + '\n')
                    n += 1
            print(folder, n, flush=True)


if __name__ == '__main__':
    main()
