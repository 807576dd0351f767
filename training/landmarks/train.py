"""Trains the landmark network: float, then folded and quantisation-aware, by the clock.

    python train.py --set SET_FOLDER --out RUN_FOLDER --minutes 45 [--init float.pt] [--extra SET_FOLDER2]

Writes RUN_FOLDER/float.pt, qat.pt (averaged weights, and every five minutes), log.txt.
"""
import argparse
import copy
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import data
import evaluate
import model
from affect_training import equalise

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


class Average:
    """Exponential average of weights and statistics."""

    def __init__(self, net, decay):
        self.net, self.decay, self.steps = copy.deepcopy(net), decay, 0

    @torch.no_grad()
    def update(self, net):
        self.steps += 1
        k = min(self.decay, self.steps / (self.steps + 10))
        for a, b in zip(self.net.state_dict().values(), net.state_dict().values()):
            if a.dtype.is_floating_point:
                a.mul_(k).add_(b, alpha=1 - k)
            else:
                a.copy_(b)


def rate(step_fraction, peak, warm=0.03):
    if step_fraction < warm:
        return peak * step_fraction / warm
    return peak * 0.5 * (1 + math.cos(math.pi * (step_fraction - warm) / (1 - warm))) + peak * 0.003


class Run:
    def __init__(self, a):
        self.a, self.start = a, time.time()
        self.log_file = open(a.out + '/log.txt', 'a')
        self.sets = [data.Set(a.set)]
        self.batches = [data.Batches(self.sets[0], dict(SHARE, negative=a.negatives), a.seed, wrong=1)]
        if a.extra:
            self.sets.append(data.Set(a.extra))
            self.batches.append(data.Batches(self.sets[1], {'extra': a.extra_share}, a.seed + 1, wrong=0))

    def log(self, *text):
        line = f'{(time.time() - self.start) / 60:6.2f} ' + ' '.join(map(str, text))
        print(line, flush=True)
        self.log_file.write(line + '\n')
        self.log_file.flush()

    def batch(self):
        parts = [b() for b in self.batches]
        x = torch.cat([p[0] for p in parts]).contiguous(memory_format=torch.channels_last)
        return x, {k: torch.cat([p[1][k] for p in parts]) for k in parts[0][1]}

    def phase(self, net, minutes, peak, decay, name):
        """Trains for so many minutes of the clock; returns the averaged network."""
        groups = [dict(params=[p for p in net.parameters() if p.dim() > 1], weight_decay=0.02),
                  dict(params=[p for p in net.parameters() if p.dim() <= 1], weight_decay=0.0)]
        opt = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98))
        mean, begin, saved, sums, step = Average(net, decay), time.time(), time.time(), np.zeros(5), 0
        while (done := (time.time() - begin) / (60 * minutes)) < 1:
            for g in opt.param_groups:
                g['lr'] = rate(done, peak)
            net.train()
            x, t = self.batch()
            loss, parts = loss_of(net(x), t)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 20.0)
            opt.step()
            mean.update(net)
            sums += [float(v.detach()) for v in (loss, *parts)]
            step += 1
            if step % 200 == 0:
                self.log(name, step, 'loss %.3f points %.3f seen %.3f face %.3f pose %.4f'
                         % tuple(sums / 200))
                sums[:] = 0
            if time.time() - saved > 300:
                saved = time.time()
                self.save(mean.net, name)
                self.log(name, evaluate.brief(mean.net, self.sets[0]))
        self.save(mean.net, name)
        return mean.net

    def save(self, net, name):
        path = f'{self.a.out}/{name}.pt'
        torch.save(net.state_dict(), path + '.new')
        os.replace(path + '.new', path)


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
    run = Run(a)
    net = model.LandmarkNet().to(memory_format=torch.channels_last)
    net.set_mean(*run.sets[0].mean())
    folded = False
    if a.init:
        net = evaluate.load(a.init).to(memory_format=torch.channels_last)
        folded = net.mode == 'qat'
    run.log('macs, bytes', model.count(net), a)
    if a.qat < 1 and not folded:
        net = run.phase(net, a.minutes * (1 - a.qat), a.peak, 0.998, 'float')
        run.log('float', evaluate.brief(net, run.sets[0]))
    if not folded:
        equalise.fold(net, net.groups(), [run.batch()[0] for _ in range(12)])
        run.log('folded', evaluate.brief(net, run.sets[0]))
    net = run.phase(net, a.minutes * a.qat, a.peak * 0.12, 0.99, 'qat')
    run.log('qat', evaluate.brief(net, run.sets[0]))


if __name__ == '__main__':
    main()
