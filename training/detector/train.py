"""Trains the detector: float, then folded batch norm and the exact integers (QAT). Resumable.

    train.py --pack DIR --out DIR --minutes 60 --float-share 0.75

The schedule goes by time spent (kept in the checkpoint): a busy machine means fewer steps, nothing else.
Writes OUT/last.pt (everything to resume), OUT/float.pt (averaged weights before folding), OUT/final.pt.
"""
import argparse
import copy
import os
import sys
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from affect_training import equalise, loop, quant  # noqa: E402
from data import Crops, Replay  # noqa: E402
from model import OUTPUTS, STRIDES, Detector  # noqa: E402


POINTS = 8.0            # weight of the points' loss
SEEN = 0.2              # score from which the float network's boxes are worth imitating
LEVEL_REACH = 1.3       # a face may be found by heads whose best size is within this factor, in octaves


def flatten(heads):
    """(N, cells, 16) of all heads, centres (cells, 2) and strides (cells)."""
    outs, centres, strides = [], [], []
    for stride in STRIDES:
        v = torch.cat([heads[k] for k in (f'stride{stride}', f'points{stride}') if k in heads], 1)
        n, _, h, w = v.shape
        outs.append(v.permute(0, 2, 3, 1).reshape(n, h * w, OUTPUTS).float())
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
        centres.append((torch.stack([x, y], -1).reshape(-1, 2).float() + 0.5) * stride)
        strides.append(torch.full((h * w,), float(stride)))
    return torch.cat(outs, 1), torch.cat(centres), torch.cat(strides)


def boxes_of(out, centres, strides):
    """x0 y0 x1 y1 of every cell (N, cells, 4)."""
    s = strides.view(1, -1, 1)
    return torch.cat([centres - out[..., 2:4] * s, centres + out[..., 4:6] * s], -1)


def iou(a, b):
    """Elementwise, broadcasting over the leading dimensions."""
    w = (torch.minimum(a[..., 2], b[..., 2]) - torch.maximum(a[..., 0], b[..., 0])).clamp_min(0)
    h = (torch.minimum(a[..., 3], b[..., 3]) - torch.maximum(a[..., 1], b[..., 1])).clamp_min(0)
    area = lambda z: (z[..., 2] - z[..., 0]).clamp_min(0) * (z[..., 3] - z[..., 1]).clamp_min(0)  # noqa: E731
    return w * h / (area(a) + area(b) - w * h + 1e-6)


def diou_loss(a, b):
    """1 - IoU + centre distance and size difference over the hull (CIoU's place taken by edges)."""
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    centre = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    size = (a[..., 2:] - a[..., :2]) - (b[..., 2:] - b[..., :2])
    spread = (centre / hull.clamp_min(1)).pow(2).sum(-1) + 0.25 * (size / hull.clamp_min(1)).pow(2).sum(-1)
    return 1 - iou(a, b) + spread


