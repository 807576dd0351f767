"""libaffect from Python: one file, ctypes and NumPy.

    import affect
    with affect.Reader(signals=('landmarks', 'pose', 'eyes', 'expressions')) as reader:
        for face in reader.read(rgb):           # height x width x 3, uint8
            print(face.box, face.pose, face.expressions)

The shared library is found by the environment variable AFFECT_LIBRARY, else in the build folders of this
repository (meson setup build -Ddefault_library=both), else where the system keeps its libraries. What was not
measured is None. Angles are degrees, coordinates pixels, scores 0..1: include/affect/affect.h says it all.
"""
import ctypes
import ctypes.util
import glob
import math
import os
from ctypes import POINTER, Structure, byref, c_char_p, c_float, c_int32, c_int64, c_size_t, c_uint32, c_void_p
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

LANDMARKS, POSE, EYES, EXPRESSIONS, EMOTIONS, STATE = (1 << i for i in range(6))
STILL = -2 ** 63
LANDMARK_COUNT, EXPRESSION_COUNT, EMOTION_COUNT = 68, 20, 8
GREY, RGB, BGR, RGBA, BGRA = range(1, 6)
GREY10, GREY12, GREY16 = range(10, 13)


class CImage(Structure):
    """affect_image"""
    _fields_ = [('size', c_size_t), ('planes', c_void_p * 3), ('strides', ctypes.c_ssize_t * 3),
                ('width', c_int32), ('height', c_int32), ('format', ctypes.c_int), ('rotation', c_int32),
                ('mirror', c_int32), ('roi_x', c_int32), ('roi_y', c_int32), ('roi_width', c_int32),
                ('roi_height', c_int32)]


class CAllocator(Structure):
    """affect_allocator"""
    _fields_ = [('allocate', c_void_p), ('release', c_void_p), ('context', c_void_p)]


class CContainer(Structure):
    """affect_container"""
    _fields_ = [('data', c_void_p), ('size', c_size_t)]


class CBox(Structure):
    """affect_box"""
    _fields_ = [(name, c_float) for name in ('x', 'y', 'width', 'height')]


class CTimeOptions(Structure):
    """affect_time_options"""
    _fields_ = [(name, c_float) for name in (
        'detect_every lost_after leave_after gap long_closure microsleep sleep unresponsive '
        'closed_below perclos_window yawn long_distraction short_distraction short_window '
        'phone_look phone_pitch forward_yaw forward_pitch forward_half_width '
        'forward_half_height tired_from drowsy_from mutual_gaze shared_smile '
        'looking_at_occupant').split()] + [
            ('seat_count', c_int32), ('seats', CBox * 8)]


class COptions(Structure):
    """affect_options"""
    _fields_ = [('size', c_size_t), ('signals', c_uint32), ('cpu', c_uint32), ('detect_size', c_int32),
                ('threshold', c_float), ('overlap', c_float), ('min_face', c_float), ('max_faces', c_int32),
                ('focal_length', c_float), ('smoothing', c_float), ('allocator', CAllocator),
                ('models', CContainer * 4), ('time', CTimeOptions), ('max_looks', c_int32)]


class CPoint(Structure):
    """affect_point"""
    _fields_ = [('x', c_float), ('y', c_float)]


class CEye(Structure):
    """affect_eye"""
    _fields_ = [('open', c_float), ('closed', c_float), ('iris', CPoint), ('gaze_yaw', c_float),
                ('gaze_pitch', c_float), ('confidence', c_float)]


class CFace(Structure):
    """affect_face, up to the state, which is not read here."""
    _fields_ = [('measured', c_uint32), ('track', c_uint32), ('seat', c_int32), ('box', CBox),
                ('score', c_float), ('points', CPoint * 5), ('landmarks', CPoint * LANDMARK_COUNT),
                ('visibility', c_float * LANDMARK_COUNT), ('presence', c_float), ('inter_ocular', c_float),
                ('yaw', c_float), ('pitch', c_float), ('roll', c_float), ('pose_confidence', c_float),
                ('translation', c_float * 3), ('right_eye', CEye), ('left_eye', CEye), ('gaze_yaw', c_float),
                ('gaze_pitch', c_float), ('gaze_confidence', c_float),
                ('expressions', c_float * EXPRESSION_COUNT), ('emotions', c_float * EMOTION_COUNT),
                ('valence', c_float), ('arousal', c_float), ('confidence', c_float)]


@dataclass
class Eye:
    """One eye. open: 0 closed .. 1 as open as is usual."""
    open: float
    closed: Optional[float]
    iris: Optional[Tuple[float, float]]
    gaze: Optional[Tuple[float, float]]
    confidence: Optional[float]


