#!/bin/sh
# The library without a build system, as README says. Usage: test_plain_cc.sh ROOT. Prints TAP.
set -u
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$1" || exit 1
failed=0
echo 1..2

if ${CC:-cc} -O2 -std=c11 -ffp-contract=off -Wall -Iinclude -Ilib examples/minimal.c lib/*.c lib/*/*.c \
    lib/*/*/*.c -o "$out/minimal" 2>"$out/errors" && [ ! -s "$out/errors" ]; then
    echo "ok 1 - cc compiles lib/ and a program, without a warning and with nothing but libc"
else
    echo "not ok 1 - cc compiles lib/ and a program, without a warning and with nothing but libc"
    head -n 40 "$out/errors" | sed 's/^/# /'
    failed=1
fi
printf 'P5 96 64 255\n' >"$out/grey.pgm"
head -c 6144 /dev/zero >>"$out/grey.pgm"
if "$out/minimal" "$out/grey.pgm" >"$out/out" 2>&1 && [ "$(tail -n 1 "$out/out")" = "0 faces" ]; then
    echo "ok 2 - the program reads a picture in which nobody is"
else
    echo "not ok 2 - the program reads a picture in which nobody is"
    sed 's/^/# /' "$out/out"
    failed=1
fi
exit $failed