@torch.no_grad()
def assign(out, boxes, centres, strides, faces, topk=9):
    """SimOTA-like: (owner (N, cells) index of the face or -1, ignored (N, cells) bool)."""
    image, which = torch.nonzero(faces[..., 4] == 0, as_tuple=True)                # F faces of the batch
    g = faces[image, which, :4]
    mid, half = (g[:, :2] + g[:, 2:]) / 2, (g[:, 2:] - g[:, :2]) / 2
    away = [(centres[None, :, k] - mid[:, None, k]).abs() for k in range(2)]       # F, cells
    near = away[0] < torch.maximum(half[:, None, 0] * 0.9, 0.75 * strides)
    near &= away[1] < torch.maximum(half[:, None, 1] * 0.9, 0.75 * strides)
    side = 2 * (half[:, 0] * half[:, 1]).clamp_min(1).sqrt()
    level = torch.log2(side[:, None] / (4.0 * strides))                    # 0: a face spans four cells
    level = torch.where(strides == STRIDES[0], level.clamp_min(0), level)   # the ends take all that is left
    level = torch.where(strides == STRIDES[-1], level.clamp_max(0), level).abs()
    near &= level < LEVEL_REACH
    overlap = iou(boxes[image], g[:, None]) * near
    score = torch.sigmoid(out[..., 0])[image]
    prior = torch.exp(-0.7 * level ** 2 - sum(0.5 * (d / half[:, None, k].clamp_min(4)) ** 2
                                              for k, d in enumerate(away)))
    metric = (0.15 * prior + overlap ** 3 * (0.3 + score)) * near
    k = overlap.topk(topk, -1)[0].sum(-1).int().clamp(1, topk)
    best, where = metric.topk(topk, -1)
    taken = (torch.arange(topk)[None] < k[:, None]) & (best > 0)
    f, rank = torch.nonzero(taken, as_tuple=True)
    order = torch.argsort(best[f, rank]).numpy()            # the best claim on a cell is written last
    f, cell = f.numpy()[order], where[f, rank].numpy()[order]
    owner = np.full(out.shape[:2], -1, np.int64)
    owner[image.numpy()[f], cell] = which.numpy()[f]
    owner = torch.from_numpy(owner)
    image, which = torch.nonzero(faces[..., 4] == 1, as_tuple=True)
    g = faces[image, which, None]
    inside = ((centres > g[..., :2] - 2) & (centres < g[..., 2:4] + 2)).all(-1).float()
    ignored = torch.zeros(out.shape[:2]).index_add_(0, image, inside) > 0
    return owner, ignored & (owner < 0)


def losses(heads, faces):
    """Dictionary of the four losses and the count of positive cells."""
    out, centres, strides = flatten(heads)
    boxes = boxes_of(out, centres, strides)
    owner, ignored = assign(out, boxes, centres, strides, faces)
    pos = owner >= 0
    n = max(1, int(pos.sum()))
    b, a = torch.nonzero(pos, as_tuple=True)
    f = faces[b, owner[b, a]]
    fit = iou(boxes[b, a], f[:, :4]).detach()
    # classification: quality focal; target rises with the box's fit so that good boxes come first
    target = torch.zeros_like(out[..., 0])
    target[b, a] = 0.35 + 0.65 * fit
    p = torch.sigmoid(out[..., 0])
    weight = torch.where(pos, (target - p.detach()).abs().clamp_min(0.1), p.detach())
    weight = weight * (~ignored)
    cls = (F.binary_cross_entropy_with_logits(out[..., 0], target, reduction='none') * weight).sum() / n
    quality = F.binary_cross_entropy_with_logits(out[b, a, 1], fit, reduction='sum') / n
    box = (diou_loss(boxes[b, a], f[:, :4]) * f[:, 5]).sum() / n
    side = ((f[:, 2] - f[:, 0]) * (f[:, 3] - f[:, 1])).clamp_min(16).sqrt()
    pts = centres[a].repeat(1, 5) + out[b, a, 6:] * strides[a, None]
    err = F.smooth_l1_loss(pts / side[:, None], f[:, 6:16] / side[:, None], beta=0.02, reduction='none')
    err = err.mean(1)
    points = (err * f[:, 16]).sum() / n
    mean = float(fit.mean()) if len(fit) else 0.0
    return dict(cls=2.0 * cls, quality=0.5 * quality, box=3.0 * box, points=POINTS * points), n, mean


def imitation(heads, teacher, faces):
    """Dictionary of losses of the heads against those of the float network on the same pictures.

    Scores count everywhere, by how far they are off, but what the teacher sees where nothing is marked is not
    believed; boxes, fit and points count where it sees a face.
    """
    out, _, strides = flatten(heads)
    wanted = flatten(teacher)[0]
    marked = (faces[..., 4] < 2).any(1, keepdim=True)
    p, q = torch.sigmoid(out[..., 0]), torch.sigmoid(wanted[..., 0]) * marked
    b, a = torch.nonzero(q > SEEN, as_tuple=True)
    n = max(1, len(b))
    cls = (F.binary_cross_entropy_with_logits(out[..., 0], q, reduction='none') * (p.detach() - q).abs()).sum() / n
    quality = F.binary_cross_entropy_with_logits(out[b, a, 1], torch.sigmoid(wanted[b, a, 1]), reduction='sum') / n
    t, weight = wanted[b, a], q[b, a, None]
    off = (out[b, a, 2:] - t[:, 2:]) / ((t[:, 2] + t[:, 4]) * (t[:, 3] + t[:, 5])).clamp_min(.25).sqrt()[:, None]
    off = F.smooth_l1_loss(off, torch.zeros_like(off), beta=0.02, reduction='none') * weight
    return dict(like_cls=2.0 * cls, like_quality=0.5 * quality, like_box=3.0 * off[:, :4].sum() / n,
                like_points=POINTS * off[:, 4:].mean(1).sum() / n)


