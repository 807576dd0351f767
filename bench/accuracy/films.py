"""How well events over time are found: `affect watch --json` against rendered videos' truth.

    python3 films.py --tool build/examples/affect/affect [--truth DIR] [--twice] VIDEO...

VIDEO: .y4m or Motion JPEG .avi files (or what OpenCV decodes, to grey for the tool); the truth of
`NAME.*` is DIR/NAME.json or DIR/NAME.json.gz (beside the video without --truth), as the renderer writes
it: events with start and end in seconds for each person, and for each frame the faces' landmarks and
openness. Prints one table a video and the sums that docs/time.md quotes; --twice reads each video again
and compares the bytes. Closures are one event in the truth; a milder alarm that a graver one took over
is not counted as false.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import sys

CLOSURES = ('microsleep', 'sleep', 'unresponsive')
AWAY = ('long_distraction', 'phone_look')


def load_truth(folder, name):
    """The truth of one video."""
    plain, packed = folder / f'{name}.json', folder / f'{name}.json.gz'
    if packed.exists():
        with gzip.open(packed, 'rt') as file:
            return json.load(file)
    return json.loads(plain.read_text())


def y4m_of(path):
    """Decodes a video with OpenCV to a grey YUV4MPEG2 stream in memory."""
    import cv2
    film = cv2.VideoCapture(str(path))
    rate = film.get(cv2.CAP_PROP_FPS)
    frames = []
    while True:
        good, frame = film.read()
        if not good:
            break
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
    height, width = frames[0].shape
    head = f'YUV4MPEG2 W{width} H{height} F{round(rate * 1000)}:1000 Ip Cmono\n'.encode()
    return head + b''.join(b'FRAME\n' + frame.tobytes() for frame in frames)


def motion_jpeg(path):
    """Whether the tool reads this AVI file itself."""
    with open(path, 'rb') as file:
        return b'MJPG' in file.read(4096)


def watch(tool, path, options, twice):
    """Runs the tool; returns one object a frame, and whether a second run gave the same bytes."""
    film = path.read_bytes() if path.suffix == '.y4m' or motion_jpeg(path) else y4m_of(path)

    def run(*more):
        command = [tool, 'watch', '--json', *more, *options, '-']
        return subprocess.run(command, input=film, capture_output=True, check=True).stdout

    same = run() == run() if twice else None
    return [json.loads(line) for line in run('--time').splitlines()], same


def middle(points):
    """Mean of points."""
    return [sum(p[i] for p in points) / len(points) for i in (0, 1)]


def follow(truth, frames):
    """Who each track is, id switches, share of faces seen, tracks that are nobody's."""
    votes, last, switches, seen, all_faces = {}, {}, 0, 0, 0
    for row, frame in zip(truth['per_frame'], frames):
        for person, face in enumerate(row['faces']):
            all_faces += 1
            x, y = middle(face['lm'])
            for got in frame['faces']:
                bx, by, bw, bh = got['box']
                if not (bx < x < bx + bw and by < y < by + bh) or 'track' not in got:
                    continue
                seen += 1
                number = got['track']
                votes.setdefault(number, [0] * truth['persons'])[person] += 1
                switches += person in last and last[person] != number
                last[person] = number
                break
    owner = {number: max(range(len(v)), key=v.__getitem__) for number, v in votes.items()}
    numbers = {face['track'] for frame in frames for face in frame['faces'] if 'track' in face}
    return owner, switches, seen / all_faces, len(numbers - set(owner))


def overlap(a, b, slack=0.0):
    """Whether two intervals touch."""
    return a[0] <= b[1] + slack and b[0] <= a[1] + slack


def match(found, wanted, slack=0.0):
    """Pairs one found interval with one wanted each; returns (pairs, false, missed)."""
    pairs, left = [], list(found)
    for want in wanted:
        best = None
        for got in left:
            if overlap(got, want, slack):
                shared = min(got[1], want[1]) - max(got[0], want[0])
                if best is None or shared > best[0]:
                    best = (shared, got)
        if best:
            left.remove(best[1])
            pairs.append((best[1], want))
    return pairs, left, [want for want in wanted if all(want is not w for _, w in pairs)]


