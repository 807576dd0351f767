"""Trains the layers that give five points at strides 32 and 64: boxes, scores and all other layers stay as they are, bit by bit.

    points.py cache --pack DIR --weights ../../lib/models/detector/weights.c --data FOLDER --crops 60000 --seed 1
    points.py train --pack DIR --weights ../../lib/models/detector/weights.c --data FOLDER... --out OUT --minutes 20
    points.py export --weights ../../lib/models/detector/weights.c --checkpoint OUT/qat.pt --version 0.7.0

What these layers read does not change while they are trained, so it is computed once (`cache`) for crops of mostly portraits, and a
training sees some hundred crops a second more. The library gives a face the mean of the points of all cells whose boxes are
suppressed for it, by the cube of their scores; the loss is the error of that mean in eye distances. The last third of the time is
spent on the exact integers. `export` writes the container anew and refuses when any other layer's integers change.
"""
import argparse
import math
import os
import sys

import cv2
import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..'), HERE]
import export_net  # noqa: E402
from affect_training import container, equalise, loop, quant  # noqa: E402
from data import SHARES, VAL, Crops, Pictures  # noqa: E402
from evaluate import plane  # noqa: E402
from model import Detector, Points  # noqa: E402
from train import boxes_of, flatten, iou  # noqa: E402

SIZE, BATCH = 384, 16                   # of the crops in the cache
MINE = dict(SHARES, people=.02, scenes=.14, stretched=.03, negatives=0, portraits=.74, automatic=.04, rendered=.04, more=0)
HUMAN, OFTEN = ('helen', 'afw'), 4      # portraits with 68 points by people come up so often
FITS, OVERLAP, SCORE = .4, .45, .2      # of the best cell with the face; of the others with that one; their least score
SMALLEST = 36.0                         # pixels: twice the root of the area of the five points' hull; smaller faces are left to strides 8, 16
SLIM = .35                              # profiles' eyes are near each other: errors are measured against at least this part of that size
OWN = 32                                # the least stride whose points have layers of their own


class Alone(quant.Network):
    """These layers by themselves; what they read, bytes of scale 1/64, is the network's input."""

    def __init__(self, points):
        super().__init__()
        self.points = points

    def run(self, a):
        return dict(zip(('points32', 'points64'), self.points(a)))


def restored(weights):
    """The published network in exactly its integers: a restored one has them when every scale is 1/64."""
    net = Detector()
    container.restore(net, weights, 160, 96)
    for m in net.modules():
        if isinstance(m, quant.Scale):
            m.log.data.fill_(math.log(quant.INPUT_SCALE))
    return quant.set_mode(net.eval().requires_grad_(False), 'float')


def says(out, centres, strides, box):
    """Weight of every cell's points in those of the face with that box; None where it is not found."""
    score = torch.sqrt(torch.sigmoid(out[:, 0]) * torch.sigmoid(out[:, 1]))
    boxes = boxes_of(out[None], centres, strides)[0]
    sure, best = torch.where(iou(boxes, box[None]) > FITS, score, torch.zeros(())).max(0)
    if sure < 2 * SCORE:
        return None
    w = torch.where((score >= SCORE) & (iou(boxes, boxes[best]) > OVERLAP), score ** 3, torch.zeros(()))
    return w / w.sum()


# ----------------------------------------------------------------------------------------- cache
def hull(points):
    return 2 * float((points.amax(0) - points.amin(0)).prod().clamp_min(1).sqrt())


def equations(out, centres, strides, first, faces):
    """(weights of the own cells times stride, what all others give, truth, eye distance, size) of every face worth it."""
    for r in faces[(faces[:, 4] == 0) & (faces[:, 16] > 0)]:
        truth = r[6:16].view(5, 2)
        size = hull(truth)
        if size < SMALLEST or truth.min() < 2 or truth.max() > SIZE - 2:
            continue
        w = says(out, centres, strides, r[:4])
        if w is not None:
            others = (w @ centres).repeat(5) + (w * strides)[:first] @ out[:first, 6:]
            yield (w * strides)[first:], others, truth.flatten(), float((truth[0] - truth[1]).norm()), size


