"""Writes the vectors for the contrast table from the trainer's definition.

    PYTHONPATH=training python tests/data/make_contrast_vectors.py > tests/data/contrast_vectors.h
"""
import numpy as np

from affect_training import normalise


def histograms():
    """A list of (name, uint32[256])."""
    rng = np.random.default_rng(7)
    v = np.arange(256)
    h = lambda *pairs: np.bincount([p[0] for p in pairs], [p[1] for p in pairs], 256).astype(np.int64)
    bell = lambda mean, dev, n: np.round(n * np.exp(-.5 * ((v - mean) / dev) ** 2) / dev / 2.5066).astype(np.int64)
    return [
        ('empty', h((0, 0))),
        ('one black pixel', h((0, 1))),
        ('one white pixel', h((255, 1))),
        ('flat grey', h((100, 4096))),
        ('two levels', h((99, 300), (101, 301))),
        ('the extremes', h((0, 5000), (255, 4000))),
        ('just below the halving', h((10, 2 ** 19), (200, 2 ** 19 - 1))),
        ('just at the halving', h((10, 2 ** 19), (200, 2 ** 19))),
        ('halved to nothing', h(*((i, 2 ** 24 - 1) for i in range(0, 256, 3)))),
        ('the largest counts', h((3, 2 ** 32 - 1), (250, 2 ** 32 - 1), (251, 1))),
        ('dark, narrow', bell(12, 3.9, 40000)),
        ('ordinary', bell(120, 50, 9216)),
        ('bright, noisy', bell(230, 30, 3000) + rng.integers(0, 20, 256)),
        # where the rounding of the mean decides an entry
        ('the mean rounds up', h((97, 25), (98, 45))),
        ('the mean rounds up, wider', h((25, 4), (73, 27), (161, 32))),
        ('large and even', np.full(256, 70000) + rng.integers(0, 1000, 256)),
    ]


def main():
    print('/* Written by tests/data/make_contrast_vectors.py. */')
    print('static const struct {\n    const char *name;\n    uint32_t histogram[256];\n    uint8_t table[256];\n}'
          ' contrast_vectors[] = {')
    for name, hist in histograms():
        parts = ['[%d] = %du' % (i, n) for i, n in enumerate(hist) if n]
        print('    {"%s",\n     {%s},\n     {%s}},' % (
            name, wrap(parts or ['0']), wrap([str(t) for t in normalise.table(hist)])))
    print('};')


def wrap(items):
    """Comma-separated lines of at most 100 columns."""
    lines, line = [], ''
    for item in items:
        if len(line) + len(item) > 90:
            lines.append(line)
            line = ''
        line += item + ', '
    return '\n      '.join(x.rstrip() for x in lines + [line]).rstrip(',')


if __name__ == '__main__':
    main()
