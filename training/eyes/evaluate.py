"""Measures an eye network on the held-back part of a built set.

    python evaluate.py --set SET_FOLDER --net RUN/float.pt|RUN/qat.pt [--mode float|qat|exact]
                       [--worst worst.png]

Eye-set pictures are given whole, shrunk to 32 px. Balanced accuracy is the mean of the shares of closed
eyes read as closed and open eyes read as open (logit 0).
"""
import argparse

import numpy as np
import torch

import data
import model
from affect_training import augment, normalise, quant


@torch.no_grad()
def run(net, d, index):
    """(N,8) raw head values for rows of a set."""
    training = net.training
    net.eval()
    out = []
    for i in range(0, len(index), 512):
        k = index[i:i + 512]
        m = data.base_map(d.whole[k])
        luma, inside = augment.sample(torch.from_numpy(d.images[k])[:, None], m, model.SIZE)
        out.append(net(normalise.normalise_batch(luma, inside))['eye'].flatten(1).float())
    net.train(training)
    return torch.cat(out)


def balanced(logit, closed):
    c, o = closed == 1, closed == 0
    right = [((logit > 0) == True)[c].float().mean(), (logit <= 0)[o].float().mean()]       # noqa: E712
    return float(sum(right) / 2) * 100, float(right[0]) * 100, float(right[1]) * 100


def angle_error(v, gaze):
    """Degrees between unit directions given by x and y."""
    def full(g):
        z = (1 - (g * g).sum(1)).clamp_min(0).sqrt()
        u = torch.cat([g, z[:, None]], 1)
        return u / u.norm(dim=1, keepdim=True)
    return torch.rad2deg(torch.acos((full(v) * full(gaze)).sum(1).clamp(-1, 1)))


def scores(net, d, sources=('mrl', 'cew', 'web', 'aps', 'stills', 'faces')):
    out = {}
    for s in sources:
        i = d.index(s, True)
        if len(i):
            v = run(net, d, i)
            out[s] = (v, i, balanced(v[:, 0], d.closed[i]))
    return out


def brief(net, d):
    r = scores(net, d)
    text = ', '.join(f'{s} {b[0]:.1f}' for s, (_, _, b) in r.items())
    v, i, _ = r['stills']
    g = torch.isfinite(d.gaze[i][:, 0])
    err = angle_error(v[g, 4:6], d.gaze[i][g]).mean()
    cor = np.corrcoef(v[:, 1].numpy(), d.open[i].numpy())[0, 1]
    return f'{text}, gaze {err:.1f}, openness r {cor:.3f}'


def load(path):
    """A network from a state file, float or quantised (no batch norm left)."""
    state = torch.load(path)
    net = model.EyeNet()
    if not any('running_mean' in k for k in state):
        for c in net.modules():
            if isinstance(c, quant.Conv):
                c.fold_norm()
        quant.set_mode(net, 'qat')
    net.load_state_dict(state)
    return net.eval()


def worst(d, results, path, each=16):
    """A picture of the most wrong eyes of each set."""
    import cv2
    lines = []
    for s, (v, i, _) in results.items():
        c = d.closed[i]
        wrong = torch.where(torch.isfinite(c), v[:, 0] * (1 - 2 * torch.nan_to_num(c)), torch.tensor(-99.))
        tiles = []
        for k in wrong.argsort(descending=True)[:each].tolist():
            t = cv2.cvtColor(cv2.resize(d.images[i[k]], (96, 96)), cv2.COLOR_GRAY2BGR)
            cv2.putText(t, f'{s} {int(c[k])} {v[k, 0]:.1f}', (2, 10), 0, 0.33, (0, 255, 255), 1)
            tiles.append(t)
        lines.append(np.hstack(tiles))
    cv2.imwrite(path, np.vstack(lines))


def report(net, d, path):
    r = scores(net, d)
    for s, (v, i, b) in r.items():
        print(f'{s:8s} {len(i):5d} eyes  balanced {b[0]:.2f} %  closed {b[1]:.2f} %  open {b[2]:.2f} %')
    v, i, _ = r['stills']
    g = torch.isfinite(d.gaze[i][:, 0])
    print(f'rendered gaze error {angle_error(v[g, 4:6], d.gaze[i][g]).mean():.2f} degrees; openness r '
          f'{np.corrcoef(v[:, 1].numpy(), d.open[i].numpy())[0, 1]:.3f}, mean error '
          f'{(v[:, 1] - d.open[i]).abs().mean():.3f}')
    down = g & (d.gaze[i][:, 1] < -0.34)
    print(f'rendered, gaze more than 20 degrees down, open: {int(down.sum())} eyes, read as closed '
          f'{(v[down, 0] > 0).float().mean() * 100:.1f} %')
    for s in ('iris', 'faces', 'stills'):
        k = d.index(s, True)
        k = k[torch.isfinite(d.iris[k][:, 0]).numpy()]
        at = augment.to_crop(d.iris[k][:, None] * data.SIDE, data.base_map(d.whole[k]))[:, 0]
        e = (run(net, d, k)[:, 2:4] - at).norm(dim=1)
        print(f'iris centre, {s}: mean error {e.mean() * 100:.2f} % of the crop '
              f'({e.mean() * 170:.1f} % of the eye)')
    v = run(net, d, d.index('negative', True))
    good = torch.cat([x[0][:, 6] for x in r.values()])
    print(f'quality: no eye read as good {(v[:, 6] > 0).float().mean() * 100:.1f} %, eye read as bad '
          f'{(good < 0).float().mean() * 100:.1f} %')
    if path:
        worst(d, r, path)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--set', required=True)
    ap.add_argument('--net', required=True)
    ap.add_argument('--mode', choices=('float', 'qat', 'exact'))
    ap.add_argument('--worst')
    a = ap.parse_args()
    torch.set_num_threads(1)
    net = load(a.net)
    if a.mode:
        quant.set_mode(net, a.mode)
    report(net, data.Set(a.set), a.worst)


if __name__ == '__main__':
    main()
