"""Small versions of rendered videos for tests/test_watch.py: python3 make_videos.py VIDEOS OUT

VIDEOS holds NAME.mp4 and NAME.json.gz as the renderer of training pictures writes them. Writes OUT/NAME.avi,
an excerpt of 320x240 grey MJPEG frames, and OUT/NAME.json, its truth: the events, shifted and cut.
"""
import gzip
import json
import pathlib
import struct
import sys

import cv2

QUALITY = 38
# Excerpts in seconds.
PARTS = {'alert': (5.3, 10.3), 'drowsy': (8.6, 12.6), 'distracted': (5.0, 10.3), 'pair': (1.7, 9.0)}


def chunk(name, body):
    """One RIFF chunk."""
    return name + struct.pack('<I', len(body)) + body + b'\0' * (len(body) & 1)


def avi(frames, width, height, rate):
    """An AVI file of JPEG frames."""
    header = struct.pack('<14I', 1000000 // rate, 0, 0, 0x10, len(frames), 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = b'vidsMJPG' + struct.pack('<10I', 0, 0, 0, 1, rate, 0, len(frames), 0, 0xFFFFFFFF, 0) + bytes(8)
    form = struct.pack('<IIIHH4s5I', 40, width, height, 1, 24, b'MJPG', width * height * 3, 0, 0, 0, 0)
    stream_list = chunk(b'LIST', b'strl' + chunk(b'strh', stream) + chunk(b'strf', form))
    head = chunk(b'LIST', b'hdrl' + chunk(b'avih', header) + stream_list)
    body, index, at = b'movi', b'', 4
    for frame in frames:
        piece = chunk(b'00dc', frame)
        index += b'00dc' + struct.pack('<3I', 0x10, at, len(frame))
        body += piece
        at += len(piece)
    return chunk(b'RIFF', b'AVI ' + head + chunk(b'LIST', body) + chunk(b'idx1', index))


def main():
    """Every excerpt."""
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for name, (start, end) in PARTS.items():
        film = cv2.VideoCapture(str(source / f'{name}.mp4'))
        rate = round(film.get(cv2.CAP_PROP_FPS))
        frames = []
        for i in range(round(end * rate)):
            good, frame = film.read()
            if good and i >= round(start * rate):
                grey = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (320, 240), interpolation=cv2.INTER_AREA)
                frames.append(cv2.imencode('.jpg', grey, [cv2.IMWRITE_JPEG_QUALITY, QUALITY,
                                                          cv2.IMWRITE_JPEG_OPTIMIZE, 1])[1].tobytes())
        (out / f'{name}.avi').write_bytes(avi(frames, 320, 240, rate))
        with gzip.open(source / f'{name}.json.gz', 'rt') as file:
            truth = json.load(file)
        people = [[{'event': e['event'], 'start': round(e['start'] - start, 2), 'end': round(e['end'] - start, 2)}
                   for e in marks if e['start'] >= start and e['end'] <= end] for marks in truth['events']]
        lines = ',\n '.join(json.dumps(marks) for marks in people)
        (out / f'{name}.json').write_text(f'{{"fps": {rate}, "frames": {len(frames)}, "events": [\n {lines}]}}\n')


if __name__ == '__main__':
    main()
