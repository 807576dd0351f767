"""Times YuNet in ONNX Runtime and in OpenCV beside our detector: one run, one thread, taking turns.

    python3 bench/peers/peers.py YUNET.onnx LIBAFFECT.so [--rounds N] [--cpu BITS] [--picture FILE]

YUNET.onnx: OpenCV's face_detection_yunet_2023mar.onnx or one like it. LIBAFFECT.so: the shared library, as
`meson setup build -Ddefault_library=shared` makes it. The first run makes a virtual environment of its own in
bench/peers/venv with pip (onnxruntime, opencv-python-headless, numpy). Frames are 640x480. Rows:

  ONNX Runtime   the network alone, float, on a blob that is ready
  OpenCV DNN     the network alone, likewise
  OpenCV YuNet   FaceDetectorYN: blob, network, boxes, non-maximum suppression
  libaffect      affect_read without further signals: colour pixels to boxes and five points,
                 the binding's part included

so ours does more than the first two. Every round runs each once; printed are the minimum and the median of the
rounds in processor time, which other work on the machine disturbs least, how many times as long as ours each takes
(minimum by minimum, median by median), and the minimum by the clock on the wall.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, 'venv')
PACKAGES = ['numpy', 'onnxruntime', 'opencv-python-headless']
WIDTH, HEIGHT = 640, 480


def enter_environment():
    """Goes on in the virtual environment, which is made first where there is none."""
    python = os.path.join(VENV, 'bin', 'python')
    if os.path.abspath(sys.prefix) == VENV:
        return
    if not os.path.exists(os.path.join(VENV, 'ready')):
        subprocess.run([sys.executable, '-m', 'venv', VENV], check=True)
        subprocess.run([python, '-m', 'pip', 'install', '--quiet', *PACKAGES], check=True)
        with open(os.path.join(VENV, 'ready'), 'w', encoding='utf-8'):
            pass
    os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])


def onnx_runtime(model, frame):
    """One call of the network by ONNX Runtime."""
    import numpy
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
    put = session.get_inputs()[0]
    height, width = (n if isinstance(n, int) else m for n, m in zip(put.shape[2:], (HEIGHT, WIDTH)))
    if (height, width) != (HEIGHT, WIDTH):
        import cv2
        print('note: this file has a fixed input of %dx%d; ONNX Runtime is timed at that size' % (width, height))
        frame = cv2.resize(frame, (width, height))
    blob = numpy.ascontiguousarray(frame.transpose(2, 0, 1)[None].astype(numpy.float32))
    return lambda: session.run(None, {put.name: blob})


def opencv_network(model, frame):
    """One call of the network by OpenCV."""
    import cv2
    net = cv2.dnn.readNetFromONNX(model)
    names = net.getUnconnectedOutLayersNames()
    blob = cv2.dnn.blobFromImage(frame)

    def run():
        net.setInput(blob)
        return net.forward(names)
    return run


def opencv_detector(model, frame):
    """One call of OpenCV's detector."""
    import cv2
    detector = cv2.FaceDetectorYN.create(model, '', (WIDTH, HEIGHT), 0.6)
    return lambda: detector.detect(frame)


def affect(library, frame, cpu):
    """One affect_read that only looks for faces, by the Python binding."""
    sys.path.insert(0, os.path.join(HERE, '..', '..', 'examples', 'python'))
    import affect as binding
    options = {} if cpu is None else {'cpu': cpu}
    reader = binding.Reader(signals=(), library=os.path.abspath(library), **options)
    return lambda: reader.read(frame, bgr=True)


def load_frame(path):
    """The picture on a grey frame, reduced to fit."""
    import cv2
    import numpy
    picture = cv2.imread(path)
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0], 1)
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = numpy.full((HEIGHT, WIDTH, 3), 96, numpy.uint8)
    frame[:picture.shape[0], :picture.shape[1]] = picture
    return frame


def measure(calls, rounds):
    """Milliseconds of each call in each round: of the processor, of the clock."""
    times = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(3):
            call()
    for _ in range(rounds):
        for name, call in calls.items():
            start, used = time.perf_counter(), time.process_time()
            call()
            used, end = time.process_time() - used, time.perf_counter()
            times[name].append((1000 * used, 1000 * (end - start)))
    return times


def print_table(times):
    """Minimum, median and how many times ours."""
    ours = [used for used, _ in times['libaffect']]
    print('| one thread, 640x480 | min ms | median ms | min / ours | median / ours | min ms by the clock |\n'
          '|---|---|---|---|---|---|')
    for name, row in times.items():
        used = [pair[0] for pair in row]
        print('| %-12s | %6.2f | %6.2f | %5.2fx | %5.2fx | %6.2f |' % (
            name, min(used), statistics.median(used), min(used) / min(ours),
            statistics.median(used) / statistics.median(ours), min(pair[1] for pair in row)))


def main():
    """Makes the calls, lets them take turns, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('yunet')
    parser.add_argument('library')
    parser.add_argument('--rounds', type=int, default=200)
    parser.add_argument('--cpu', type=lambda text: int(text, 0), help='back ends of ours, bits of affect_cpu')
    parser.add_argument('--picture', default=os.path.join(HERE, '..', '..', 'examples', 'pictures', 'portrait.jpg'))
    arguments = parser.parse_args()
    enter_environment()
    import cv2
    cv2.setNumThreads(1)
    frame = load_frame(arguments.picture)
    makers = {
        'libaffect': lambda: affect(arguments.library, frame, arguments.cpu),
        'ONNX Runtime': lambda: onnx_runtime(arguments.yunet, frame),
        'OpenCV DNN': lambda: opencv_network(arguments.yunet, frame),
        'OpenCV YuNet': lambda: opencv_detector(arguments.yunet, frame),
    }
    calls = {}
    for name, make in makers.items():
        try:
            calls[name] = make()
            calls[name]()
        except Exception as error:  # a peer that cannot read the file is left out, and said so
            calls.pop(name, None)
            print('left out: %s: %s' % (name, str(error).strip().splitlines()[-1]))
    if 'libaffect' not in calls:
        return 1
    print_table(measure(calls, arguments.rounds))
    return 0


if __name__ == '__main__':
    sys.exit(main())
