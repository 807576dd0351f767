"""Trains the expression network: float, then the exact integer arithmetic.

    python train.py --cache CACHE --out DIR --minutes 12 [--init NET.pt] [--lr 2e-3]
    python train.py --cache CACHE --out DIR --minutes 5 --qat --init DIR/float.pt --lr 3e-4

The learning rate follows the clock: warm-up, then a cosine to zero at the end of --minutes. Writes
DIR/float.pt or DIR/qat.pt (averaged weights), every two minutes and at the end; a log line each.
"""
import argparse
import os
import time

import torch
import torch.nn.functional as F

from affect_training import loop, quant
from data import Batches
from evaluate import load, short
from model import EXPRESSIONS, ExpressionNet

PARTS = dict(ferplus=44, rafdb=40, affectnet_yolo=14, affectnet_mask=12, muxspace=6, smiled=10, stills=34, tones=18)
RARE = torch.tensor([.9, .9, 1.0, 1.1, 1.25, 1.9, 2.1, 1.7])        # emotions: rare classes count more


def loss_of(out, b):
    """Sum of the heads' losses, and its parts."""
    z, e, q = (out[k].flatten(1) for k in ('emotions', 'expressions', 'quality'))
    w = b['wy'] * (b['y'] * RARE).sum(1)
    emotion = (w * -(b['y'] * F.log_softmax(z, 1)).sum(1)).sum() / w.sum().clamp_min(1)
    bce = F.binary_cross_entropy_with_logits(e, b['e'], reduction='none')
    expression = (bce * b['we']).sum() / b['we'].sum().clamp_min(1) * len(EXPRESSIONS)
    # of rendered faces the truth is exact: there, what a channel leaves unexplained (1 - r²) counts
    w = b['we'] * b['worth']
    missed = (w * (torch.sigmoid(e) - b['e']) ** 2).sum() / (w > 0).sum().clamp_min(1)
    quality = F.binary_cross_entropy_with_logits(q[:, 0], b['q'], b['wq'])
    return emotion + 0.15 * expression + 0.5 * missed + 0.25 * quality, (emotion, expression, missed, quality)


def save(average, path, qat, kw, steps):
    loop.save(dict(net=average.net.state_dict(), folded=qat, kw=kw, steps=steps), path)


def start(a, batches):
    """The network to train, folded for QAT, and its keyword arguments."""
    if not a.init:
        return ExpressionNet().to(memory_format=torch.channels_last), {}
    net, d = load(a.init)
    if a.qat and not d['folded']:
        # dark-corner inputs of augmentation included: ranges as in training
        quant.fold(net, [batches.next()['x'].contiguous(memory_format=torch.channels_last) for _ in range(20)])
    return net, d.get('kw', {})


def train(a):
    torch.manual_seed(a.seed)
    parts = {k: n for k, n in PARTS.items() if os.path.exists(os.path.join(a.cache, k + '.npz'))}
    batches = Batches(a.cache, parts, a.seed, a.strength)
    net, kw = start(a, batches)
    path = os.path.join(a.out, 'qat.pt' if a.qat else 'float.pt')
    print('parts', parts, 'lr', a.lr, 'minutes', a.minutes, 'init', a.init, flush=True)
    opt = torch.optim.AdamW(loop.groups(net, a.decay), lr=a.lr)
    average = loop.Average(net, a.ema)
    run = net if a.qat else loop.quick(net)
    begin = said = time.time()
    step, sums = 0, torch.zeros(4)
    while (t := (time.time() - begin) / (60 * a.minutes)) < 1:
        for g in opt.param_groups:
            g['lr'] = loop.rate(t, a.lr, min(.04, .5 / a.minutes))
        b = batches.next()
        net.train()
        total, each = loss_of(run(b['x'].contiguous(memory_format=torch.channels_last)), b)
        opt.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        average.update(net)
        step += 1
        sums += torch.stack([x.detach() for x in each])
        if step % 100 == 0:
            print(f'{time.time() - begin:.0f} s step {step} loss ' + ' '.join(f'{v:.4f}' for v in (sums / 100).tolist()), flush=True)
            sums.zero_()
        if time.time() - said > a.every:
            save(average, path, a.qat, kw, step)
            print(f'{time.time() - begin:.0f} s step {step} HELD BACK {short(average.net, a.cache)}', flush=True)
            said = time.time()
    save(average, path, a.qat, kw, step)
    print(f'{time.time() - begin:.0f} s step {step} HELD BACK {short(average.net, a.cache)}', flush=True)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('--cache', required=True)
    a.add_argument('--out', required=True)
    a.add_argument('--minutes', type=float, required=True)
    a.add_argument('--init')
    a.add_argument('--qat', action='store_true')
    a.add_argument('--lr', type=float, default=2e-3)
    a.add_argument('--decay', type=float, default=0.03)
    a.add_argument('--ema', type=float, default=0.998)
    a.add_argument('--strength', type=float, default=0.35, help='how often light, blur, noise … are drawn')
    a.add_argument('--seed', type=int, default=1)
    a.add_argument('--every', type=float, default=180, help='seconds between measurements')
    a = a.parse_args()
    torch.set_num_threads(1)
    os.makedirs(a.out, exist_ok=True)
    train(a)


if __name__ == '__main__':
    main()