def portraits_often(crops):
    pool = crops.pool['portraits']
    human = [i for i in pool if crops.pics.names[i].split(':')[0] in HUMAN]
    crops.pool['portraits'] = np.concatenate([pool, np.repeat(human, OFTEN - 1)])


def cache(a):
    folder, = a.data
    os.makedirs(folder, exist_ok=True)
    crops = Crops(a.pack, SIZE, seed=a.seed, mild=True, shares=MINE)
    portraits_often(crops)
    net, read = restored(a.weights), {}
    net.points.first.register_forward_hook(lambda m, args, out: read.update(f32=args[0].x))
    side = SIZE // 32
    bytes_ = np.lib.format.open_memmap(os.path.join(folder, 'f32.npy'), 'w+', np.uint8, (a.crops, net.points.first.depth.cin, side, side))
    n, crop, rows = 0, [], []
    while n < a.crops:
        planes, faces = crops.batch(BATCH)
        with torch.no_grad():
            out, centres, strides = flatten(net(torch.from_numpy(planes).float()))
        first = int((strides < OWN).sum())
        for k in range(BATCH):
            found = list(equations(out[k], centres, strides, first, torch.from_numpy(faces[k])))
            if found and n < a.crops:
                bytes_[n] = torch.floor(read['f32'][k] / quant.INPUT_SCALE + .5).clamp(0, quant.ACT_MAX).numpy()
                crop += [n] * len(found)
                rows += found
                n += 1
    weights, others, truth, eyes, sizes = zip(*rows)
    np.savez(os.path.join(folder, 'faces.npz'), crop=np.array(crop), weights=torch.stack(weights).half().numpy(),
             others=torch.stack(others).numpy(), truth=torch.stack(truth).numpy(), eyes=np.float32(eyes), sizes=np.float32(sizes))
    print(f'{n} crops, {len(crop)} faces')


# -------------------------------------------------------------------------------------- training
class Faces:
    """The caches, in memory; batches of whole crops."""

    def __init__(self, folders, seed):
        parts = [np.load(os.path.join(f, 'faces.npz')) for f in folders]
        f32 = [torch.from_numpy(np.load(os.path.join(f, 'f32.npy'))) for f in folders]
        z = {k: np.concatenate([p[k] for p in parts]) for k in ('weights', 'others', 'truth', 'eyes', 'sizes')}
        before = np.cumsum([0] + [len(x) for x in f32])
        crop = np.concatenate([p['crop'] + n for p, n in zip(parts, before)])
        self.f32, self.first = torch.cat(f32), np.searchsorted(crop, np.arange(before[-1] + 1))
        self.weights, self.others, self.truth = (torch.from_numpy(z[k]) for k in ('weights', 'others', 'truth'))
        self.unit = torch.from_numpy(np.maximum(z['eyes'], SLIM * z['sizes']))
        self.rng, self.order = np.random.default_rng(seed), []

    def bytes(self, n):
        """What the layers read in the next n crops, and which crops."""
        if len(self.order) < n:
            self.order = list(self.rng.permutation(len(self.f32)))
        ids, self.order = np.sort(self.order[:n]), self.order[n:]
        return self.f32[torch.from_numpy(ids)].float(), ids

    def loss(self, heads, ids):
        cells = torch.cat([h.flatten(2) for h in heads.values()], 2).float()
        rows = np.concatenate([np.arange(self.first[i], self.first[i + 1]) for i in ids])
        which = np.repeat(np.arange(len(ids)), self.first[ids + 1] - self.first[ids])
        mean = self.others[rows] + torch.bmm(cells[which], self.weights[rows].float()[:, :, None])[:, :, 0]
        off = ((mean - self.truth[rows]) / self.unit[rows, None]).view(-1, 5, 2)
        return torch.sqrt((off ** 2).sum(2) + .02 ** 2).mean(1).clamp(max=.5).mean()


