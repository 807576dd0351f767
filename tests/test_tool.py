"""Black-box tests of the tool `affect`: python3 tests/test_tool.py TOOL PICTURES. Prints TAP."""
import csv
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from png import png_pixels

TOOL = os.path.abspath(sys.argv[1])
PICTURES = os.path.abspath(sys.argv[2])
GROUP = os.path.join(PICTURES, 'group_of_eight.jpg')
PORTRAIT = os.path.join(PICTURES, 'portrait.jpg')
FACE_KEYS = ['box', 'score', 'points', 'landmarks', 'presence', 'pose', 'eyes', 'expressions', 'emotions',
             'valence', 'arousal', 'confidence']
TESTS = []


class Skip(Exception):
    """A test that cannot be run here."""


def test(function):
    """Registers a test; its argument is an empty folder that is the current one."""
    TESTS.append(function)
    return function


def run(*arguments, stdin=b'', code=0):
    """Runs the tool, checks its exit code, returns its output and its errors as text."""
    done = subprocess.run([TOOL, *arguments], input=stdin, capture_output=True, timeout=300, check=False)
    out, errors = done.stdout.decode(), done.stderr.decode(errors='replace')
    assert done.returncode == code, f'{arguments}: exit code {done.returncode}, not {code}: {errors}'
    return out, errors


def strict_pairs(pairs):
    """Object hook: no key twice."""
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f'a key stands twice in {keys}'
    return dict(pairs)


def no_constant(name):
    """JSON knows no NaN and no Infinity."""
    raise AssertionError(f'{name} is not JSON')


def parse(text):
    """Strict JSON lines."""
    return [json.loads(line, object_pairs_hook=strict_pairs, parse_constant=no_constant)
            for line in text.splitlines()]


def read(*arguments, **options):
    """`affect read` as parsed JSON lines."""
    return parse(run('read', *arguments, **options)[0])


def write(path, data):
    """Writes bytes, making the folder."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(data)
    return path


def pgm(path, width, height, pixel, maximum=255):
    """A grey picture from pixel(x, y)."""
    values = [pixel(x, y) for y in range(height) for x in range(width)]
    body = bytes(values) if maximum < 256 else struct.pack(f'>{len(values)}H', *values)
    return write(path, b'P5\n%d %d\n%d\n' % (width, height, maximum) + body)


def ramp(x, y):
    """A grey pattern."""
    return (3 * x + 5 * y) % 256


def with_orientation(jpeg, orientation, big_endian=False):
    """A JPEG's bytes with an EXIF block put in front."""
    order = '>' if big_endian else '<'
    tiff = (b'MM' if big_endian else b'II') + struct.pack(order + 'HI', 42, 8)
    tiff += struct.pack(order + 'HHHIHHI', 1, 0x0112, 3, 1, orientation, 0, 0)
    block = b'Exif\0\0' + tiff
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(block) + 2) + block + jpeg[2:]


@test
def help_and_version(_):
    out, errors = run('--help')
    assert 'usage: affect' in out and not errors
    assert run('read', '--help')[0] == out
    assert re.fullmatch(r'affect \d+\.\d+\.\d+\n', run('--version')[0])
    assert 'usage: affect' in run(code=2)[1]


@test
def usage_errors_say_what_helps(_):
    for arguments, word in [(['raed', 'a.jpg'], 'read'), (['read', '--treads', '2', 'a.jpg'], '--threads'),
                            (['read'], 'INPUT'), (['read', '--threads'], 'missing'),
                            (['read', '--threads', '0', 'a'], '--threads'),
                            (['read', '--threshold', '1.5', 'a'], '--threshold'),
                            (['read', '--detect-size', '64.5', 'a'], 'whole'),
                            (['read', '--threshold', 'nan', 'a'], '--threshold'),
                            (['read', '--max-looks', '-1', 'a'], '--max-looks'),
                            (['read', '--signals', 'landmarks,age', 'a'], 'age'),
                            (['read', '--signals', '', 'a'], '--signals'),
                            (['read', '--cpu', 'z80', 'a'], 'z80'),
                            (['read', '--format', 'xml', 'a'], 'json, csv or table'),
                            (['read', '--style', 'box', 'a'], '--style'),
                            (['read', '--quiet=1', 'a'], '--quiet'), (['draw', 'a.jpg'], '-o'),
                            (['read', '--face-crop', '--eye-crop', 'a'], 'exclude'),
                            (['info', 'a.jpg'], 'a.jpg')]:
        out, errors = run(*arguments, code=2)
        assert not out and word in errors, (arguments, errors)