def optimiser(net, rate):
    decay, plain, scales = [], [], []
    for name, p in net.named_parameters():
        (scales if name.endswith('.log') else decay if p.ndim == 4 else plain).append(p)
    return torch.optim.AdamW([dict(params=decay, weight_decay=0.02), dict(params=plain, weight_decay=0.0),
                              dict(params=scales, weight_decay=0.0)], lr=rate, betas=(0.9, 0.99),
                             fused=True)


def rate_at(done, share, peak, qat_peak):
    """Learning rate from the part of the time that is spent: warm-up and cosine, twice."""
    if done < share:
        return loop.rate(done / share, peak, floor=0.02)
    return loop.rate((done - share) / (1 - share), qat_peak, warm=0.05, floor=0.01)


def shape_of(text):
    """"c8=32,n8=1" as arguments of Detector."""
    return {k: int(v) for k, v in (x.split('=') for x in text.split(',') if x)}


class Run:
    """One training: network, averages, optimiser, time spent; saved and loaded whole."""

    def __init__(self, a):
        self.a = a
        torch.manual_seed(a.seed)
        self.net = Detector(**shape_of(a.shape)).to(memory_format=torch.channels_last)
        self.phase, self.spent, self.step, self.teacher = 'float', 0.0, 0, None
        if a.start:
            state = torch.load(a.start, weights_only=False)['average']
            quant.match_norms(self.net, state).load_state_dict(state)
        self.fresh()
        last = os.path.join(a.out, 'last.pt')
        if os.path.exists(last):
            self.load(last)

    def fresh(self):
        self.average = loop.Average(self.net, self.a.decay, every=4)
        self.opt = optimiser(self.net, self.a.rate)

    def load(self, path):
        s = torch.load(path, weights_only=False)
        if s['phase'] == 'qat':
            t = torch.load(os.path.join(self.a.out, 'float.pt'), weights_only=False)['average']
            self.teacher = quant.match_norms(copy.deepcopy(self.net), t).eval()
            self.teacher.load_state_dict(t)
        quant.match_norms(self.net, s['net'])
        quant.set_mode(self.net, s['phase'])
        self.fresh()
        self.net.load_state_dict(s['net'])
        self.average.net.load_state_dict(s['average'])
        self.average.steps = s['steps']
        self.opt.load_state_dict(s['opt'])
        self.phase, self.spent, self.step = s['phase'], s['spent'], s['step']

    def save(self, name):
        loop.save(dict(net=self.net.state_dict(), average=self.average.net.state_dict(), steps=self.average.steps,
                       opt=self.opt.state_dict(), phase=self.phase, spent=self.spent, step=self.step,
                       shape=self.a.shape), os.path.join(self.a.out, name))

    def quantise(self, crops, wide):
        """From averaged float weights to integers."""
        self.save('float.pt')
        self.net.load_state_dict(self.average.net.state_dict())
        self.teacher = copy.deepcopy(self.average.net).eval()
        batches = [torch.from_numpy(c.batch(n)[0]).float() for c, n in ((crops, 16), (wide, 4)) if c for _ in range(16)]
        equalise.fold(self.net, self.net.groups(), batches)
        self.phase = 'qat'
        self.fresh()


