"""Measures a detector checkpoint, in float or with the exact integers.

    evaluate.py --pack DIR --checkpoint FILE --mode float|qat|exact [--sizes 640,320] [--choose-threshold]
                [--threshold T] [--limit N] [--save predictions.json]

float: a float checkpoint (float.pt or one of the float phase). qat: float32 arithmetic of the integers (fast,
nearly exact). exact: the integers of the C library. One search, boxes not averaged: less than the library's own AP. A float checkpoint in qat or exact mode is folded and
quantised without training. Scoring: bench/accuracy/detector.py. The threshold is chosen on the `tune` part of the
face-free photos, everything else is printed for the held-back part.
"""
import argparse
import importlib.util
import json
import os
import sys

import cv2
import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..'), HERE]
from affect_training import equalise, normalise, quant  # noqa: E402
from data import Crops, Pictures, TUNE, VAL  # noqa: E402
from model import STEP, Detector  # noqa: E402
from train import boxes_of, flatten, shape_of  # noqa: E402

SUPPRESS = 0.45
ENLARGE = 2.0           # at most, as lib/image/plane.c


def load(path, mode, pack, averaged=True):
    """The network of a checkpoint, folded where needed, in the given mode."""
    s = torch.load(path, weights_only=False, map_location='cpu')
    net = Detector(**shape_of(s['shape']))
    assert s['phase'] != 'qat' or mode != 'float', 'a quantised checkpoint has no float network'
    state = s['average' if averaged else 'net']
    quant.match_norms(net, state).load_state_dict(state)
    net.eval()
    if s['phase'] == 'float' and mode != 'float':
        crops = Crops(pack, seed=5)
        equalise.fold(net, net.groups(), [torch.from_numpy(crops.batch(16)[0]).float() for _ in range(16)])
    return quant.set_mode(net, mode).to(memory_format=torch.channels_last)


