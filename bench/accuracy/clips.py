"""Blinks and yawns in clips of real people: `affect watch --json` against clips.json.

    python3 clips.py --tool build/examples/affect/affect --clips DIR [--truth clips.json] [TOOL OPTION...]

DIR holds what clips.json names, as OWNER/NAME/PATH; clips that are not there are left out and said.
OpenCV decodes them to grey. A found event that touches one of the truth's (0.1 s of slack) is right; one
that only touches an `either` is ignored. Prints a line a clip and the sums.
"""
import argparse
import json
import pathlib
import sys

import cv2

from films import CLOSURES, add, f1, intervals, match, overlap, total_f1, watch

SLACK = 0.1


def seconds(ranges, rate):
    """Frames [first, last] as times at which the first begins and the last ends."""
    return [(first / rate, (last + 1) / rate) for first, last in ranges]


def score(found, wanted, either):
    """(pairs, false, missed); what is found in an `either` does not count."""
    pairs, false, missed = match(found, wanted, SLACK)
    return pairs, [g for g in false if not any(overlap(g, e, SLACK) for e in either)], missed


def shown(times):
    """Times as text."""
    return ' '.join(f'{start:.1f}-{end:.1f}' for start, end in times) or 'none'


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--tool', required=True)
    parser.add_argument('--clips', type=pathlib.Path, required=True)
    parser.add_argument('--truth', type=pathlib.Path, default=pathlib.Path(__file__).parent / 'clips.json')
    known, options = parser.parse_known_args()
    sums = {'blinks': [0, 0, 0], 'yawns': [0, 0, 0]}
    sleeps, tracks = 0, 0
    for name, truth in json.loads(known.truth.read_text())['clips'].items():
        path = known.clips / name
        if not path.exists():
            print(f'{name}: not there', file=sys.stderr)
            continue
        rate = cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS)
        frames, _ = watch(known.tool, path, options, False)
        events = [event for frame in frames for event in frame['events']]
        either = seconds(truth.get('either', []), rate)
        text = []
        for kind, types in (('blinks', ('blink', 'long_closure')), ('yawns', ('yawn',))):
            if truth[kind] is None:
                continue
            result = score(intervals(events, types), seconds(truth[kind], rate), either if kind == 'blinks' else [])
            add(sums[kind], result)
            text.append(f'{kind} F1 {f1(*result):.2f} ({len(result[0])} found, missed {shown(result[2])}, '
                        f'false {shown(result[1])})')
        asleep = [g for g in intervals(events, CLOSURES)
                  if not any(overlap(g, e, SLACK) for e in either)]
        sleeps += len(asleep)
        numbers = {face['track'] for frame in frames for face in frame['faces'] if 'track' in face}
        tracks += max(0, len(numbers) - 1)
        print(f'{name}: {"; ".join(text)}; false microsleeps {shown(asleep)}; tracks {len(numbers)}', flush=True)
    for kind, counts in sums.items():
        print(f'all: {kind} F1 {total_f1(counts):.3f} ({counts[0]} found, {counts[1]} false, {counts[2]} missed)')
    print(f'     false microsleeps {sleeps}, tracks beyond one a clip {tracks}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
