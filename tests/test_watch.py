"""Tests of `affect watch`: python3 test_watch.py AFFECT DATA [FAKE_CAMERA]. Prints TAP.

DATA holds small rendered films with their truth (data/make_videos.py). FAKE_CAMERA: the built fake_camera.c; without
it cameras are not tested.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from png import png_pixels

TOOL, DATA = sys.argv[1], pathlib.Path(sys.argv[2])
CAMERA = sys.argv[3] if len(sys.argv) > 3 else None
CLOSURES = ('microsleep', 'sleep', 'unresponsive')


def run(*arguments, given=None, code=0):
    """Runs the tool; its output."""
    done = subprocess.run([TOOL, 'watch', *map(str, arguments)], input=given, capture_output=True, check=False)
    assert done.returncode == code, (done.returncode, done.stderr.decode())
    return done.stdout


def frames_of(*arguments, given=None):
    """One object a frame."""
    return [json.loads(line) for line in run('--json', *arguments, given=given).splitlines()]


def events_of(name, *options):
    """Events that have ended, of one film."""
    lines = run('--events', *options, DATA / f'{name}.avi').splitlines()
    return [event for event in map(json.loads, lines) if not event.get('open')]


def truth_of(name):
    """Truth of one film."""
    return json.loads((DATA / f'{name}.json').read_text())


def touches(event, want):
    """Whether they overlap."""
    return event['start'] <= want['end'] and want['start'] <= event['end']


def frames_have_times_tracks_and_states():
    """A line a frame; the face keeps its number; few frames are searched."""
    frames = frames_of(DATA / 'alert.avi')
    assert len(frames) >= truth_of('alert')['frames']
    for i, frame in enumerate(frames[:truth_of('alert')['frames']]):
        assert abs(frame['time'] - i / 30) < 1e-5
        assert [face['track'] for face in frame['faces']] == [1]
        assert frame['faces'][0]['state']['drowsiness_stage'] == 'alert'
    assert sum('searched' in frame for frame in frames) < len(frames) / 3


def blinks_are_found():
    """Each once, within 100 ms; nothing else happens."""
    found = events_of('alert')
    want = [e for e in truth_of('alert')['events'][0] if e['event'] == 'blink']
    blinks = [e for e in found if e['type'] == 'blink']
    assert len(blinks) == len(want), blinks
    for event, blink in zip(blinks, want):
        assert abs(event['start'] - blink['start']) < 0.1 and abs(event['end'] - blink['end']) < 0.1
    assert {e['type'] for e in found} <= {'blink', 'occupant_arrived'}, found


def a_microsleep_is_raised_and_ended():
    """At its onset with open, then with its end."""
    lines = [json.loads(line) for line in run('--events', DATA / 'drowsy.avi').splitlines()]
    want = truth_of('drowsy')['events'][0][0]
    onset = [e for e in lines if e['type'] == 'microsleep' and e.get('open')]
    ended = [e for e in lines if e['type'] in CLOSURES and not e.get('open')]
    assert len(onset) == 1 and len(ended) == 1, lines
    assert abs(onset[0]['end'] - want['start'] - 1) < 0.3
    assert abs(ended[0]['start'] - want['start']) < 0.15 and abs(ended[0]['end'] - want['end']) < 0.15


def a_look_at_the_phone_is_no_sleep():
    """Eyes that look down are found to look away, not to sleep."""
    found = events_of('distracted')
    want = [e for e in truth_of('distracted')['events'][0] if e['event'] == 'gaze_phone']
    away = [e for e in found if e['type'] in ('phone_look', 'long_distraction')]
    assert any(touches(e, want[0]) for e in away), found
    assert not any(e['type'] in CLOSURES + ('long_closure',) for e in found), found


def two_people_look_at_each_other():
    """And keep their numbers."""
    found = events_of('pair')
    want = [e for e in truth_of('pair')['events'][0] if e['event'] == 'look_at_each_other']
    assert any(e['type'] == 'mutual_gaze' and touches(e, want[0]) for e in found), found


def the_same_bytes_twice():
    """No state outside the handle, no clock in the output."""
    assert run('--json', DATA / 'pair.avi') == run('--json', DATA / 'pair.avi')


def pipes_read_the_same():
    """An AVI through standard input, and YUV4MPEG2."""
    film = (DATA / 'drowsy.avi').read_bytes()
    from_pipe = [dict(frame, file='') for frame in frames_of('-', given=film)]
    assert from_pipe == [dict(frame, file='') for frame in frames_of(DATA / 'drowsy.avi')]
    head = b'YUV4MPEG2 W64 H48 F25:1 Ip C420jpeg\n'
    frame = b'FRAME\n' + bytes(64 * 48 + 2 * 32 * 24)
    dark = frames_of('-', given=head + 100 * frame)
    assert len(dark) >= 100 and dark[60]['time'] == 2.4 and 'covered' in dark[99]['degraded']
    assert any(e['type'] == 'camera_blocked' for f in dark for e in f['events'])
    assert len(frames_of('--raw', '64x48', '--fps', '10', '-', given=bytes(64 * 48 * 5))) == 5


def damage_is_told():
    """Exit code 1, a line, and what was read before."""
    film = (DATA / 'drowsy.avi').read_bytes()
    run('-', given=b'', code=1)
    run('-', given=b'nothing that is a film', code=1)
    run('-', given=b'RIFF' + bytes(100), code=1)
    run('-', given=b'YUV4MPEG2 W64 H48\nFRAME\n' + bytes(10), code=1)
    run('missing.avi', code=1)
    run('-', given=film[:len(film) // 2])
    run(code=2)
    run('--json', '--events', DATA / 'drowsy.avi', code=2)
    run('--set', 'microsleep=banana', DATA / 'drowsy.avi', code=2)
    run('--set', 'nonsense=1', DATA / 'drowsy.avi', code=2)
    run('--seat', 'driver=1,2,3', DATA / 'drowsy.avi', code=2)


def films_are_drawn_and_read_again():
    """--draw writes an AVI that the tool reads, with as many frames."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'out.avi')
        text = run('--draw', out, '--seat', 'driver=0,0,320,240', DATA / 'drowsy.avi').decode()
        assert 'microsleep, person 1 (driver)' in text and '120 frames' in text
        assert len(frames_of(out)) >= 120


