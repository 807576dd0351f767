"""SCRFD (InsightFace, as ONNX) by ONNX Runtime, one thread: for measuring beside us and for labels."""
import cv2
import numpy as np
import onnxruntime


def shrunk(bgr, longest):
    """The picture with at most so many pixels on its longer side, and the factor."""
    k = min(1, longest / max(bgr.shape[:2]))
    return (cv2.resize(bgr, None, fx=k, fy=k, interpolation=cv2.INTER_AREA) if k < 1 else bgr), k


class Scrfd:
    """Heads of strides 8, 16, 32, two anchors a cell: score, four edges, five points; a square of fixed size.

    Gives (N, 15): x0 y0 x1 y1, score from `least` on, five points.
    """

    SIDE = 640

    def __init__(self, path, least):
        self.least = least
        o = onnxruntime.SessionOptions()
        o.intra_op_num_threads, o.inter_op_num_threads = 1, 1
        self.net = onnxruntime.InferenceSession(path, o, providers=['CPUExecutionProvider'])

    def __call__(self, bgr):
        small, k = shrunk(bgr, self.SIDE)
        padded = np.zeros((self.SIDE, self.SIDE, 3), np.uint8)
        padded[:small.shape[0], :small.shape[1]] = small
        out = self.net.run(None, {'images': cv2.dnn.blobFromImage(padded, 1 / 128, None, (127.5,) * 3, swapRB=True)})
        rows = []
        for level, stride in enumerate((8, 16, 32)):
            score, edges, points = (out[level + 3 * j].reshape(-1, n) for j, n in enumerate((1, 4, 10)))
            i = np.flatnonzero(score[:, 0] > self.least)
            cell = i // 2
            centre = np.stack([cell % (self.SIDE // stride), cell // (self.SIDE // stride)], 1) * stride
            e, p = edges[i] * stride, points[i] * stride
            rows.append(np.concatenate([centre - e[:, :2], centre + e[:, 2:], score[i], p + np.tile(centre, 5)], 1))
        rows = np.concatenate(rows)
        keep = cv2.dnn.NMSBoxes(np.concatenate([rows[:, :2], rows[:, 2:4] - rows[:, :2]], 1).tolist(),
                                rows[:, 4].tolist(), self.least, 0.4)
        rows = rows[np.asarray(keep, int).ravel()]
        rows[:, :4], rows[:, 5:] = rows[:, :4] / k, rows[:, 5:] / k
        return rows
