"""Measures a landmark network on the held-back part of a built set.

    python evaluate.py --set SET_FOLDER --net RUN/float.pt|RUN/qat.pt [--mode float|qat|exact]
                       [--worst worst.png]

NME is the mean point error over the distance of the outer eye corners (36-45), percent. Alignment: five
true points with noise of 5.5 % of the eye distance in x and y each (fixed seed); "two passes" runs the
network again on a crop fitted to its own points. Pose is measured on the first pass.
"""
import argparse

import numpy as np
import torch

import data
import model
from affect_training import augment, normalise, quant


def noisy_alignment(points, seed, sigma=0.055):
    """Crop maps from the true five points and noise."""
    rng = torch.Generator().manual_seed(seed)
    five = augment.five_points(points)
    dist = torch.maximum((five[:, 0] - five[:, 1]).norm(dim=1),
                         0.87 * (five[:, 3:].mean(1) - five[:, :2].mean(1)).norm(dim=1))
    return augment.fit_crop(five + torch.randn(five.shape, generator=rng) * sigma * dist.view(-1, 1, 1),
                            augment.LANDMARK_TEMPLATE)


@torch.no_grad()
def run(net, images, m):
    """Heads for crops m of images, in pieces."""
    net.eval()
    out = []
    for i in range(0, len(m), 128):
        src = torch.from_numpy(images[i:i + 128])[:, None]
        luma, inside = augment.sample(src, m[i:i + 128], model.SIZE)
        out.append({k: v.flatten(1).float() for k, v in net(normalise.normalise_batch(luma, inside)).items()})
    return {k: torch.cat([o[k] for o in out]) for k in out[0]}


def nme(found, truth, mask=None):
    """Percent of the outer eye corners' distance, a value a face."""
    scale = (truth[:, 45] - truth[:, 36]).norm(dim=1)
    d = (found - truth).norm(dim=2)
    known = torch.isfinite(d) if mask is None else torch.isfinite(d) & mask
    return torch.where(known, d, torch.zeros(())).sum(1) / known.sum(1) / scale * 100


def axes_to_angles(v):
    v = v.double().numpy().reshape(-1, 2, 3)
    z = v[:, 1] / np.linalg.norm(v[:, 1], axis=1, keepdims=True).clip(1e-9)
    x = v[:, 0] - (v[:, 0] * z).sum(1, keepdims=True) * z
    x /= np.linalg.norm(x, axis=1, keepdims=True).clip(1e-9)
    return data.angles(np.stack([x, np.cross(z, x), z], 2))


def measure(net, images, points, seed=7):
    """(NME one pass, NME two passes, heads, crops, points found in two passes)."""
    m = noisy_alignment(points, seed)
    heads = run(net, images, m)
    one = augment.to_source(heads['points'].view(-1, 68, 2), m)
    m2 = augment.fit_crop(augment.five_points(one), augment.LANDMARK_TEMPLATE)
    two = augment.to_source(run(net, images, m2)['points'].view(-1, 68, 2), m2)
    return nme(one, points), nme(two, points), heads, m, two


def pose_error(net, d, index, seed=7):
    """Mean absolute yaw, pitch, roll error against the set's axes."""
    points, m = d.points[index], None
    five = augment.five_points(points)
    ok = torch.isfinite(five).all(2).all(1) & torch.isfinite(d.axes[index][:, 0])
    index = index[ok.numpy()]
    m = noisy_alignment(d.points[index], seed)
    heads = run(net, d.images[index], m)
    truth = axes_to_angles(data.turn_axes(d.axes[index], m))
    e = np.abs((axes_to_angles(heads['pose']) - truth + 180) % 360 - 180)
    return e, axes_to_angles(d.axes[index])


def presence(net, d):
    """Logits on held-back faces and on held-back face-free crops."""
    faces = np.concatenate([d.index(s, True) for s in ('helen', 'afw', 'ytf', 'stills')])
    empty = d.index('negative', True)
    a = run(net, d.images[faces], noisy_alignment(d.points[faces], 3))['visible'][:, 68]
    m = torch.tensor([[144., 0, 24], [0, 144., 24]]).expand(len(empty), 2, 3)
    b = run(net, d.images[empty], m)['visible'][:, 68]
    return a.numpy(), b.numpy()