@test
def json_has_the_promised_keys(_):
    out, errors = run('read', GROUP, '--signals', 'all')
    assert not errors and out.count('\n') == 1
    picture, = parse(out)
    assert list(picture) == ['file', 'width', 'height', 'faces']
    assert (picture['file'], picture['width'], picture['height']) == (GROUP, 1280, 720)
    assert picture['faces'], 'no face in the group'
    for face in picture['faces']:
        keys = list(face)
        assert keys == [key for key in FACE_KEYS if key in keys], keys
        assert keys[:2] == ['box', 'score'] and len(face['box']) == 4 and 0 <= face['score'] <= 1
        assert len(face['points']) == 5 and len(face.get('landmarks', [0] * 68)) == 68
        assert list(face.get('pose', {})) in ([], ['yaw', 'pitch', 'roll'])
        eyes = face.get('eyes', {})
        assert list(eyes) == [key for key in ('left', 'right', 'gaze') if key in eyes]
        for side in ('left', 'right'):
            assert list(eyes.get(side, {})) in ([], ['open', 'confidence'], ['open', 'iris', 'confidence'])
        assert len(face.get('expressions', [0] * 20)) == 20
        if 'emotions' in face:
            assert list(face['emotions'])[0] == 'neutral' and abs(sum(face['emotions'].values()) - 1) < 0.01
    assert any('expressions' in face for face in picture['faces'])


@test
def numbers_are_plain(_):
    out, _ = run('read', PORTRAIT, '--signals', 'all')
    without_names = re.sub(r'"[^"]*"', '', out)
    assert re.fullmatch(r'[-0-9.,:{}\[\]\n]*', without_names), 'an exponent or a word among the numbers'
    assert not re.search(r'-0(\.0*)?[^.0-9]', without_names), 'minus zero'


@test
def signals_choose_what_is_read(_):
    face = read(PORTRAIT)[0]['faces'][0]
    assert 'landmarks' in face and 'pose' in face and 'emotions' not in face and 'expressions' not in face
    face = read(PORTRAIT, '--signals', 'none')[0]['faces'][0]
    assert list(face) == ['box', 'score', 'points']
    face = read(PORTRAIT, '--signals=pose')[0]['faces'][0]
    assert list(face) == ['box', 'score', 'points', 'pose']
    face = read(PORTRAIT, '--signals', 'expressions')[0]['faces'][0]
    assert list(face) == ['box', 'score', 'points', 'expressions', 'confidence']


@test
def five_points_are_those_of_the_landmarks_where_there_are_any(_):
    face = read(PORTRAIT, '--signals', 'landmarks')[0]['faces'][0]
    marks = face['landmarks']
    mean = [[sum(p[k] for p in marks[a:b]) / (b - a) for k in (0, 1)] for a, b in ((36, 42), (42, 48))]
    for point, expected in zip(face['points'], mean + [marks[30], marks[48], marks[54]]):
        assert max(abs(a - b) for a, b in zip(point, expected)) < .02
    assert read(PORTRAIT, '--signals', 'none')[0]['faces'][0]['points'] != face['points']


@test
def the_emotions_of_a_build_can_be_asked_for(_):
    out = subprocess.run([TOOL, 'read', PORTRAIT, '--signals', 'emotions'], capture_output=True, check=False)
    if out.returncode == 3 and b'leaves out' in out.stderr:
        raise Skip('built without emotions')
    face = parse(out.stdout.decode())[0]['faces'][0]
    assert list(face) == ['box', 'score', 'points', 'emotions', 'valence', 'arousal', 'confidence']


