"""Tests of affect.py: AFFECT_LIBRARY=libaffect.so python3 test_affect.py LAYOUT. Prints TAP.

LAYOUT is the program made from tests/layout.c, which says where the C compiler put every field.
"""
import ctypes
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print('1..0 # SKIP no NumPy here')
    sys.exit(0)

import affect

EVERYTHING = ('landmarks', 'pose', 'eyes', 'expressions')
STRUCTS = {'affect_image': affect.CImage, 'affect_options': affect.COptions, 'affect_box': affect.CBox,
           'affect_eye': affect.CEye, 'affect_face': affect.CFace}


def picture(height=96, width=128):
    """A grey pattern in which nobody is."""
    y, x = np.mgrid[:height, :width]
    return ((3 * x + 5 * y) % 256).astype(np.uint8)


def layout_is_the_compilers():
    """Every field where C has it."""
    lines = subprocess.run([sys.argv[1]], capture_output=True, check=True, text=True).stdout.splitlines()
    assert len(lines) > 40
    for line in lines:
        name, offset, size = line.split()
        struct, _, field = name.partition('.')
        if field:
            found = getattr(STRUCTS[struct], field)
            assert (found.offset, found.size) == (int(offset), int(size)), line
        else:
            assert ctypes.sizeof(STRUCTS[struct]) == int(size), line


def given_boxes_come_back():
    """One face a box, whatever is in it; what was asked for is there or None."""
    boxes = [(20, 10, 60, 70), (5.5, 5, 30, 40)]
    with affect.Reader(EVERYTHING) as reader:
        faces = reader.read(picture(), boxes=boxes)
    assert [face.box for face in faces] == boxes and all(face.score == 1 for face in faces)
    for face in faces:
        assert face.emotions is None
        assert face.landmarks is None or face.landmarks.shape == (68, 2)
        assert face.expressions is None or len(face.expressions) == 20 and 'smile' in face.expressions


def formats_agree():
    """Grey, colour of equal channels, either order, 16 bits and strided rows read the same."""
    grey = picture()
    wide = np.zeros((96, 200, 3), np.uint8)
    wide[:, :128] = grey[..., None]
    pictures = [grey, np.repeat(grey[..., None], 3, 2), np.repeat(grey[..., None], 4, 2), wide[:, :128],
                grey.astype(np.uint16) * 257, np.asfortranarray(grey), grey[::-1].copy()[::-1]]
    with affect.Reader(EVERYTHING) as reader:
        readings = [reader.read(p, boxes=[(20, 10, 60, 70)], bgr=bgr) for p in pictures for bgr in (False, True)]
    assert all(repr(reading) == repr(readings[0]) for reading in readings)


def searching_works():
    """Nothing is found in nothing."""
    with affect.Reader(detect_size=128, max_faces=3) as reader:
        assert reader.read(np.full((48, 64), 128, np.uint8)) == []


def an_eye():
    """An eye crop has an opening."""
    with affect.Reader() as reader:
        eye = reader.read_eye(picture(32, 32))
    assert eye is None or 0 <= eye.open <= 1.5


def errors_are_exceptions():
    """Bad arguments raise."""
    for make, kind in ((lambda: affect.Reader(detect_size=1), affect.Error), (lambda: affect.Reader(x=1), TypeError),
                       (lambda: affect.Reader(('age',)), KeyError),
                       (lambda: affect.Reader().read(np.zeros((4, 4))), TypeError),
                       (lambda: affect.Reader().read(picture(), boxes=[(0, 0, -1, 5)]), affect.Error)):
        try:
            make()
        except kind:
            continue
        raise AssertionError(f'no {kind.__name__}')


def main():
    """Runs every test."""
    tests = [layout_is_the_compilers, given_boxes_come_back, formats_agree, searching_works, an_eye,
             errors_are_exceptions]
    failed = 0
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace('_', ' ')
        try:
            test()
            print(f'ok {number} - {name}', flush=True)
        except Exception as error:  # one broken test must not hide the others
            failed += 1
            print(f'not ok {number} - {name}\n# {type(error).__name__}: {error}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