def options_reach_the_library():
    """Thresholds, seats, baselines, summaries."""
    assert not any(e['type'] == 'microsleep' for e in events_of('drowsy', '--set', 'microsleep=2.5'))
    assert all(e.get('seat', 'left') == 'left' for e in events_of('drowsy', '--seat', 'left=0,0,320,240'))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'driver.baseline')
        run('--baseline', path, DATA / 'alert.avi')
        assert os.path.getsize(path) == 32
        run('--baseline', path, DATA / 'alert.avi')
    last = json.loads(run('--events', '--summary', DATA / 'drowsy.avi').splitlines()[-1])
    assert last['summary']['frames'] == 120 and last['summary']['events']['microsleep'] == 1
    person = last['summary']['persons'][0]
    assert person['track'] == 1 and 'microsleep' in person['evidence'], person
    assert person['start'] == 0 and person['end'] == 3.967 and person['drowsiness_stage'] != 'alert'
    text = run('--seat', 'driver=0,0,200,240', '--seat', 'other=200,0,120,240', DATA / 'pair.avi').decode()
    assert ' (driver) and ' in text or ' (other) and ' in text, text
    assert '  person 1 (' in text and ' s, alert, drowsiness at most ' in text, text


def jpegs_of(film):
    """The pictures of an MJPEG AVI, in order."""
    out, at = [], film.index(b'movi') + 4
    while film[at:at + 4] == b'00dc':
        size = int.from_bytes(film[at + 4:at + 8], 'little')
        out.append(film[at + 8:at + 8 + size])
        at += 8 + size + size % 2
    return out


def decoded(jpeg):
    """RGB rows of a picture, by the tool's own decoder."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'frame.jpg')
        path.write_bytes(jpeg)
        out = str(path.with_suffix('.png'))
        subprocess.run([TOOL, 'blur', path, '--min-face', '32768', '-o', out], capture_output=True, check=True)
        return png_pixels(out)[2]


def camera(kind, pictures, end=b'sends no frames'):
    """What the tool says of these pictures from a camera that is unplugged then, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        for i, picture in enumerate(pictures):
            pathlib.Path(folder, f'{i:03d}').write_bytes(picture)
        env = dict(os.environ, LD_PRELOAD=CAMERA, FAKE_CAMERA_FORMAT=kind, FAKE_CAMERA_FRAMES=folder)
        done = subprocess.run([TOOL, 'watch', '--json', '/dev/null'], capture_output=True, check=False, env=env)
    assert end in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def cameras_are_read():
    """A camera of each format: the same faces as in the film, its own times, rows with a margin."""
    pictures = jpegs_of((DATA / 'alert.avi').read_bytes())[:20]
    code, seen = camera('MJPG', pictures)
    film = frames_of(DATA / 'alert.avi')
    assert code == 1 and len(seen) >= 20
    for i, (frame, same) in enumerate(zip(seen[:20], film)):
        assert abs(frame['time'] - 0.04 * i) < 1e-5 and (frame['width'], frame['height']) == (320, 240)
        assert len(frame['faces']) == 1 and frame['faces'][0]['track'] == 1
        assert i or frame['faces'][0]['landmarks'] == same['faces'][0]['landmarks']
    broken = camera('MJPG', [pictures[0], b'no JPEG', pictures[1]])[1]
    assert len([f for f in broken if f['faces']]) >= 2
    grey = [row[::3] for row in decoded(pictures[0])]
    for kind, rows in (('GREY', [row + bytes(352) for row in grey]),
                       ('YUYV', [bytes(v for y in row for v in (y, 128)) + bytes(32) for row in grey])):
        code, seen = camera(kind, 3 * [b''.join(rows)])
        assert code == 1 and len(seen) >= 3 and seen[2]['time'] == 0.08
        assert seen[0]['faces'][0]['landmarks'] == film[0]['faces'][0]['landmarks']
    assert camera('RGB3', [], b'knows neither grey nor YUYV nor MJPEG') == (1, [])


TESTS = [frames_have_times_tracks_and_states, blinks_are_found, a_microsleep_is_raised_and_ended,
         a_look_at_the_phone_is_no_sleep, two_people_look_at_each_other, the_same_bytes_twice,
         pipes_read_the_same, damage_is_told, films_are_drawn_and_read_again, options_reach_the_library] + ([cameras_are_read] if CAMERA else [])


def main():
    """Every test."""
    print(f'1..{len(TESTS)}')
    failed = 0
    for number, test in enumerate(TESTS, 1):
        try:
            test()
            print(f'ok {number} - {test.__name__}')
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f'not ok {number} - {test.__name__}\n# {type(error).__name__}: {str(error)[:600]}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
