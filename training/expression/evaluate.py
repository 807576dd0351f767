"""Measures a checkpoint on the held-back pictures, in float, QAT or exact arithmetic.

    python evaluate.py --cache CACHE --net NET.pt [--mode float|qat|exact] [--jitter] [--worst DIR]
"""
import argparse
import os

import numpy as np
import torch

from affect_training import quant
from data import Set, plain
from model import EXPRESSIONS, ExpressionNet


def predict(net, s, rows, jitter=None, batch=256):
    """Dict of head outputs for rows of a set."""
    net.eval()
    out = {}
    with torch.no_grad():
        for i in range(0, len(rows), batch):
            x = plain(s, rows[i:i + batch], jitter)
            for k, v in net(x.contiguous(memory_format=torch.channels_last)).items():
                out.setdefault(k, []).append(v.flatten(1).float())
    return {k: torch.cat(v) for k, v in out.items()}


def auc(score, positive):
    """Area under the ROC curve, ties counted half."""
    order = np.argsort(score, kind='stable')
    rank = np.empty(len(score))
    values, inverse, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    rank[order] = (ends - (counts - 1) / 2)[inverse]
    n1 = positive.sum()
    n0 = len(positive) - n1
    return float((rank[positive].sum() - n1 * (n1 + 1) / 2) / max(n1 * n0, 1))


def ece(prob, label, bins=15):
    """Expected calibration error of the largest probability."""
    conf, right = prob.max(1), prob.argmax(1) == label
    which = np.minimum((conf * bins).astype(int), bins - 1)
    return float(sum(abs(conf[which == b].sum() - right[which == b].sum()) for b in range(bins)) / len(label))


def confusion(pred, label):
    m = np.zeros((8, 8), int)
    np.add.at(m, (label, pred), 1)
    return m


def emotion_report(logits, label, temperature=1.0):
    """Accuracy, mean recall, ECE and confusion of labelled rows."""
    p = torch.softmax(logits / temperature, 1).numpy()
    m = confusion(p.argmax(1), label)
    have = m.sum(1) > 0
    recall = m.diagonal()[have] / m.sum(1)[have]
    return dict(accuracy=float(m.trace() / m.sum()), recall=float(recall.mean()), ece=ece(p, label), matrix=m)


def fit_temperature(parts):
    """The temperature with the least mean negative log likelihood; parts: (logits, label) of each set."""
    grid = np.arange(.3, 3.01, .02)
    def loss(t):
        return np.mean([float(torch.nn.functional.cross_entropy(z / t, torch.from_numpy(y))) for z, y in parts])
    return float(grid[np.argmin([loss(t) for t in grid])])


def held_rows(s, labelled=True):
    keep = s.held & (s.label >= 0) if labelled else s.held
    return np.flatnonzero(keep)


def expression_report(net, s, jitter=None):
    """Correlation with the targets, a channel each, on held-back pictures with a face."""
    rows = np.flatnonzero(s.held & s.found)
    e = torch.sigmoid(predict(net, s, rows, jitter)['expressions']).numpy()
    t = s.x[rows].numpy()
    return np.array([np.corrcoef(e[:, k], t[:, k])[0, 1] if t[:, k].std() > 1e-6 else np.nan for k in range(20)])


def load(path, net=None):
    """A network from a checkpoint, folded when the checkpoint is."""
    d = torch.load(path, map_location='cpu', weights_only=False)
    net = net or ExpressionNet(**d.get('kw', {}))
    if d['folded']:
        quant.fold(net, [])
    net.load_state_dict(d['net'])
    quant.set_mode(net, 'qat' if d['folded'] else 'float')
    return net.to(memory_format=torch.channels_last), d


def short(net, cache, names=('ferplus', 'rafdb')):
    """One line for a training log."""
    text = []
    for name in names:
        if not os.path.exists(os.path.join(cache, name + '.npz')):
            continue
        s = Set(cache, name)
        rows = held_rows(s)
        r = emotion_report(predict(net, s, rows)['emotions'], s.label[rows].astype(int))
        text.append(f"{name} {100 * r['accuracy']:.2f} (recall {100 * r['recall']:.1f}, ece {r['ece']:.3f})")
    return '; '.join(text)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument('--cache', required=True)
    a.add_argument('--net', required=True)
    a.add_argument('--mode', default=None)
    a.add_argument('--jitter', action='store_true')
    a.add_argument('--temperature', type=float)
    a.add_argument('--sets', nargs='*', default=['ferplus', 'rafdb', 'affectnet_yolo', 'muxspace', 'smiled', 'stills'])
    a = a.parse_args()
    torch.set_num_threads(1)
    net, d = load(a.net)
    if a.mode:
        quant.set_mode(net, a.mode)
    rng = torch.Generator().manual_seed(1) if a.jitter else None
    sets = [Set(a.cache, n) for n in a.sets if os.path.exists(os.path.join(a.cache, n + '.npz'))]
    t, out = a.temperature, {}
    for s in sets:
        rows = held_rows(s)
        if len(rows) and s.name != 'smiled':
            out[s.name] = predict(net, s, rows, rng)['emotions'], s.label[rows].astype(int)
    if t is None:
        t = fit_temperature([out['ferplus'], out['rafdb']])
    print(f'{a.net} mode {net.mode} temperature {t:.2f}')
    for name, (z, y) in out.items():
        r = emotion_report(z, y, t)
        print(f"{name}: n {len(y)} accuracy {100 * r['accuracy']:.2f} mean recall {100 * r['recall']:.2f} ece {r['ece']:.3f}")
        print(np.array2string(r['matrix']))
    for s in sets:
        if s.name == 'smiled':
            rows = np.flatnonzero(s.held)
            e = predict(net, s, rows, rng)['expressions'][:, EXPRESSIONS.index('smile')].numpy()
            print(f'smiled: n {len(rows)} smile AUC {auc(e, s.smile[rows] == 1):.4f}')
    print('correlation with the targets')
    reports = [(s.name, expression_report(net, s, rng)) for s in sets]
    print(' ' * 22 + ' '.join(f'{n[:9]:>9}' for n, _ in reports))
    for k, name in enumerate(EXPRESSIONS):
        print(f'{name:22}' + ' '.join(f'{r[k]:9.3f}' for _, r in reports))


if __name__ == '__main__':
    main()