@test
def csv_rows_have_the_headers_fields(_):
    out, _ = run('read', GROUP, PORTRAIT, '--signals', 'all', '--format', 'csv')
    rows = list(csv.DictReader(io.StringIO(out), strict=True))
    faces = sum(len(picture['faces']) for picture in read(GROUP, PORTRAIT))
    assert len(rows) == faces and all(None not in row and None not in row.values() for row in rows)
    picture = read(PORTRAIT, '--signals', 'all')[0]
    last = rows[-1]
    assert last['file'] == PORTRAIT and float(last['x']) == picture['faces'][-1]['box'][0]
    assert float(last['x67']) == picture['faces'][-1]['landmarks'][67][0]


@test
def csv_quotes_names(here):
    shutil.copy(PORTRAIT, 'a, "b".jpg')
    out, _ = run('read', 'a, "b".jpg', '--format', 'csv')
    assert list(csv.DictReader(io.StringIO(out)))[0]['file'] == 'a, "b".jpg'


@test
def the_table_is_readable(_):
    out, _ = run('read', PORTRAIT, '--format', 'table', '--signals', 'all', '--time')
    faces = len(read(PORTRAIT)[0]['faces'])
    assert out.startswith(f'{PORTRAIT}: 800 x 960, {faces} face') and ', read in ' in out, out
    assert len(out.splitlines()) == 2 + faces, out


@test
def folders_are_sorted_and_recursive(_):
    for name in ('b/z.pgm', 'a.pgm', 'b/c/y.pgm', 'c.pgm', 'b/notes.txt', '.hidden/x.pgm'):
        pgm('in/' + name, 16, 16, ramp)
    names = [picture['file'] for picture in read('in')]
    assert names == ['in/a.pgm', 'in/b/c/y.pgm', 'in/b/z.pgm', 'in/c.pgm'], names
    assert read('in/') and [p['file'] for p in read('in/')] == names


@test
def lists_of_paths(_):
    for name in 'abc':
        pgm(name + '.pgm', 8, 8, ramp)
    text = b'c.pgm\n\na.pgm\r\nb.pgm'
    write('list.txt', text)
    names = ['c.pgm', 'a.pgm', 'b.pgm']
    assert [p['file'] for p in read('-', stdin=text)] == names
    assert [p['file'] for p in read('@list.txt')] == names
    assert [p['file'] for p in read('a.pgm', '@list.txt')] == ['a.pgm', *names]
    assert read('-', stdin=b'') == []
    assert 'nothing.txt' in run('read', '@nothing.txt', code=1)[1]


@test
def damaged_pictures_among_good_ones(_):
    jpeg = open(PORTRAIT, 'rb').read()
    bad = {'bad1.jpg': jpeg[:100], 'bad2.png': b'\x89PNG\r\n\x1a\n' + bytes(40), 'bad3.jpg': b'',
           'bad4.pgm': b'P5\n1000 1000\n65535\n12', 'bad5.pgm': b'P5\n99999 99999\n255\n',
           'bad6.bmp': b'BM' + b'\xff' * 60, 'bad7.txt': b'hello', 'bad8.png': jpeg[1000:3000]}
    for name, data in bad.items():
        write('in/' + name, data)
    good = [pgm(f'in/good{i}.pgm', 32, 24, ramp) for i in range(3)]
    inputs = [good[0], *('in/' + name for name in bad), good[1], 'in/not-there.jpg', good[2]]
    out, errors = run('read', *inputs, code=1)
    assert [p['file'] for p in parse(out)] == good
    lines = errors.splitlines()
    assert len(lines) == len(bad) + 1, errors
    assert all(line.startswith('affect: in/') for line in lines), errors
    os.mkdir('empty')
    assert 'no pictures' in run('read', 'empty', code=1)[1]


@test
def threads_do_not_change_the_output(_):
    inputs = [GROUP, *(pgm(f'p{i}.pgm', 20 + i, 30, ramp) for i in range(12)), 'missing.jpg', PORTRAIT]
    one = run('read', *inputs, '--signals', 'all', '--threads', '1', code=1)
    for threads in ('2', '5'):
        assert run('read', *inputs, '--signals', 'all', '--threads', threads, code=1) == one
    assert run('read', *inputs, '--signals', 'all', code=1) == one


