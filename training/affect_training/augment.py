"""Augmentation of face and eye crops, whole batches at once.

Conventions: pictures are float luma 0..255 (N,1,H,W). A crop is described by `m` (N,2,3), the affine map
from crop fractions (0..1, x right, y down) to the source's continuous pixels (the first pixel's centre is
0.5). Points are continuous pixels too: packs in which an integer is a pixel's centre need + 0.5. Random
numbers come from a torch.Generator, so a seed repeats a run.

Typical use:

    m = fit_crop(five_points + detector_noise, EXPRESSION_TEMPLATE)
    m = perturb(m, rng, rotation=15, scale=0.15, shift=0.05, mirror=flip)
    luma, inside = sample(images, m, 64)
    luma, covered = photometric(luma, rng)
    x = normalise.normalise_batch(luma, inside)
"""
import math

import torch
import torch.nn.functional as F

LANDMARK_TEMPLATE = torch.tensor([[.360, .330], [.640, .330], [.500, .490], [.384, .653], [.616, .653]])
EXPRESSION_TEMPLATE = torch.tensor([[.330, .350], [.670, .350], [.500, .544], [.359, .743], [.641, .743]])
BOX_POINTS = torch.tensor([[.30, .42], [.70, .42], [.50, .62], [.35, .80], [.65, .80]])

# iBUG-68 point i of a mirrored picture is point MIRROR_68[i] of the picture.
MIRROR_68 = torch.tensor(list(range(16, -1, -1)) + list(range(26, 16, -1)) + [27, 28, 29, 30]
                         + [35, 34, 33, 32, 31] + [45, 44, 43, 42, 47, 46] + [39, 38, 37, 36, 41, 40]
                         + [54, 53, 52, 51, 50, 49, 48] + [59, 58, 57, 56, 55] + [64, 63, 62, 61, 60]
                         + [67, 66, 65])


# ------------------------------------------------------------------------------------- geometry
def box_of_68(points):
    """x0, y0, x1, y1 as people draw boxes, from one face's (68,2): the width of all points, hairline to chin."""
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    return float(x0), float(y0 - .17 * (y1 - y0)), float(x1), float(y1 + .01 * (y1 - y0))


def five_points(points68):
    """(N,68,2) -> (N,5,2): eyes' means, nose tip, mouth corners; right (picture's left) first."""
    return torch.stack([points68[:, 36:42].mean(1), points68[:, 42:48].mean(1), points68[:, 30],
                        points68[:, 48], points68[:, 54]], 1)


def box_five(box):
    """(N,4) x, y, w, h -> the five points assumed in a face box."""
    return box[:, None, :2] + BOX_POINTS.to(box) * box[:, None, 2:]


def fit_crop(points, template):
    """Least-squares similarity points (N,K,2) -> template (K,2), inverted: the crop's `m` (N,2,3)."""
    t = template.to(points)
    pc, tc = points.mean(1, keepdim=True), t.mean(0)
    p, q = points - pc, t - tc
    norm = (p * p).sum((1, 2)).clamp_min(1e-9)
    a = (p * q).sum((1, 2)) / norm                                      # scale * cos
    b = (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]).sum(1) / norm   # scale * sin
    det = (a * a + b * b).clamp_min(1e-12)
    ia, ib = a / det, -b / det
    rot = torch.stack([torch.stack([ia, -ib], -1), torch.stack([ib, ia], -1)], 1)
    shift = pc[:, 0] - rot @ tc
    return torch.cat([rot, shift[..., None]], 2)


def uniform(rng, n, low, high):
    return torch.rand(n, generator=rng) * (high - low) + low


def perturb(m, rng, rotation=0.0, scale=0.0, shift=0.0, mirror=None, aspect=0.0):
    """Turns (± degrees), scales (factor within 1±scale), shifts (± fraction of the side) crops about their
    middle; `mirror` (bool N) flips them, `aspect` stretches. Each amount is the bound of a uniform draw."""
    n = len(m)
    angle = uniform(rng, n, -rotation, rotation) * (math.pi / 180)
    s = torch.exp(uniform(rng, n, -1, 1) * math.log1p(scale))
    r = torch.exp(uniform(rng, n, -1, 1) * math.log1p(aspect) / 2)
    sx, sy = s * r, s / r
    if mirror is not None:
        sx = torch.where(mirror, -sx, sx)
    c, d = torch.cos(angle), torch.sin(angle)
    lin = torch.stack([torch.stack([c * sx, -d * sy], -1), torch.stack([d * sx, c * sy], -1)], 1)
    centre = torch.full((2,), 0.5)
    off = centre + (torch.rand(n, 2, generator=rng) * 2 - 1) * shift - lin @ centre
    return compose(m, torch.cat([lin, off[..., None]], 2))