def train(a):
    os.makedirs(a.out, exist_ok=True)
    run = Run(a)
    made = dict(seed=a.seed + 1000 * run.step, limit=a.limit, mild=a.mild, people=a.people)
    crops = Replay(Crops(a.pack, a.size, **made), a.fresh)
    wide = Crops(a.pack, 2 * a.size, **made) if a.wide else None
    compiled = torch.compile(run.net, dynamic=False)      # a quarter faster; the integers are not worth it
    budget, t0, log, saved, shown = 60 * a.minutes, time.time(), {}, time.time(), 0
    busy = time.process_time()
    teacher = None
    while run.spent < budget:
        done = run.spent / budget
        if run.phase == 'float' and done >= a.float_share:
            run.quantise(crops, wide)
        if run.phase == 'float':
            run.net.train()
        rate = rate_at(done, a.float_share, a.rate, a.qat_rate)
        for g, k in zip(run.opt.param_groups, (1, 1, 2)):
            g['lr'] = rate * k
        if wide is not None and crops.rng.random() < a.wide:
            planes, faces = wide.batch(max(1, a.batch // 4))
        else:
            planes, faces = crops.batch(a.batch)
        net = compiled if run.phase == 'float' else run.net
        x = torch.from_numpy(planes).float().to(memory_format=torch.channels_last)
        heads = net(x)
        parts, n, fit = losses(heads, torch.from_numpy(faces))
        if run.phase == 'qat':
            if teacher is None:
                teacher = torch.compile(run.teacher, dynamic=False)
            parts = {k: a.labels * v for k, v in parts.items()}
            with torch.no_grad():
                seen = teacher(x)
            parts.update(imitation(heads, seen, torch.from_numpy(faces)))
        loss = sum(parts.values())
        run.opt.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(run.net.parameters(), 10.0)
        if torch.isfinite(norm):
            run.opt.step()
        run.average.update(run.net)
        run.step += 1
        now = time.time()
        run.spent += now - t0
        t0 = now
        for k, v in dict({k: float(v.detach()) for k, v in parts.items()}, fit=fit, pos=n / len(planes)).items():
            log.setdefault(k, []).append(v)
        if run.step % 50 == 0:
            cpu = time.process_time() - busy
            busy = time.process_time()
            print(f'{run.phase} step {run.step} {run.spent / 60:.1f} min rate {rate:.2e}',
                  ' '.join(f'{k} {np.mean(v):.3f}' for k, v in log.items()),
                  f'norm {float(norm):.1f} crops/s {50 * a.batch / max(run.spent - shown, 1e-3):.0f}'
                  f' per cpu s {50 * a.batch / cpu:.0f}', flush=True)
            shown, log = run.spent, {}
        if now - saved > 60:
            run.save('last.pt')
            saved = time.time()
    run.save('last.pt')
    run.save('final.pt')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--pack', required=True)
    p.add_argument('--out', required=True)
    p.add_argument('--shape', default='', help='arguments of Detector, e.g. "c8=32,n8=1"')
    p.add_argument('--start', help='checkpoint whose averaged float weights are the start')
    p.add_argument('--minutes', type=float, default=60)
    p.add_argument('--float-share', type=float, default=0.75)
    p.add_argument('--rate', type=float, default=3e-3)
    p.add_argument('--qat-rate', type=float, default=4e-4)
    p.add_argument('--decay', type=float, default=0.998)
    p.add_argument('--batch', type=int, default=16)
    p.add_argument('--size', type=int, default=320)
    p.add_argument('--limit', type=float, help='this part of the pictures only (sanity runs)')
    p.add_argument('--mild', action='store_true', help='little augmentation: for the last part')
    p.add_argument('--people', type=float, help='share of photos with people\'s boxes, where not the usual one')
    p.add_argument('--wide', type=float, default=0.0,
                   help='this part of the steps sees a quarter as many crops of twice the size: only there large faces are whole')
    p.add_argument('--fresh', type=float, default=1.0,
                   help='this part of a batch is new, the rest is drawn from what was seen before')
    p.add_argument('--labels', type=float, default=0.5,
                   help='weight of the labels in the quantised phase, beside the float network that it imitates')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--threads', type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    cv2.setNumThreads(a.threads)
    train(a)


if __name__ == '__main__':
    main()