@test
def back_ends_give_the_same_bytes(_):
    backs = re.search(r'back ends +(.*)', run('info')[0]).group(1).split()
    assert backs[0] == 'portable'
    pictures = [PORTRAIT, os.path.join(PICTURES, 'night_infrared.jpg')]
    outputs = {name: run('read', *pictures, '--signals', 'all', '--cpu', name)[0] for name in backs}
    assert len(set(outputs.values())) == 1, list(outputs)
    if len(backs) == 1:
        raise Skip('only the portable back end here')


@test
def given_boxes(_):
    shutil.copy(PORTRAIT, 'a.jpg')
    shutil.copy(PORTRAIT, 'b.jpg')
    lines = ['{"file":"a.jpg","boxes":[[250,180,370,500],[10.5,2e1,30,40]]}', '',
             '{"x":{"y":[1,null,true,"\\u00e9\\ud83d\\ude00"]},"file":"some/b.jpg","boxes":[]}']
    write('boxes.jsonl', '\n'.join(lines).encode())
    first, second = read('a.jpg', 'b.jpg', '--boxes', 'boxes.jsonl')
    assert [face['box'] for face in first['faces']] == [[250, 180, 370, 500], [10.5, 20, 30, 40]]
    assert all(face['score'] == 1 for face in first['faces']) and second['faces'] == []
    assert 'no line' in run('read', PORTRAIT, '--boxes', 'boxes.jsonl', code=1)[1]


@test
def boxes_may_be_what_read_wrote(_):
    out, _ = run('read', GROUP)
    write('found.jsonl', out.encode())
    boxes = [face['box'] for face in parse(out)[0]['faces']]
    again = read(GROUP, '--boxes', 'found.jsonl')[0]['faces']
    assert [face['box'] for face in again] == boxes
    many = [[i, i, 20, 30] for i in range(100)]
    write('many.jsonl', json.dumps({'file': GROUP, 'boxes': many}).encode())
    faces = read(GROUP, '--boxes', 'many.jsonl', '--signals', 'none')[0]['faces']
    assert [face['box'] for face in faces] == many
    assert len(read(GROUP, '--boxes', 'many.jsonl', '--max-faces', '7')[0]['faces']) == 7


@test
def damaged_boxes_are_refused(_):
    for text in ['{', '[]', '{"file":"a","boxes":[[1,2,3]]}', '{"file":"a","boxes":[[1,2,3,0]]}',
                 '{"file":"a","boxes":[[1,2,3,nan]]}', '{"file":"a","boxes":[[1,2,3,1e30]]}', '{"boxes":[]}',
                 '{"file":"a"}', '{"file":"a","boxes":[]} x', '{"file":"a\\q","boxes":[]}',
                 '{"file":"a","boxes":[],"x":' + '[' * 5000, '{"file":"a","faces":[{"score":1}]}',
                 '{"file":"a","boxes":[' + '[1,1,1,1],' * 1024 + '[1,1,1,1]]}']:
        write('bad.jsonl', ('\n' + text).encode())
        out, errors = run('read', PORTRAIT, '--boxes', 'bad.jsonl', code=2)
        assert not out and 'line 2' in errors, (text[:60], errors)


@test
def a_face_crop_is_one_face(_):
    pgm('flat.pgm', 48, 48, lambda x, y: 90)
    for name, width, height in (('flat.pgm', 48, 48), (PORTRAIT, 800, 960)):
        face, = read(name, '--face-crop', '--signals', 'all')[0]['faces']
        assert face['box'] == [0, 0, width, height] and face['score'] == 1
    face, = read(PORTRAIT, '--face-crop', '--signals', 'all')[0]['faces']
    assert 'expressions' in face


@test
def an_eye_crop_is_one_eye(_):
    pgm('eye.pgm', 40, 24, ramp)
    picture, = read('eye.pgm', '--eye-crop')
    assert list(picture) == ['file', 'width', 'height', 'faces'] and picture['width'] == 40
    face, = picture['faces']
    assert list(face) == ['eyes'] and list(face['eyes']) == ['left']
    assert list(face['eyes']['left'])[0] == 'open' and 0 <= face['eyes']['left']['open'] <= 1
    assert set(face['eyes']['left']) <= {'open', 'confidence'}


