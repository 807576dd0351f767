#!/usr/bin/env python3
"""AP of YuNet or SCRFD on the photos that bench/accuracy/detector.py measures us on.

    accuracy.py yunet.onnx --truth DIR/val.jsonl [--detect-size 640]
    accuracy.py scrfd_500m_kps.onnx --scrfd --truth DIR/val.jsonl [--detect-size 640]

Each photo is brought to a longest side of the detection size (enlarged without limit, by area or
bilinearly) and its boxes are taken as they come. Needs OpenCV 4.8 or later and NumPy, for SCRFD ONNX Runtime.
"""
import argparse
import json
import os
import sys

import cv2
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../accuracy'))
import detector as accuracy  # noqa: E402

LOWEST, SUPPRESS, MOST = 0.02, 0.45, 5000


def yunet(path):
    """A function that gives (N, 5) of a plane: x, y, width, height, score."""
    def detect(plane):
        faces = cv2.FaceDetectorYN.create(path, '', plane.shape[1::-1], LOWEST, SUPPRESS, MOST).detect(plane)[1]
        return np.zeros((0, 5)) if faces is None else np.concatenate([faces[:, :4], faces[:, 14:15]], 1)
    return detect


def scrfd(path):
    from scrfd import Scrfd
    net = Scrfd(path, LOWEST)

    def detect(plane):
        f = net(plane)
        return np.concatenate([f[:, :2], f[:, 2:4] - f[:, :2], f[:, 4:5]], 1)
    return detect


def found(detect, picture, longest):
    """(N, 5): x, y, width, height, score in pixels of the picture."""
    height, width = picture.shape[:2]
    k = longest / max(height, width)
    size = round(width * k), round(height * k)
    plane = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR)
    faces = detect(plane)
    faces[:, :4] /= k
    return faces


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('--truth', required=True)
    p.add_argument('--scrfd', action='store_true')
    p.add_argument('--detect-size', type=int, default=640)
    a = p.parse_args()
    detect = (scrfd if a.scrfd else yunet)(a.model)
    scores, hits, faces, folder = [], [], 0, os.path.dirname(os.path.abspath(a.truth))
    for line in open(a.truth):
        row = json.loads(line)
        truth = np.array(row['faces'], float).reshape(-1, 5)
        boxes = found(detect, cv2.imread(os.path.join(folder, row['file'])), a.detect_size)
        hit, _ = accuracy.match(truth, boxes, .5)
        scores += boxes[hit >= 0, 4].tolist()
        hits += hit[hit >= 0].tolist()
        faces += int((truth[:, 4] == 0).sum())
    ap = accuracy.average_precision(np.array(scores), np.array(hits), faces)
    print(f'detect size {a.detect_size}: AP50 {ap:.4f} ({faces} faces)')


if __name__ == '__main__':
    main()
