"""Labels a pack of face pictures with MediaPipe Face Landmarker.

    python teacher.py --model face_landmarker.task --out OUT PACK.npz...

writes OUT/teacher_<set>.npz for every pack (`expr_<set>.npz`, `stills.npz`):
found (N) bool, points (N,478,3) float16 as fractions of the picture's side (z in the same unit),
blend (N,52) float16, names (52), matrix (N,4,4) float16, pass (N) int8: which border found the face.
The faces fill their pictures, so each is enlarged and given a border of its own edge pixels; what
is missed is tried again with a wider grey border, then with more contrast.
"""
import argparse
import os
import sys
import time

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks import python as mpt
from mediapipe.tasks.python import vision

from data import luma_of

SIDE = 256
# (border as a fraction of the picture, replicate the edge, stretch contrast)
PASSES = ((0.25, True, False), (0.5, False, False), (0.12, True, True), (0.4, True, True))


def load(model):
    """The landmarker for one face a picture, with low thresholds: every picture is a face."""
    o = vision.FaceLandmarkerOptions(
        base_options=mpt.BaseOptions(model_asset_path=model), output_face_blendshapes=True,
        output_facial_transformation_matrixes=True, num_faces=1, min_face_detection_confidence=0.3,
        min_face_presence_confidence=0.3)
    return vision.FaceLandmarker.create_from_options(o)


def framed(picture, border, replicate, stretch):
    """The picture enlarged into a SIDE x SIDE RGB frame; returns it and the scale and offset."""
    side = picture.shape[0]
    inner = int(round(SIDE / (1 + 2 * border)))
    up = cv2.resize(picture, (inner, inner), interpolation=cv2.INTER_CUBIC if inner > side else cv2.INTER_AREA)
    if stretch:
        up = cv2.createCLAHE(2.0, (4, 4)).apply(up)
    lo = (SIDE - inner) // 2
    hi = SIDE - inner - lo
    kind = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    out = cv2.copyMakeBorder(up, lo, hi, lo, hi, kind, value=128)
    return np.ascontiguousarray(np.repeat(out[:, :, None], 3, 2)), inner, lo


def read(landmarker, picture):
    """(pass, points, blend, names, matrix) of the face in a square luma picture, or None."""
    for number, (border, replicate, stretch) in enumerate(PASSES):
        frame, inner, lo = framed(picture, border, replicate, stretch)
        r = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=frame))
        if r.face_landmarks:
            p = np.array([[a.x * SIDE - lo, a.y * SIDE - lo, a.z * SIDE] for a in r.face_landmarks[0]]) / inner
            shapes = r.face_blendshapes[0]
            return (number, p, [c.score for c in shapes], [c.category_name for c in shapes],
                    np.array(r.facial_transformation_matrixes[0]))
    return None


def label(landmarker, images, log):
    """Labels all pictures (N,H,W) uint8."""
    n, start = len(images), time.time()
    d = dict(found=np.zeros(n, bool), points=np.zeros((n, 478, 3), np.float16),
             blend=np.zeros((n, 52), np.float16), matrix=np.zeros((n, 4, 4), np.float16))
    d['pass'] = np.full(n, -1, np.int8)
    for i, picture in enumerate(images):
        r = read(landmarker, picture)
        if r is not None:
            d['found'][i] = True
            d['pass'][i], d['points'][i], d['blend'][i], names, d['matrix'][i] = r
            d['names'] = np.array(names)
        if i % 1000 == 999:
            print(f'{log} {i + 1}/{n} found {d["found"][:i + 1].mean():.3f} {time.time() - start:.0f} s', flush=True)
    return d


def pictures(path):
    """The luma pictures of a pack: an array `images`, or rendered faces."""
    pack = np.load(path)
    return pack['images'] if 'images' in pack else luma_of(pack)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('--model', required=True)
    a.add_argument('--out', required=True)
    a.add_argument('packs', nargs='+')
    a = a.parse_args()
    os.makedirs(a.out, exist_ok=True)
    cv2.setNumThreads(1)
    landmarker = load(a.model)
    for path in a.packs:
        name = os.path.basename(path).removesuffix('.npz').removeprefix('expr_')
        out = os.path.join(a.out, f'teacher_{name}.npz')
        if os.path.exists(out):
            print('have', out, file=sys.stderr)
            continue
        d = label(landmarker, pictures(path), name)
        np.savez(out + '.part.npz', **d)
        os.rename(out + '.part.npz', out)


if __name__ == '__main__':
    main()