@test
def pictures_are_turned_as_exif_says(_):
    pgm('ramp.pgm', 96, 64, lambda x, y: min(255, x + 2 * y))
    run('blur', 'ramp.pgm', '--min-face', '32768', '-o', 'ramp.jpg')
    jpeg = open('ramp.jpg', 'rb').read()
    options = ['--signals', 'all', '--face-crop']
    for orientation in range(1, 9):
        name = write(f'o{orientation}.jpg', with_orientation(jpeg, orientation, orientation % 2 == 0))
        run('blur', name, '--min-face', '32768', '--quiet', '-o', f'o{orientation}.png')
        turned, = read(name, *options)
        upright, = read(f'o{orientation}.png', *options)
        size = (96, 64) if orientation < 5 else (64, 96)
        assert (turned['width'], turned['height']) == size == (upright['width'], upright['height'])
        assert turned['faces'] == upright['faces'], orientation
        assert read(name, '--no-exif', '--signals', 'none')[0]['width'] == 96
    rows = {i: png_pixels(f'o{i}.png')[2] for i in (1, 2, 3, 6)}
    assert rows[2][0][:3] == rows[1][0][-3:] and rows[3][0][:3] == rows[1][-1][-3:]
    assert rows[6][0][:3] == rows[1][-1][:3], 'a quarter turn clockwise brings the lower left corner up'


@test
def damaged_exif_is_ignored(_):
    jpeg = with_orientation(open(PORTRAIT, 'rb').read(), 6)
    for at in range(2, 40):
        write('x.jpg', jpeg[:at] + b'\xff' + jpeg[at + 1:])
        done = subprocess.run([TOOL, 'read', 'x.jpg', '--signals', 'none'], capture_output=True, check=False)
        assert done.returncode in (0, 1), (at, done.returncode)


@test
def deep_grey_pictures(_):
    pgm('8.pgm', 64, 48, ramp)
    pgm('10.pgm', 64, 48, lambda x, y: 4 * ramp(x, y), 1023)
    pgm('12.pgm', 64, 48, lambda x, y: 16 * ramp(x, y), 4095)
    pgm('16.pgm', 64, 48, lambda x, y: 257 * ramp(x, y), 65535)
    options = ['--face-crop', '--signals', 'all']
    pictures = read('8.pgm', '10.pgm', '12.pgm', '16.pgm', *options)
    assert all(picture['faces'] == pictures[0]['faces'] for picture in pictures)
    write('16.ppm', b'P6 # comment\n2 1 65535\n' + struct.pack('>6H', 0, 257, 514, 771, 65535, 5))
    run('blur', '16.ppm', '-o', '16.png', '--quiet')
    assert png_pixels('16.png')[2] == [bytes([0, 1, 2, 3, 255, 0])]


@test
def tiny_pictures(_):
    names = [pgm(f'{w}x{h}.pgm', w, h, ramp) for w, h in ((1, 1), (1, 9), (9, 1), (2, 3), (300, 1))]
    assert [picture['width'] for picture in read(*names, '--signals', 'all')] == [1, 1, 9, 2, 300]
    assert all(len(p['faces']) == 1 for p in read(*names, '--signals', 'all', '--face-crop'))


@test
def draw_writes_pictures(_):
    out, errors = run('draw', GROUP, '-o', 'group.png', '--signals', 'all')
    assert 'group.png: ' in out and not errors and png_pixels('group.png')[:2] == (1280, 720)
    run('draw', PORTRAIT, '-o', 'p.jpg', '--quiet')
    assert open('p.jpg', 'rb').read(2) == b'\xff\xd8'
    out, _ = run('draw', PORTRAIT, GROUP, '-o', 'all', '--quiet', '--threads', '2')
    assert not out and sorted(os.listdir('all')) == ['group_of_eight.jpg', 'portrait.jpg']
    assert 'folder' in run('draw', GROUP, PORTRAIT, '-o', 'one.png', code=2)[1]
    assert 'no-folder' in run('draw', GROUP, '-o', 'no-folder/x.png', code=1)[1]