def plane(luma, longest):
    """(normalised and padded plane, x scale, y scale) as lib/image makes it."""
    h, w = luma.shape
    k = min(longest / max(h, w), ENLARGE)
    if k != 1:
        nw, nh = max(1, int(w * k + .5)), max(1, int(h * k + .5))
        luma = cv2.resize(luma, (nw, nh), interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR)
    nh, nw = luma.shape
    out = np.full(((nh + STEP - 1) // STEP * STEP, (nw + STEP - 1) // STEP * STEP), normalise.PAD, np.uint8)
    out[:nh, :nw] = normalise.normalise(luma)
    return out, nw / w, nh / h


def suppress(boxes, scores, most):
    order, keep = np.argsort(-scores, kind='stable')[:1024], []
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        i, order = order[0], order[1:]
        keep.append(i)
        w = np.minimum(boxes[i, 2], boxes[order, 2]) - np.maximum(boxes[i, 0], boxes[order, 0])
        h = np.minimum(boxes[i, 3], boxes[order, 3]) - np.maximum(boxes[i, 1], boxes[order, 1])
        both = np.maximum(w, 0) * np.maximum(h, 0)
        order = order[both <= most * (area[i] + area[order] - both)]
    return np.array(keep, int)


@torch.no_grad()
def detect(net, luma, longest, least=0.02):
    """(N, 15): x, y, w, h, score, five points, in pixels of the picture."""
    x, kx, ky = plane(luma, longest)
    out, centres, strides = flatten(net(torch.from_numpy(x)[None, None].float()))
    score = torch.sqrt(torch.sigmoid(out[0, :, 0]) * torch.sigmoid(out[0, :, 1]))
    box = boxes_of(out, centres, strides)[0]
    some = (score >= least) & (box[:, 2] - box[:, 0] >= 1) & (box[:, 3] - box[:, 1] >= 1)
    box, score = box[some].numpy(), score[some].numpy()
    points = (centres.repeat(1, 5) + out[0, :, 6:] * strides[:, None])[some].numpy()
    keep = suppress(box, score, SUPPRESS)
    box, score, points = box[keep], score[keep], points[keep]
    scale = np.array([kx, ky])
    return np.concatenate([box[:, :2] / scale, (box[:, 2:] - box[:, :2]) / scale, score[:, None],
                           points / np.tile(scale, 5)], 1)


def scorer():
    path = os.path.join(HERE, '../../bench/accuracy/detector.py')
    spec = importlib.util.spec_from_file_location('accuracy', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Measure:
    def __init__(self, a):
        self.a, self.pics, self.score = a, Pictures(a.pack), scorer()
        self.net = load(a.checkpoint, a.mode, a.pack, not a.plain)
        self.kept = {}

    def truth(self, ids):
        out = {}
        for i in ids:
            f = self.pics.faces(i)
            out[str(self.pics.names[i])] = [[*r[:2], r[2] - r[0], r[3] - r[1], r[4]] for r in f.tolist()]
        return out

    def predict(self, ids, size):
        return {str(self.pics.names[i]):
                detect(self.net, self.pics.picture(i), size).tolist() for i in ids}

    def ids(self, group, split):
        ids = self.pics.select(group, split)
        return ids[::max(1, len(ids) // self.a.limit)] if self.a.limit else ids

    def people(self, size, threshold):
        ids = self.ids('people', VAL)
        truth, pred = self.truth(ids), self.predict(ids, size)
        self.kept[f'people {size}'] = pred
        r = self.score.evaluate(truth, pred)
        recall, precision = self.score.at_threshold(r, threshold)
        loose = self.score.evaluate(truth, pred, .35)['ap']
        print(f'people held back, longest side {size}: AP50 {r["ap"]:.4f} AP35 {loose:.4f} '
              f'at {threshold:.2f} recall {recall:.4f} precision {precision:.4f} ({r["faces"]} faces)',
              flush=True)
        self.score.report_sizes(r, threshold)

    def recall(self, group, size, threshold):
        """Recall of labelled faces (IoU .35: their boxes are converted) and the error of the five points."""
        ids = self.ids(group, VAL)
        truth, pred = self.truth(ids), self.predict(ids, size)
        r = self.score.evaluate(truth, pred, .35)
        errors = []
        for i in ids:
            f, p = self.pics.faces(i), np.array(pred[str(self.pics.names[i])]).reshape(-1, 15)
            for t in f[(f[:, 4] == 0) & (f[:, 16] > 0)]:
                if not len(p):
                    continue
                box = np.array([[t[0], t[1], t[2] - t[0], t[3] - t[1]]])
                j = int(self.score.iou(box, p[:, :4])[0].argmax())
                eyes = np.hypot(t[6] - t[8], t[7] - t[9])
                e = np.hypot(*(p[j, 5:].reshape(5, 2) - t[6:16].reshape(5, 2)).T).mean() / max(eyes, 1)
                if p[j, 4] >= threshold and e < 1:
                    errors.append(e)
        recall = self.score.at_threshold(r, threshold)[0]
        print(f'{group} held back, {size}: recall at {threshold:.2f} {recall:.4f} '
              f'({r["faces"]} faces), points {100 * np.mean(errors):.1f} % of the eye distance', flush=True)

    def alarms(self, split, size):
        ids = self.ids('negatives', split)
        return np.array([max([r[4] for r in rows], default=0.0) for rows in self.predict(ids, size).values()])

    def choose(self):
        """The threshold of at most four pictures with alarms in a thousand, on the tune part."""
        best = np.sort(np.concatenate([self.alarms(TUNE, s) for s in self.a.sizes]))[::-1]
        allowed = int(len(best) * 0.004)
        print('highest scores on face-free photos set aside for tuning:', np.round(best[:12], 3))
        return float(min(.7, max(.35, best[allowed] + .005)))

    def run(self):
        a = self.a
        threshold = a.threshold
        if a.choose_threshold:
            threshold = self.choose()
            print(f'threshold {threshold:.3f}')
        for size in a.sizes:
            self.people(size, threshold)
        if not a.quick:
            for size in a.sizes:
                for group in ('portraits', 'scenes', 'rendered'):
                    self.recall(group, size, threshold)
                best = self.alarms(VAL, size)
                print(f'negatives held back, {size}: {int((best >= threshold).sum())} of {len(best)} pictures '
                      f'with an alarm; highest {np.round(np.sort(best)[::-1][:8], 3)}', flush=True)
        if a.save:
            with open(a.save, 'w') as f:
                json.dump(self.kept, f)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--pack', required=True)
    p.add_argument('--checkpoint', required=True)
    p.add_argument('--mode', default='exact', choices=['float', 'qat', 'exact'])
    p.add_argument('--sizes', default='640,320', type=lambda s: [int(x) for x in s.split(',')])
    p.add_argument('--threshold', type=float, default=0.5)
    p.add_argument('--choose-threshold', action='store_true')
    p.add_argument('--plain', action='store_true', help='the weights themselves, not their average')
    p.add_argument('--quick', action='store_true', help="people's boxes only")
    p.add_argument('--limit', type=int, help='about this many pictures of each set')
    p.add_argument('--save')
    a = p.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    Measure(a).run()


if __name__ == '__main__':
    main()