@dataclass
class Face:
    """One face. box: x, y, width, height. pose: yaw, pitch, roll. gaze: yaw, pitch."""
    box: Tuple[float, float, float, float]
    score: float
    points: Optional[np.ndarray]
    landmarks: Optional[np.ndarray]
    visibility: Optional[np.ndarray]
    presence: Optional[float]
    pose: Optional[Tuple[float, float, float]]
    right_eye: Optional[Eye]
    left_eye: Optional[Eye]
    gaze: Optional[Tuple[float, float]]
    expressions: Optional[Dict[str, float]]
    emotions: Optional[Dict[str, float]]
    valence: Optional[float]
    arousal: Optional[float]
    confidence: Optional[float]


class Error(Exception):
    """What the library answered instead of AFFECT_OK; `status` is its number."""

    def __init__(self, library, status):
        super().__init__(library.affect_status_text(status).decode())
        self.status = status


def find_library():
    """The path of the shared library."""
    given = os.environ.get('AFFECT_LIBRARY')
    if given:
        return given
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    built = sorted(glob.glob(os.path.join(root, 'build*', 'lib', 'libaffect.so')))
    found = built[0] if built else ctypes.util.find_library('affect')
    if not found:
        raise OSError('libaffect is not found: build it with -Ddefault_library=both, or set AFFECT_LIBRARY')
    return found


def load_library(path=None):
    """Loads the library and says which types its functions take."""
    library = ctypes.CDLL(path or find_library())
    version = library.affect_version_number
    version.restype = c_uint32
    if version() >= 1000000:
        raise OSError('this file knows libaffect 0.x only')
    for name, result, arguments in [
            ('affect_version', c_char_p, []), ('affect_status_text', c_char_p, [ctypes.c_int]),
            ('affect_signal_name', c_char_p, [c_uint32]), ('affect_expression_name', c_char_p, [c_uint32]),
            ('affect_emotion_name', c_char_p, [c_uint32]),
            ('affect_options_init', None, [POINTER(COptions)]),
            ('affect_image_init', None, [POINTER(CImage), ctypes.c_int, c_void_p, c_int32, c_int32,
                                         ctypes.c_ssize_t]),
            ('affect_open', ctypes.c_int, [POINTER(c_void_p), POINTER(COptions)]),
            ('affect_close', None, [c_void_p]), ('affect_reset', ctypes.c_int, [c_void_p]),
            ('affect_read', ctypes.c_int, [c_void_p, POINTER(CImage), c_int64, POINTER(c_void_p)]),
            ('affect_read_boxes', ctypes.c_int, [c_void_p, POINTER(CImage), c_int64, POINTER(CBox), c_uint32,
                                                 POINTER(c_void_p)]),
            ('affect_read_eye', ctypes.c_int, [c_void_p, POINTER(CImage), c_int32, POINTER(CEye)]),
            ('affect_reading_face_count', c_uint32, [c_void_p]),
            ('affect_reading_face', POINTER(CFace), [c_void_p, c_uint32])]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _known(value):
    """A number, or None for NaN."""
    return None if math.isnan(value) else value


def _tuple(*values):
    """A tuple, or None when a value is unknown."""
    return None if any(math.isnan(value) for value in values) else values


def _points(array):
    """C points as an n x 2 array of our own, None when unknown."""
    points = np.frombuffer(array, np.float32).reshape(-1, 2).copy()
    return None if np.isnan(points).any() else points


def _eye(eye):
    """A Python eye from a C one, None when unknown."""
    if math.isnan(eye.open):
        return None
    return Eye(eye.open, _known(eye.closed), _tuple(eye.iris.x, eye.iris.y),
               _tuple(eye.gaze_yaw, eye.gaze_pitch), _known(eye.confidence))


