"""Counts single tests in the logs of `meson test`: python3 tests/count.py BUILD-FOLDER [LOG-NAME...].

Every line `ok` or `not ok` of a TAP program counts as one test, a program that prints none of them as one. A
program that fails although none of its lines says so counts as one failure more. The last line printed is
"N passed, N failed, N skipped"; the exit code is 1 when something failed or nothing ran.
"""
import json
import os
import re
import sys


def count_program(program):
    """(passed, failed, skipped) of one record of testlog.json."""
    passed = failed = skipped = 0
    for line in program.get('stdout', '').splitlines():
        found = re.match(r'\s*(not )?ok\b([^#]*)(#\s*skip)?', line, re.IGNORECASE)
        if found and found.group(3):
            skipped += 1
        elif found and found.group(1):
            failed += 1
        elif found:
            passed += 1
    result = program['result']
    if result == 'SKIP' and not skipped:
        skipped = 1
    if result in ('OK', 'EXPECTEDFAIL') and passed + failed + skipped == 0:
        passed = 1
    if result not in ('OK', 'EXPECTEDFAIL', 'SKIP') and failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    """Adds up the logs and prints one line."""
    names = sys.argv[2:] or ['testlog']
    total = [0, 0, 0]
    for name in names:
        with open(os.path.join(sys.argv[1], 'meson-logs', name + '.json'), encoding='utf-8') as log:
            for line in log:
                total = [a + b for a, b in zip(total, count_program(json.loads(line)))]
    print('%d passed, %d failed, %d skipped' % tuple(total))
    return 1 if total[1] or total[0] == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