def compose(m, p):
    """The map x -> m(p(x)) of two (N,2,3)."""
    lin = m[:, :, :2] @ p[:, :, :2]
    off = (m[:, :, :2] @ p[:, :, 2:]) + m[:, :, 2:]
    return torch.cat([lin, off], 2)


def to_source(points, m):
    """Crop fractions (N,K,2) -> source pixels."""
    return points @ m[:, :, :2].transpose(1, 2) + m[:, None, :, 2]


def to_crop(points, m):
    """Source pixels (N,K,2) -> crop fractions."""
    return (points - m[:, None, :, 2]) @ torch.linalg.inv(m[:, :, :2]).transpose(1, 2)


def sample(images, m, size):
    """Crops (N,1,size,size) of images (N,1,H,W) and `inside` (1: a pixel of the picture).

    As the library does: bilinear, from a copy halved by 2x2 means again and again while the picture is
    more than 1.5 times finer than the crop.
    """
    n, _, h, w = images.shape
    pitch = torch.linalg.det(m[:, :, :2]).abs().sqrt() / size           # source pixels a crop pixel
    level = torch.ceil(torch.log2(pitch / 1.5)).clamp(0, 6).long()
    at = (torch.arange(size, dtype=torch.float32) + 0.5) / size
    gx = m[:, None, None, 0, 0] * at[None, None, :] + m[:, None, None, 0, 1] * at[None, :, None] \
        + m[:, None, None, 0, 2]
    gy = m[:, None, None, 1, 0] * at[None, None, :] + m[:, None, None, 1, 1] * at[None, :, None] \
        + m[:, None, None, 1, 2]
    inside = ((gx >= 0) & (gx < w) & (gy >= 0) & (gy < h)).float()[:, None]
    grid = torch.stack([gx * (2 / w) - 1, gy * (2 / h) - 1], -1)
    out = torch.empty(n, 1, size, size)
    for k in level.unique().tolist():
        pick = level == k
        src = images[pick].float()
        for _ in range(k):
            src = F.avg_pool2d(src, 2)
        # halving drops an odd last row or column: the grid is relative to what is left
        fix = torch.tensor([w / (src.shape[3] << k), h / (src.shape[2] << k)])
        out[pick] = F.grid_sample(src, (grid[pick] + 1) * fix - 1, mode='bilinear', padding_mode='border',
                                  align_corners=False)
    return out, inside


# ----------------------------------------------------------------------------------- photometric
def chosen(rng, n, share):
    return torch.nonzero(torch.rand(n, generator=rng) < share).flatten()


def column(x):
    return x.view(-1, 1, 1, 1)


def tone(x, rng, share=0.7):
    """Gamma, contrast and brightness, now and then clipped or dim with few grey levels."""
    i = chosen(rng, len(x), share)
    n = len(i)
    y = (x[i] / 255).clamp(0, 1) ** column(torch.exp(uniform(rng, n, -0.7, 0.7)))
    gain = torch.exp(uniform(rng, n, -0.7, 0.35))
    dark = torch.rand(n, generator=rng) < 0.15
    gain = torch.where(dark, gain * uniform(rng, n, 0.08, 0.4), gain)
    y = column(gain) * (y - 0.5) + 0.5 * column(gain) + column(uniform(rng, n, -0.1, 0.25) * (~dark))
    return x.index_copy(0, i, torch.floor(y.clamp(0, 1) * 255 + 0.5))


