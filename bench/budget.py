"""A budget of instructions for the kernels: what no busy machine can blur.

    python3 bench/budget.py AFFECT-BENCH [--write]

Runs every kernel of the bench once under callgrind, portable C and AVX2, and compares the instructions in each
kernel family with bench/budget.json. More than the slack above it fails; so does twice the slack below it: then the
budget is out of date (--write makes it anew). Other compilers than the budget's give other numbers: those are printed
and not judged. Exit code 0: kept or not judged, 1: exceeded, 2: cannot be measured.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

BUDGET = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'budget.json')
FUNCTIONS = ('af_conv_c', 'af_depthwise_c', 'af_conv_avx2', 'af_depthwise_avx2')
SLACK = 0.05


def compiler_of(program):
    """What the program says it was compiled by: 'gcc 12', 'clang 14'."""
    with open(program, 'rb') as file:
        data = file.read()
    found = re.search(rb'clang version (\d+)', data)
    if found:
        return 'clang ' + found.group(1).decode()
    found = re.search(rb'GCC: \([^)]*\) (\d+)', data)
    return 'gcc ' + found.group(1).decode() if found else 'unknown'


def count(program):
    """Instructions in each kernel, what it calls included."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'out')
        subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out, program,
                        '--only', 'kernels', '--seconds', '0'],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        text = subprocess.run(['callgrind_annotate', '--inclusive=yes', '--threshold=100', out],
                              check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    counts = {}
    for line in text.splitlines():
        found = re.match(r'\s*([\d,]+)\s.*:(\w+)(\.constprop\.\d+)?\b', line)
        if found and found.group(2) in FUNCTIONS:
            counts[found.group(2)] = int(found.group(1).replace(',', ''))
    return counts


def judge(counts, budget):
    """Prints each function beside its budget; False if one is not kept."""
    kept = True
    for name, number in counts.items():
        allowed = budget.get(name)
        if not allowed:
            print('%-20s %12d, no budget' % (name, number))
            continue
        ratio = number / allowed
        good = 1 - 2 * SLACK <= ratio <= 1 + SLACK
        kept = kept and good
        print('%-20s %12d of %12d, %+.1f %%%s' % (name, number, allowed, 100 * (ratio - 1), '' if good else
                                                  ': too many' if ratio > 1 else ': the budget is out of date'))
    return kept


def main():
    """Measures, then writes or judges."""
    program = sys.argv[1]
    compiler = compiler_of(program)
    try:
        counts = count(program)
    except (OSError, subprocess.CalledProcessError) as error:
        print(error)
        return 2
    if not counts:
        print('callgrind names none of the kernels')
        return 2
    if '--write' in sys.argv[2:]:
        with open(BUDGET, 'w', encoding='utf-8') as file:
            json.dump({'compiler': compiler, 'instructions': counts}, file, indent=2)
            file.write('\n')
        print(json.dumps(counts, indent=2))
        return 0
    with open(BUDGET, encoding='utf-8') as file:
        budget = json.load(file)
    if budget['compiler'] != compiler:
        print('measured, not judged: the budget is for %s, this is %s' % (budget['compiler'], compiler))
        judge(counts, {})
        return 0
    return 0 if judge(counts, budget['instructions']) else 1


if __name__ == '__main__':
    sys.exit(main())