@test
def outputs_never_overwrite(_):
    shutil.copy(PORTRAIT, 'a.jpg')
    before = open('a.jpg', 'rb').read()
    assert 'overwrite' in run('draw', 'a.jpg', '-o', 'a.jpg', code=1)[1]
    assert 'overwrite' in run('blur', 'a.jpg', '-o', '.', code=1)[1]
    assert open('a.jpg', 'rb').read() == before
    pgm('x/a.pgm', 8, 8, ramp)
    pgm('y/a.pgm', 8, 8, ramp)
    run('draw', 'x', 'y', '-o', 'out')
    assert len(os.listdir('out')) == 2, 'two pictures of one name became one'


@test
def blur_hides_the_face_and_nothing_else(_):
    pgm('before.pgm', 160, 200, lambda x, y: (x + y) % 256)
    run('blur', 'before.pgm', '--min-face', '32768', '-o', 'before.png')
    width, _, before = png_pixels('before.png')
    write('boxes.jsonl', b'{"file":"before.png","boxes":[[40,50,60,80]]}')
    for style in ('pixelate', 'blur', 'box'):
        out, _ = run('blur', 'before.png', '--boxes', 'boxes.jsonl', '--style', style, '-o', style + '.png')
        assert out == f'{style}.png: 1 face\n'
        _, _, after = png_pixels(style + '.png')
        inside, outside = [], 0
        for y, (old, new) in enumerate(zip(before, after)):
            for x in range(width):
                if 31 <= x < 109 and 38 <= y < 142:
                    inside.append(new[3 * x:3 * x + 3])
                elif old[3 * x:3 * x + 3] != new[3 * x:3 * x + 3]:
                    outside += 1
        assert outside == 0, (style, outside)
        colours = len(set(inside))
        least, most = {'pixelate': (2, 49), 'blur': (50, 256), 'box': (1, 1)}[style]
        assert least <= colours <= most, (style, colours)


@test
def names_that_are_not_utf8(_):
    name = b'caf\xe9\n\x01.pgm'
    pgm('x.pgm', 8, 8, ramp)
    try:
        os.rename(b'x.pgm', name)
    except OSError as error:
        raise Skip(f'this file system refuses such names: {error}') from error
    done = subprocess.run([TOOL, 'read', name], capture_output=True, check=True)
    assert parse(done.stdout.decode())[0]['file'] == 'caf\ufffd\n\x01.pgm'


@test
def timings_on_request(_):
    picture, = read(PORTRAIT, '--time')
    assert list(picture)[-1] == 'timing' and list(picture['timing']) == ['load_ms', 'read_ms']
    assert all(value >= 0 for value in picture['timing'].values())


@test
def no_progress_in_pipes(_):
    names = [pgm(f'{i}.pgm', 8, 8, ramp) for i in range(30)]
    assert run('read', *names)[1] == ''


@test
def a_full_disk_is_an_error(_):
    if not os.path.exists('/dev/full'):
        raise Skip('no /dev/full here')
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([TOOL, 'read', PORTRAIT], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3 and b'cannot write' in done.stderr


@test
def info_and_self_test(_):
    out, _ = run('info')
    for word in ('version', 'back ends', 'detector', 'landmarks', 'eyes', 'expression'):
        assert word in out, word
    out, _ = run('self-test')
    lines = out.splitlines()
    assert len(lines) >= 4 and all(line.endswith(' ok') for line in lines), out


@test
def the_order_of_options_is_free(_):
    assert run('read', PORTRAIT, '--signals', 'none') == run('read', '--signals=none', PORTRAIT)
    pgm('-dash.pgm', 8, 8, ramp)
    assert read('--', '-dash.pgm')[0]['file'] == '-dash.pgm'
    assert read('./-dash.pgm')


def main():
    """Runs every test in a folder of its own; the exit code says whether one failed."""
    failed = 0
    print(f'1..{len(TESTS)}')
    for number, function in enumerate(TESTS, 1):
        name = function.__name__.replace('_', ' ')
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                function(folder)
                print(f'ok {number} - {name}', flush=True)
            except Skip as reason:
                print(f'ok {number} - {name} # SKIP {reason}', flush=True)
            except Exception as error:  # one broken test must not hide the others
                failed += 1
                print(f'not ok {number} - {name}', flush=True)
                print(f'# {type(error).__name__}: {str(error)[:2000]}'.replace('\n', '\n# '), flush=True)
            os.chdir('/')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