def light(x, rng, share=0.35):
    """Light from one side or a spot: a smooth multiplicative field, with overexposure."""
    i = chosen(rng, len(x), share)
    n, size = len(i), x.shape[-1]
    at = torch.linspace(-1, 1, size)
    angle = uniform(rng, n, 0, 2 * math.pi)
    ramp = column(torch.cos(angle)) * at.view(1, 1, 1, -1) + column(torch.sin(angle)) * at.view(1, 1, -1, 1)
    edge = torch.sigmoid(ramp * column(uniform(rng, n, 0.8, 8)) + column(uniform(rng, n, -2, 2)))
    low = column(uniform(rng, n, 0.15, 0.8))
    field = low + (column(uniform(rng, n, 1.0, 1.8)) - low) * edge
    return x.index_copy(0, i, (x[i] * field).clamp(0, 255))


def infrared(x, rng, share=0.12):
    """Near infrared with a lamp at the camera: bright flat skin, dark surroundings, glints, noise."""
    i = chosen(rng, len(x), share)
    n, size = len(i), x.shape[-1]
    y = (x[i] / 255).clamp(0, 1)
    y = 1 - (1 - y) ** column(uniform(rng, n, 1.2, 3.0))
    at = torch.linspace(-1, 1, size)
    dx = at.view(1, 1, 1, -1) - column(uniform(rng, n, -0.3, 0.3))
    dy = at.view(1, 1, -1, 1) - column(uniform(rng, n, -0.3, 0.3))
    spot = torch.exp(-(dx * dx + dy * dy) * column(uniform(rng, n, 0.2, 1.6)))
    y = y * spot * column(uniform(rng, n, 0.3, 1.4))
    y = y + torch.randn(y.shape, generator=rng) * column(uniform(rng, n, 0.005, 0.05))
    return x.index_copy(0, i, (y.clamp(0, 1) * 255))


def blur(x, rng, share=0.3, largest=1.8):
    """Gaussian or motion blur; sigma up to `largest` pixels of the crop."""
    i = chosen(rng, len(x), share)
    n = len(i)
    if n == 0:
        return x
    r = 4
    at = torch.arange(-r, r + 1, dtype=torch.float32)
    yy, xx = torch.meshgrid(at, at, indexing='ij')
    angle = column(uniform(rng, n, 0, math.pi))
    u, v = xx * torch.cos(angle) + yy * torch.sin(angle), yy * torch.cos(angle) - xx * torch.sin(angle)
    su = uniform(rng, n, 0.3, largest)
    sv = torch.where(torch.rand(n, generator=rng) < 0.3, torch.full((n,), 0.3), su)
    k = torch.exp(-(u / column(su)) ** 2 / 2 - (v / column(sv)) ** 2 / 2)
    k = k / k.sum((2, 3), keepdim=True)
    pad = F.pad(x[i].transpose(0, 1), (r, r, r, r), mode='replicate')
    return x.index_copy(0, i, F.conv2d(pad, k, groups=n).transpose(0, 1))


def coarse(x, rng, share=0.25, smallest=0.3):
    """Fewer pixels: shrunk to `smallest`..0.9 of the side and enlarged again, as a small face is."""
    size = x.shape[-1]
    out = x.clone()
    for part in torch.tensor_split(chosen(rng, len(x), share), 3):
        if len(part):
            small = max(8, int(size * float(uniform(rng, 1, smallest, 0.9))))
            y = F.interpolate(x[part], size=(small, small), mode='area')
            out[part] = F.interpolate(y, size=(size, size), mode='bilinear', align_corners=False)
    return out


def dct_matrix():
    k = torch.arange(8, dtype=torch.float32)
    d = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) * 0.5
    d[0] *= math.sqrt(0.5)
    return d


DCT = dct_matrix()
JPEG_TABLE = torch.tensor([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99.]).view(8, 8)


def jpeg(x, rng, share=0.25):
    """Quantised 8x8 cosine blocks as in JPEG, quality about 15..90, on a grid at a random place."""
    i = chosen(rng, len(x), share)
    n, size = len(i), x.shape[-1]
    if n == 0:
        return x
    dx, dy = (int(v) for v in torch.randint(0, 8, (2,), generator=rng))
    side = (size + 15) // 8 * 8
    y = F.pad(x[i], (dx, side - size - dx, dy, side - size - dy), mode='replicate') if side - size >= 8 else \
        F.pad(x[i], (dx, side + 8 - size - dx, dy, side + 8 - size - dy), mode='replicate')
    h, w = y.shape[2:]
    y = y.view(n, h // 8, 8, w // 8, 8).permute(0, 1, 3, 2, 4) - 128
    quality = uniform(rng, n, 15, 90)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50).view(-1, 1, 1, 1, 1)
    q = (JPEG_TABLE * scale).clamp_min(1)
    c = torch.round((DCT @ y @ DCT.t()) / q) * q
    y = (DCT.t() @ c @ DCT + 128).permute(0, 1, 3, 2, 4).reshape(n, 1, h, w)
    return x.index_copy(0, i, y[:, :, dy:dy + size, dx:dx + size].clamp(0, 255))