class Reader:
    """Reads faces. One reader belongs to one thread at a time.

    signals: names out of landmarks, pose, eyes, expressions, emotions, state. Other options are the fields of
    affect_options, by name: detect_size=320, threshold=0.6, max_faces=1 …
    """

    def __init__(self, signals=('landmarks', 'pose', 'eyes'), library=None, **options):
        self._handle = c_void_p()
        self._library = lib = load_library(library)
        settings = COptions()
        lib.affect_options_init(byref(settings))
        if settings.size != ctypes.sizeof(COptions):
            raise OSError('this file was written for another libaffect')
        bits = {lib.affect_signal_name(1 << i).decode(): 1 << i for i in range(7)}
        settings.signals = sum(bits[name] for name in set(signals))
        for name, value in options.items():
            if name not in ('cpu', 'detect_size', 'threshold', 'overlap', 'min_face', 'max_faces',
                            'max_looks', 'focal_length', 'smoothing'):
                raise TypeError(f'no option {name}')
            setattr(settings, name, value)
        self._names = [[name(i).decode() for i in range(count)] for name, count in
                       ((lib.affect_expression_name, EXPRESSION_COUNT),
                        (lib.affect_emotion_name, EMOTION_COUNT))]
        self._check(lib.affect_open(byref(self._handle), byref(settings)))

    def _check(self, status):
        if status != 0:
            raise Error(self._library, status)

    def close(self):
        """Frees the handle; safe to call twice."""
        if self._handle:
            self._library.affect_close(self._handle)
            self._handle = c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def reset(self):
        """Forgets everything learnt over time."""
        self._check(self._library.affect_reset(self._handle))

    def read(self, picture, time_us=STILL, boxes=None, bgr=False, rotation=0, mirror=False) -> List[Face]:
        """Faces of a picture: height x width (grey, uint8 or uint16), or x 3 or x 4 (uint8).

        boxes: n x 4 (x, y, width, height) of faces already found; then nothing is searched.
        """
        image, keep = self._image(picture, bgr, rotation, mirror)
        reading = c_void_p()
        if boxes is None:
            self._check(self._library.affect_read(self._handle, byref(image), time_us, byref(reading)))
        else:
            list_of = [CBox(*map(float, box)) for box in boxes]
            given = (CBox * max(1, len(list_of)))(*list_of)
            self._check(self._library.affect_read_boxes(self._handle, byref(image), time_us, given,
                                                        len(list_of), byref(reading)))
        del keep
        count = self._library.affect_reading_face_count(reading)
        return [self._face(self._library.affect_reading_face(reading, i).contents) for i in range(count)]

    def read_eye(self, picture, right=False, bgr=False) -> Optional[Eye]:
        """A picture that is one eye."""
        image, keep = self._image(picture, bgr, 0, False)
        eye = CEye()
        self._check(self._library.affect_read_eye(self._handle, byref(image), int(right), byref(eye)))
        del keep
        return _eye(eye)

    def _image(self, picture, bgr, rotation, mirror):
        """The C image and the array whose memory it points into. Any row stride is taken as it is."""
        array = np.asarray(picture)
        channels = array.shape[2] if array.ndim == 3 else 1
        formats = {(np.dtype(np.uint8), 1): GREY, (np.dtype(np.uint16), 1): GREY16,
                   (np.dtype(np.uint8), 3): BGR if bgr else RGB, (np.dtype(np.uint8), 4): BGRA if bgr else RGBA}
        if array.ndim not in (2, 3) or (array.dtype, channels) not in formats:
            raise TypeError('a picture is height x width (uint8 or uint16) or height x width x 3 or 4 (uint8)')
        packed = array.strides[1] == channels * array.itemsize and (
            array.ndim == 2 or array.strides[2] == array.itemsize)
        if not packed:
            array = np.ascontiguousarray(array)
        image = CImage()
        self._library.affect_image_init(byref(image), formats[array.dtype, channels], array.ctypes.data,
                                        array.shape[1], array.shape[0], array.strides[0])
        image.rotation, image.mirror = rotation, int(mirror)
        return image, array

    def _face(self, c) -> Face:
        """Copies a face out of the library's memory."""
        has = c.measured
        expressions, emotions = self._names
        shown = has & (EXPRESSIONS | EMOTIONS)
        return Face(
            box=(c.box.x, c.box.y, c.box.width, c.box.height), score=c.score, points=_points(c.points),
            landmarks=_points(c.landmarks) if has & LANDMARKS else None,
            visibility=np.array(c.visibility, np.float32) if has & LANDMARKS else None,
            presence=_known(c.presence), pose=_tuple(c.yaw, c.pitch, c.roll) if has & POSE else None,
            right_eye=_eye(c.right_eye) if has & EYES else None,
            left_eye=_eye(c.left_eye) if has & EYES else None,
            gaze=_tuple(c.gaze_yaw, c.gaze_pitch) if has & EYES else None,
            expressions=dict(zip(expressions, c.expressions)) if has & EXPRESSIONS else None,
            emotions=dict(zip(emotions, c.emotions)) if has & EMOTIONS else None,
            valence=_known(c.valence) if has & EMOTIONS else None,
            arousal=_known(c.arousal) if has & EMOTIONS else None,
            confidence=_known(c.confidence) if shown else None)


def main():
    """Reads pictures that are .npy files."""
    import sys
    with Reader(signals=('landmarks', 'pose', 'eyes', 'expressions')) as reader:
        for path in sys.argv[1:]:
            for face in reader.read(np.load(path)):
                print(path, face.box, face.pose)


if __name__ == '__main__':
    main()
