"""Trains the eye network: float, then folded and quantisation-aware, by the clock.

    python train.py --set SET_FOLDER --out RUN_FOLDER --minutes 10 [--without mrl] [--init float.pt]

Writes RUN_FOLDER/float.pt, qat.pt (averaged weights), log.txt. --without leaves one set out (test across
sets).
"""
import argparse
import os

import torch
import torch.nn.functional as F

import data
import evaluate
import model
from affect_training import equalise, loop

NAMES = ('closed', 'open', 'iris', 'gaze', 'quality')
SHARE = dict(mrl=26, cew=26, web=12, aps=8, iris=6, stills=34, faces=22, extra=34, negative=18)


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
    return closed + 4 * opened + 15 * iris + 8 * gaze + quality + 0.1 * spare, \
        (closed, opened, iris, gaze, quality)


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
    log, eyes = loop.Log(a.out + '/log.txt'), data.Set(a.set)
    share = {s: k for s, k in SHARE.items() if s != a.without and (eyes.source == s).any()}
    batch = data.Batches(eyes, share, a.seed)
    net = model.EyeNet().to(memory_format=torch.channels_last)
    if a.init:
        net.load_state_dict(torch.load(a.init))
    log('macs, bytes', model.count(net), a)

    def brief(n):
        return evaluate.brief(n, eyes)

    def train(net, minutes, peak, decay, name):
        return loop.phase(net, batch, loss_of, minutes, peak, decay, f'{a.out}/{name}.pt', log, brief, NAMES, every=120)
    if a.qat < 1:
        net = train(net, a.minutes * (1 - a.qat), a.peak, 0.998, 'float')
        log('float', brief(net))
    equalise.fold(net, net.groups(), [batch()[0] for _ in range(12)])
    log('folded', brief(net))
    net = train(net, a.minutes * a.qat, a.peak * 0.15, 0.99, 'qat')
    log('qat', brief(net))


if __name__ == '__main__':
    main()