def noise(x, rng, share=0.4, largest=14.0):
    """Sensor noise, grain of one pixel or of two, sigma up to `largest` grey levels."""
    i = chosen(rng, len(x), share)
    n, size = len(i), x.shape[-1]
    fine = torch.randn(n, 1, size, size, generator=rng)
    half = (size + 1) // 2
    wide = F.interpolate(torch.randn(n, 1, half, half, generator=rng), scale_factor=2)[..., :size, :size]
    grain = torch.where(column(torch.rand(n, generator=rng) < 0.3), wide, fine)
    amount = column(uniform(rng, n, 0, 1) ** 2 * largest)
    return x.index_copy(0, i, (x[i] + grain * amount).clamp(0, 255))


def shapes(n, size, rng, smallest, largest):
    """Masks (n,1,size,size) of a turned ellipse or rectangle each, half-axes as fractions of the side."""
    at = (torch.arange(size, dtype=torch.float32) + 0.5) / size
    angle = column(uniform(rng, n, 0, math.pi))
    dx = at.view(1, 1, 1, -1) - column(uniform(rng, n, 0.0, 1.0))
    dy = at.view(1, 1, -1, 1) - column(uniform(rng, n, 0.0, 1.0))
    u = (dx * torch.cos(angle) + dy * torch.sin(angle)) / column(uniform(rng, n, smallest, largest))
    v = (dy * torch.cos(angle) - dx * torch.sin(angle)) / column(uniform(rng, n, smallest, largest))
    box = column(torch.rand(n, generator=rng) < 0.5)
    return torch.where(box, torch.maximum(u.abs(), v.abs()) < 1, u * u + v * v < 1).float()


def fillings(y, rng):
    """What covers: another picture of the batch turned over, a plain grey with a ramp, or stripes."""
    n, size = len(y), y.shape[-1]
    other = y[torch.randperm(n, generator=rng)].flip(2)
    at = torch.linspace(-1, 1, size)
    ramp = column(uniform(rng, n, -60, 60)) * at.view(1, 1, 1, -1) + column(uniform(rng, n, -60, 60)) \
        * at.view(1, 1, -1, 1)
    plain = column(uniform(rng, n, 0, 255)) + ramp
    grain = torch.randn(y.shape, generator=rng) * column(uniform(rng, n, 0, 30))
    pick = column(torch.rand(n, generator=rng))
    return torch.where(pick < 0.4, other, torch.where(pick < 0.75, plain, plain + grain)).clamp(0, 255)


def occlude(x, rng, share=0.25, smallest=0.06, largest=0.28):
    """Covers parts; returns (x, covered) with `covered` (N,1,H,W) 1 where something lies over the face."""
    covered = torch.zeros_like(x)
    i = chosen(rng, len(x), share)
    if len(i) == 0:
        return x, covered
    mask = shapes(len(i), x.shape[-1], rng, smallest, largest)
    y = x[i] * (1 - mask) + fillings(x[i], rng) * mask
    covered[i] = mask
    return x.index_copy(0, i, y), covered


def photometric(x, rng, strength=1.0, occlusion=0.25):
    """All of the above in the order a camera does them; returns (luma, covered).

    strength scales how often each effect is drawn (0: none, 1: as a mixed lot of web and cabin pictures).
    """
    x, covered = occlude(x, rng, occlusion)
    x = light(x, rng, 0.3 * strength)
    x = infrared(x, rng, 0.12 * strength)
    x = blur(x, rng, 0.25 * strength)
    x = coarse(x, rng, 0.2 * strength)
    x = tone(x, rng, 0.7 * strength)
    x = noise(x, rng, 0.4 * strength)
    return jpeg(x, rng, 0.2 * strength), covered
