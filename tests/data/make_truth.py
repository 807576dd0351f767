"""Prints tests/data/sample_truth.h from the renderer's truth beside the sample pictures.

    python3 tests/data/make_truth.py FOLDER > tests/data/sample_truth.h

FOLDER holds NAME.json for each examples/pictures/NAME.jpg: a list of faces with `lm` (68 points,
an integer is a pixel's edge), `pose` (yaw, pitch, roll), `openness` (left, right), `gaze_cam`.
"""
import json
import pathlib
import sys


def main():
    print('/* The renderer\'s exact truth of examples/pictures, written by tests/data/make_truth.py. */')
    print('typedef struct sample_face {\n    const char *picture;\n    float yaw, pitch, roll;')
    print('    float open_right, open_left;\n    float points[68][2];\n} sample_face;\n')
    print('static const sample_face sample_faces[] = {')
    for path in sorted(pathlib.Path(sys.argv[1]).glob('*.json')):
        for face in json.loads(path.read_text()):
            points = ', '.join('{%.1ff, %.1ff}' % tuple(p) for p in face['lm'])
            pose = ', '.join('%.2ff' % a for a in face['pose'])
            left, right = face['openness']
            print('    {"%s.jpg", %s, %.2ff, %.2ff,\n     {%s}},' % (path.stem, pose, right, left, points))
    print('};')


main()
