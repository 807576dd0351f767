"""Runs MediaPipe's Face Landmarker over landmark packs; writes its 478 points and pose matrices.

    python teacher.py --task face_landmarker.task --packs PACKS/landmarks --stills stills.npz \
                      --out teacher.npz

For each source S: S_points (N,478,2) in crop pixels (continuous), S_matrix (N,4,4), NaN where no face was
found.
"""
import argparse
import glob
import os

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

from data import decode_stills


def run(landmarker, images):
    """478 points in continuous pixels and the pose matrix of each picture (N,S,S) uint8."""
    n = len(images)
    points, matrix = np.full((n, 478, 2), np.nan, np.float32), np.full((n, 4, 4), np.nan, np.float32)
    for i, grey in enumerate(images):
        rgb = np.ascontiguousarray(np.repeat(grey[..., None], 3, 2))
        r = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb))
        if r.face_landmarks:
            points[i] = [(p.x * grey.shape[1], p.y * grey.shape[0]) for p in r.face_landmarks[0]]
            matrix[i] = r.facial_transformation_matrixes[0]
    return points, matrix


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--task', required=True)
    ap.add_argument('--packs', required=True)
    ap.add_argument('--stills', required=True)
    ap.add_argument('--out', required=True)
    a = ap.parse_args()
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=a.task), num_faces=1, min_face_detection_confidence=0.3,
        output_facial_transformation_matrixes=True)
    landmarker = vision.FaceLandmarker.create_from_options(options)
    out = {}
    jobs = [(os.path.basename(p)[10:-4], np.load(p)['images']) for p in
            sorted(glob.glob(a.packs + '/landmarks_*.npz'))] + [('stills', decode_stills(a.stills))]
    for name, images in jobs:
        out[name + '_points'], out[name + '_matrix'] = run(landmarker, images)
        found = np.isfinite(out[name + '_points'][:, 0, 0]).mean()
        print(f'{name}: {len(images)} pictures, face found in {found:.3f}', flush=True)
    np.savez_compressed(a.out, **out)


if __name__ == '__main__':
    main()