def f1(pairs, false, missed):
    """F1 of a matching; 1 when there was nothing to find and nothing was found."""
    whole = 2 * len(pairs) + len(false) + len(missed)
    return 2 * len(pairs) / whole if whole else 1.0


def intervals(events, types):
    """Start and end of events that have ended."""
    return [(e['start'], e['end']) for e in events if e['type'] in types and not e.get('open')]


def wanted_of(events, *names):
    """Start and end of the truth's events of these names."""
    return [(e['start'], e['end']) for e in events if e['event'] in names]


def half_closed(truth, person, want):
    """The interval in which the rendered eyes are below half of their usual openness."""
    rows = [(row['t'], sum(row['faces'][person]['openness']) / 2) for row in truth['per_frame']]
    usual = sorted(o for _, o in rows)[len(rows) * 3 // 4]
    times = [t for t, o in rows if want[0] - 0.1 <= t <= want[1] + 0.1 and o < usual / 2]
    return (times[0], times[-1]) if times else want


class Sums:
    """What all videos add up to."""

    def __init__(self):
        self.blink, self.yawn = [0, 0, 0], [0, 0, 0]
        self.closures, self.closures_found, self.false_sleep = 0, 0, 0
        self.errors, self.half_errors = [], []
        self.away, self.away_found, self.phone, self.phone_found, self.false_away = 0, 0, 0, 0, 0
        self.switches, self.nobody = 0, 0
        self.mutual, self.smile = [0, 0, 0], [0, 0, 0]
        self.tracked_ms = []
        self.different = 0


def add(total, matching):
    """Adds a matching's counts."""
    for i in range(3):
        total[i] += len(matching[i])


def score_person(sums, truth, person, events, say):
    """One person of one video."""
    marks = truth['events'][person]
    blinks = match(intervals(events, ('blink', 'long_closure')),
                   wanted_of(marks, 'blink', 'slow_blink'), 0.1)
    add(sums.blink, blinks)
    say(f'  blinks F1 {f1(*blinks):.3f}: {len(blinks[0])} found, missed {blinks[2]}, false {blinks[1]}')
    sleeps = match(intervals(events, CLOSURES), wanted_of(marks, 'microsleep'))
    sums.closures += len(sleeps[0]) + len(sleeps[2])
    sums.closures_found += len(sleeps[0])
    false = [g for g in sleeps[1] if not any(overlap(g, want) for _, want in sleeps[0])]
    sums.false_sleep += len(false)
    for got, want in sleeps[0]:
        half = half_closed(truth, person, want)
        sums.errors += [got[0] - want[0], got[1] - want[1]]
        sums.half_errors += [got[0] - half[0], got[1] - half[1]]
    say(f'  closures > 1 s: {len(sleeps[0])} found, missed {sleeps[2]}, false {false}')
    yawns = match(intervals(events, ('yawn',)), wanted_of(marks, 'yawn'))
    add(sums.yawn, yawns)
    say(f'  yawns F1 {f1(*yawns):.3f}: found {[g for g, _ in yawns[0]]}, missed {yawns[2]}, '
        f'false {yawns[1]}')
    away = wanted_of(marks, 'head_away', 'gaze_phone')
    found = intervals(events, AWAY)
    others = away + wanted_of(marks, 'look_at_each_other')
    hit = [w for w in away if any(overlap(w, g) for g in found)]
    phones = wanted_of(marks, 'gaze_phone')
    got_phone = intervals(events, ('phone_look',))
    false = [g for g in found if not any(overlap(w, g) for w in others)]
    false += [g for g in got_phone if not any(overlap(w, g) for w in phones) and g not in false]
    sums.away += len(away)
    sums.away_found += len(hit)
    sums.phone += len(phones)
    sums.phone_found += sum(any(overlap(w, g) for g in got_phone) for w in phones)
    sums.false_away += len(false)
    say(f'  looks away: {len(hit)} of {len(away)}, phone looks {got_phone}, false {false}')


def shared(truth, names):
    """Intervals of events that both people have."""
    first, second = (wanted_of(marks, *names) for marks in truth['events'])
    return [(max(a[0], b[0]), min(a[1], b[1])) for a in first for b in second if overlap(a, b)]


def score_video(sums, truth, frames, say):
    """One video."""
    owner, switches, seen, nobody = follow(truth, frames)
    sums.switches += switches
    sums.nobody += nobody
    sums.tracked_ms += [frame['timing']['read_ms'] for frame in frames
                        if 'timing' in frame and 'searched' not in frame]
    searched = sum(frame.get('searched', False) for frame in frames)
    say(f'  faces seen {seen:.3f}, id switches {switches}, tracks {len(owner)} and {nobody} of nobody, '
        f'{searched} of {len(frames)} frames searched')
    events = [event for frame in frames for event in frame['events']]
    for person in range(truth['persons']):
        mine = [e for e in events if owner.get(e.get('track')) == person and 'other_track' not in e]
        score_person(sums, truth, person, mine, say)
    score_level(frames, say)
    if truth['persons'] == 2:
        for kind, total, names in (('mutual_gaze', sums.mutual, ('look_at_each_other',)),
                                   ('shared_smile', sums.smile, ('smile', 'smile_open'))):
            pairs = match(intervals(events, (kind,)), shared(truth, names))
            add(total, pairs)
            say(f'  {kind} F1 {f1(*pairs):.3f}: found {[g for g, _ in pairs[0]]}, missed {pairs[2]}, '
                f'false {pairs[1]}')


def score_level(frames, say):
    """The level of drowsiness within half a minute and at the end."""
    levels = [(frame['time'], face['state'].get('drowsiness', 0)) for frame in frames
              for face in frame['faces'] if 'state' in face]
    early = max((level for time, level in levels if time <= 30), default=0)
    say(f'  drowsiness at most {early:.2f} in 30 s, at the end {levels[-1][1] if levels else 0:.2f}')


def mean(values):
    """Mean of absolute values."""
    return sum(abs(v) for v in values) / len(values) if values else float('nan')


def total_f1(counts):
    """F1 of summed counts."""
    whole = 2 * counts[0] + counts[1] + counts[2]
    return 2 * counts[0] / whole if whole else 1.0


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--tool', required=True)
    parser.add_argument('--truth', type=pathlib.Path)
    parser.add_argument('--twice', action='store_true')
    parser.add_argument('videos', nargs='+', type=pathlib.Path)
    known, options = parser.parse_known_args()
    sums = Sums()
    for video in known.videos:
        truth = load_truth(known.truth or video.parent, video.stem)
        frames, same = watch(known.tool, video, options, known.twice)
        sums.different += same is False
        print(f'{video.stem}: {len(frames)} frames, light {truth["light"]}')
        score_video(sums, truth, frames, print)
    print(f'all: blinks F1 {total_f1(sums.blink):.3f}, yawns F1 {total_f1(sums.yawn):.3f}, closures > 1 s '
          f'{sums.closures_found} of {sums.closures}, false microsleeps {sums.false_sleep}')
    print(f'     start and end of closures: mean error {1000 * mean(sums.errors):.0f} ms against the '
          f'script, {1000 * mean(sums.half_errors):.0f} ms against half-closed lids')
    print(f'     looks away {sums.away_found} of {sums.away}, phone looks {sums.phone_found} of {sums.phone}, '
          f'false {sums.false_away}; id switches {sums.switches}, tracks of nobody {sums.nobody}')
    print(f'     mutual gaze F1 {total_f1(sums.mutual):.3f}, shared smile F1 {total_f1(sums.smile):.3f}')
    times = sorted(sums.tracked_ms)
    if times:
        print(f'     a frame without a search: median {times[len(times) // 2]:.2f} ms, least {times[0]:.2f} ms')
    if known.twice:
        print(f'     videos that gave other bytes the second time: {sums.different}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