def auc(good, bad):
    order = np.argsort(np.concatenate([good, bad]), kind='stable')
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    return (rank[:len(good)].sum() - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad))


def brief(net, d):
    """One line for the training log."""
    parts = []
    for s in ('helen', 'afw', 'stills'):
        i = d.index(s, True)
        if s == 'stills':
            i = i[:150]
        one, two, *_ = measure(net, d.images[i], d.points[i])
        parts.append(f'{s} {one.mean():.2f} {two.mean():.2f}')
    i = d.index('stills', True)[:150]
    e, _ = pose_error(net, d, i)
    a, b = presence(net, d)
    net.train()
    return ', '.join(parts) + ', pose %.1f %.1f %.1f' % tuple(e.mean(0)) + ', presence AUC %.4f' % auc(a, b)


def load(path):
    """A network from a state file, float or quantised (no batch norm left)."""
    state = torch.load(path)
    net = model.LandmarkNet()
    if not any('running_mean' in k for k in state):
        for c in net.modules():
            if isinstance(c, quant.Conv):
                c.fold_norm()
        quant.set_mode(net, 'qat')
    net.load_state_dict(state)
    return net.eval()


def worst(d, index, values, found, path, count=24):
    """A picture of the worst faces: truth green, found red."""
    import cv2
    tiles = []
    for k in np.argsort(-values.numpy())[:count]:
        tile = cv2.cvtColor(cv2.resize(np.asarray(d.images[index[k]]), (288, 288)), cv2.COLOR_GRAY2BGR)
        for pts, colour in ((d.points[index[k]], (0, 255, 0)), (found[k], (0, 0, 255))):
            for x, y in pts.numpy() * 1.5:
                if np.isfinite(x):
                    cv2.circle(tile, (int(x), int(y)), 1, colour, -1)
        cv2.putText(tile, f'{d.source[index[k]]} {values[k]:.1f}', (4, 14), 0, 0.45, (0, 255, 255), 1)
        tiles.append(tile)
    while len(tiles) % 8:
        tiles.append(np.zeros_like(tiles[0]))
    cv2.imwrite(path, np.vstack([np.hstack(tiles[i:i + 8]) for i in range(0, len(tiles), 8)]))


def report(net, d, worst_path=None):
    both = []
    for s in ('helen', 'afw', 'frl', 'ytf', 'ibuglp', 'stills', 'irdepth', 'drivface'):
        i = d.index(s, True)
        mask = d.weight[i] > (0.3 if s in ('irdepth', 'drivface') else 0.0)
        if s in ('irdepth', 'drivface'):
            i, mask = i[mask.any(1).numpy()], mask[mask.any(1)]
        ok = torch.isfinite(augment.five_points(d.points[i])).all(2).all(1).numpy()
        i, mask = i[ok], mask[torch.from_numpy(ok)]
        if not len(i):
            continue
        one, two, heads, m, found = measure(net, d.images[i], d.points[i])
        if s in ('irdepth', 'drivface'):
            two = nme(found, d.points[i], mask)
        print(f'{s:10s} {len(i):4d} faces  NME one pass {one.mean():.2f}  two passes {two.mean():.2f}  '
              f'over 8 %: {(two > 8).float().mean() * 100:.1f} %')
        both += [(i, two, found)] if s in ('helen', 'afw') else []
    for s in ('stills', 'pointing04', 'ytf'):
        e, truth = pose_error(net, d, d.index(s, True))
        near = (np.abs(truth[:, 0]) <= 60) & (np.abs(truth[:, 1]) <= 30)
        print(f'{s:10s} pose error yaw %.1f pitch %.1f roll %.1f; |yaw|<=60, |pitch|<=30: %.1f %.1f %.1f'
              % (*e.mean(0), *e[near].mean(0)))
    a, b = presence(net, d)
    print(f'presence AUC {auc(a, b):.4f}; faces read as none {(a < 0).mean():.3f}, '
          f'none as face {(b > 0).mean():.3f}')
    if worst_path:
        worst(d, np.concatenate([b[0] for b in both]), torch.cat([b[1] for b in both]),
              torch.cat([b[2] for b in both]), worst_path)


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
