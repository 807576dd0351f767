"""Trains the landmark network: float, then folded and quantisation-aware, by the clock.

    python train.py --set SET_FOLDER --out RUN_FOLDER --minutes 45 [--init float.pt] [--extra SET_FOLDER2]

Writes RUN_FOLDER/float.pt, qat.pt (averaged weights, and every five minutes), log.txt.
"""
import argparse
import math
import os

import torch
import torch.nn.functional as F

import data
import evaluate
import model
from affect_training import equalise, loop

NAMES = ('points', 'seen', 'face', 'pose')
SHARE = dict(helen=13, afw=8, frl=1, ytf=3, ibuglp=2, stills=4, irdepth=1, pointing04=2, negative=1)


def wing(d, w=4.0, eps=0.8):
    """d in crop pixels: logarithmic near 0, linear far away."""
    c = w - w * math.log(1 + w / eps)
    return torch.where(d < w, w * torch.log(1 + d / eps), d + c)


def loss_of(out, t):
    """Weighted sum of the heads' losses and its parts."""
    at = out['points'].view(-1, 68, 2)
    d = (at - t['points']).abs() * model.SIZE
    points = (wing(d).mean(-1) * t['weight']).sum() / t['weight'].sum().clamp_min(1)
    logit = out['visible'].flatten(1)
    known = torch.isfinite(t['seen']) * t['present'][:, None]
    seen = F.binary_cross_entropy_with_logits(logit[:, :68], torch.nan_to_num(t['seen']), reduction='none')
    seen = (seen * known).sum() / known.sum().clamp_min(1)
    face = F.binary_cross_entropy_with_logits(logit[:, 68], t['present'], reduction='none')
    face = (face * ~t['doubt']).mean()
    pose = F.smooth_l1_loss(out['pose'].flatten(1), t['axes'], reduction='none', beta=0.1).mean(1)
    pose = (pose * t['axes_weight']).sum() / t['axes_weight'].sum().clamp_min(1)
    return points + 1.0 * seen + 2.0 * face + 25 * pose, (points, seen, face, pose)


class Batches:
    """Batches of the set and, with one, of the extra set."""

    def __init__(self, a):
        self.set = data.Set(a.set)
        self.parts = [data.Batches(self.set, dict(SHARE, negative=a.negatives), a.seed, wrong=1)]
        if a.extra:
            self.parts.append(data.Batches(data.Set(a.extra), {'extra': a.extra_share}, a.seed + 1, wrong=0))

    def __call__(self):
        parts = [b() for b in self.parts]
        return torch.cat([p[0] for p in parts]), {k: torch.cat([p[1][k] for p in parts]) for k in parts[0][1]}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--set', required=True)
    ap.add_argument('--out', required=True)
    ap.add_argument('--minutes', type=float, default=45)
    ap.add_argument('--qat', type=float, default=0.22,
                    help='share of the time that is quantised; 1: from --init (float or quantised)')
    ap.add_argument('--init')
    ap.add_argument('--extra', help='a second set folder, source "extra"')
    ap.add_argument('--extra-share', type=int, default=9)
    ap.add_argument('--negatives', type=int, default=2, help='face-free crops in a batch')
    ap.add_argument('--peak', type=float, default=3e-3)
    ap.add_argument('--seed', type=int, default=1)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    os.makedirs(a.out, exist_ok=True)
    log, batches = loop.Log(a.out + '/log.txt'), Batches(a)
    net = model.LandmarkNet().to(memory_format=torch.channels_last)
    net.set_mean(*batches.set.mean())
    folded = False
    if a.init:
        net = evaluate.load(a.init).to(memory_format=torch.channels_last)
        folded = net.mode == 'qat'
    log('macs, bytes', model.count(net), a)

    def brief(n):
        return evaluate.brief(n, batches.set)

    def train(net, minutes, peak, decay, name):
        return loop.phase(net, batches, loss_of, minutes, peak, decay, f'{a.out}/{name}.pt', log, brief, NAMES, clip=20)
    if a.qat < 1 and not folded:
        net = train(net, a.minutes * (1 - a.qat), a.peak, 0.998, 'float')
        log('float', brief(net))
    if not folded:
        equalise.fold(net, net.groups(), [batches()[0] for _ in range(12)])
        log('folded', brief(net))
    net = train(net, a.minutes * a.qat, a.peak * 0.12, 0.99, 'qat')
    log('qat', brief(net))


if __name__ == '__main__':
    main()
