"""Trains the eye network: float, then folded and quantisation-aware, by the clock.

    python train.py --set SET_FOLDER --out RUN_FOLDER --minutes 10 [--without mrl] [--init float.pt]

Writes RUN_FOLDER/float.pt, qat.pt (averaged weights), log.txt. --without leaves one set out (test across
sets).
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

SHARE = dict(mrl=30, cew=24, web=10, aps=6, iris=6, stills=18, faces=14, extra=14, negative=12)


def loss_of(out, t):
    """Weighted sum of the parts of the one head's loss."""
    v = out['eye'].flatten(1)

    def mean(x, w):
        return (torch.where(w > 0, x, torch.zeros(())) * w).sum() / w.sum().clamp_min(1)
    known = torch.isfinite(t['closed']) * t['weight']
    soft = torch.nan_to_num(t['closed']) * 0.96 + 0.02
    closed = mean(F.binary_cross_entropy_with_logits(v[:, 0], soft, reduction='none'), known)
    exact = torch.isfinite(t['open']) * t['open_weight']
    opened = mean(F.smooth_l1_loss(v[:, 1], torch.nan_to_num(t['open']), reduction='none', beta=0.1), exact)
    unknown = known * (t['open_weight'] <= 0)       # closed: 0; open: at least .4
    bound = torch.where(t['closed'] > 0.5, v[:, 1].abs(), F.relu(0.4 - v[:, 1]))
    opened = opened + 0.3 * mean(bound, unknown)
    iris = F.smooth_l1_loss(v[:, 2:4], torch.nan_to_num(t['iris']), reduction='none', beta=0.02).mean(1)
    iris = mean(iris, torch.isfinite(t['iris'][:, 0]) * t['weight'])
    gaze = F.smooth_l1_loss(v[:, 4:6], torch.nan_to_num(t['gaze']), reduction='none', beta=0.1).mean(1)
    gaze = mean(gaze, torch.isfinite(t['gaze'][:, 0]) * t['weight'])
    quality = F.binary_cross_entropy_with_logits(v[:, 6], t['good'], reduction='none')
    quality = (quality * ~t['doubt']).mean()
    spare = v[:, 7].square().mean()
    return closed + 2 * opened + 15 * iris + 6 * gaze + 0.5 * quality + 0.1 * spare, \
        (closed, opened, iris, gaze, quality)


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


def rate(done, peak, warm=0.03):
    if done < warm:
        return peak * done / warm
    return peak * 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm))) + peak * 0.003


class Run:
    def __init__(self, a):
        self.a, self.start = a, time.time()
        self.log_file = open(a.out + '/log.txt', 'a')
        self.set = data.Set(a.set)
        share = {s: k for s, k in SHARE.items() if s != a.without and (self.set.source == s).any()}
        self.batch = data.Batches(self.set, share, a.seed)

    def log(self, *text):
        line = f'{(time.time() - self.start) / 60:6.2f} ' + ' '.join(map(str, text))
        print(line, flush=True)
        self.log_file.write(line + '\n')
        self.log_file.flush()

    def phase(self, net, minutes, peak, decay, name):
        """Trains for so many minutes of the clock; returns the averaged network."""
        groups = [dict(params=[p for p in net.parameters() if p.dim() > 1], weight_decay=0.02),
                  dict(params=[p for p in net.parameters() if p.dim() <= 1], weight_decay=0.0)]
        opt = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98))
        mean, begin, saved, sums, step = Average(net, decay), time.time(), time.time(), np.zeros(6), 0
        while (done := (time.time() - begin) / (60 * minutes)) < 1:
            for g in opt.param_groups:
                g['lr'] = rate(done, peak)
            net.train()
            x, t = self.batch()
            loss, parts = loss_of(net(x.contiguous(memory_format=torch.channels_last)), t)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
            opt.step()
            mean.update(net)
            sums += [float(v.detach()) for v in (loss, *parts)]
            step += 1
            if step % 200 == 0:
                self.log(name, step, 'loss %.3f closed %.3f open %.4f iris %.5f gaze %.4f quality %.3f'
                         % tuple(sums / 200))
                sums[:] = 0
            if time.time() - saved > 120:
                saved = time.time()
                torch.save(mean.net.state_dict(), f'{self.a.out}/{name}.pt')
                self.log(name, evaluate.brief(mean.net, self.set))
        torch.save(mean.net.state_dict(), f'{self.a.out}/{name}.pt')
        return mean.net


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--set', required=True)
    ap.add_argument('--out', required=True)
    ap.add_argument('--minutes', type=float, default=10)
    ap.add_argument('--qat', type=float, default=0.25,
                    help='share of the time that is quantised; 1: from --init at once')
    ap.add_argument('--init')
    ap.add_argument('--without')
    ap.add_argument('--peak', type=float, default=3e-3)
    ap.add_argument('--seed', type=int, default=1)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    os.makedirs(a.out, exist_ok=True)
    run = Run(a)
    net = model.EyeNet().to(memory_format=torch.channels_last)
    if a.init:
        net.load_state_dict(torch.load(a.init))
    run.log('macs, bytes', model.count(net), a)
    if a.qat < 1:
        net = run.phase(net, a.minutes * (1 - a.qat), a.peak, 0.998, 'float')
        run.log('float', evaluate.brief(net, run.set))
    equalise.fold(net, net.groups(), [run.batch()[0] for _ in range(12)])
    run.log('folded', evaluate.brief(net, run.set))
    net = run.phase(net, a.minutes * a.qat, a.peak * 0.15, 0.99, 'qat')
    run.log('qat', evaluate.brief(net, run.set))


if __name__ == '__main__':
    main()