@torch.no_grad()
def held_back(net, pics, longest):
    """Mean error in eye distances of the held-back Helen and AFW portraits, and how many were found."""
    errors = []
    for i in pics.select('portraits', VAL):
        if pics.names[i].split(':')[0] not in HUMAN:
            continue
        x, kx, ky = plane(pics.picture(i), longest)
        out, centres, strides = flatten(net(torch.from_numpy(x)[None, None].float()))
        k = torch.tensor([kx, ky]).float()
        r = torch.from_numpy(pics.faces(i)[0]).float()
        w = says(out[0], centres, strides, (r[:4].view(2, 2) * k).flatten())
        if w is not None:
            truth = r[6:16].view(5, 2) * k
            mine = (w @ (centres.repeat(1, 5) + out[0, :, 6:] * strides[:, None])).view(5, 2)
            errors.append(float((mine - truth).norm(dim=1).mean() / (truth[0] - truth[1]).norm()))
    return 100 * np.mean(errors), len(errors)


def train(a):
    os.makedirs(a.out, exist_ok=True)
    torch.manual_seed(a.seed)
    faces, pics, whole = Faces(a.data, a.seed), Pictures(a.pack), restored(a.weights)
    net = Alone(Points(whole.points.first.depth.cin, whole.points.first.point.cout))
    log = loop.Log(os.path.join(a.out, 'log.txt'))

    def brief(mean):
        whole.points = mean.points
        return 'HELD BACK ' + ', '.join('%d: %.2f %% of %d' % (n, *held_back(whole, pics, n)) for n in (640, 320))

    def phase(share, peak, name):
        mean = loop.phase(net, lambda: faces.bytes(a.batch), lambda heads, ids: (faces.loss(heads, ids), ()), share * a.minutes, peak,
                          .998, os.path.join(a.out, name), log, brief, (), clip=5.0)
        log(name, brief(mean))
        return mean

    net.load_state_dict(phase(1 - a.qat_share, a.rate, 'float.pt').state_dict())
    equalise.fold(net, net.points.groups(), [faces.bytes(a.batch)[0] for _ in range(16)])
    quant.set_mode(whole, 'qat')
    phase(a.qat_share, a.rate / 6, 'qat.pt')


# ----------------------------------------------------------------------------------------- export
def write(a):
    old, net = container.read(a.weights), restored(a.weights)
    state = torch.load(a.checkpoint)
    quant.match_norms(Alone(net.points), state).load_state_dict(state)      # into the network's own layers
    data = export_net.pack(net, a.version, container.params(old))
    changed = [i for i in range(container.count(old)) if container.record(old, i)[16] != container.record(data, i)[16]]
    own = sum(isinstance(m, quant.Conv) for m in net.points.modules())
    assert all(i >= container.count(old) - own for i in changed), f'layers {changed} are not those that were trained'
    export_net.write(data, a.weights, a.version)
    print(f'{len(changed)} layers changed')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('what', choices=('cache', 'train', 'export'))
    p.add_argument('--weights', required=True)
    p.add_argument('--data', nargs='+', metavar='FOLDER')
    for k in ('pack', 'out', 'checkpoint', 'version'):
        p.add_argument('--' + k)
    p.add_argument('--crops', type=int, default=60000)
    p.add_argument('--minutes', type=float, default=20)
    p.add_argument('--qat-share', type=float, default=.33)
    p.add_argument('--rate', type=float, default=3e-3)
    p.add_argument('--batch', type=int, default=64)
    p.add_argument('--seed', type=int, default=1)
    a = p.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    dict(cache=cache, train=train, export=write)[a.what](a)


if __name__ == '__main__':
    main()
