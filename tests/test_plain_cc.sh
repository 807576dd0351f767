#!/bin/sh
# The library without a build system, as README says. Usage: test_plain_cc.sh ROOT. Prints TAP.
set -u
cd "$1" || exit 1
root=$(pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1
echo 1..2
failed=0
if ${CC:-cc} -O2 -std=c11 -ffp-contract=off -I"$root/include" -I"$root/lib" -c "$root"/lib/*.c \
    "$root"/lib/*/*.c "$root"/lib/*/*/*.c 2>errors; then
    echo "ok 1 - cc compiles lib"
else
    echo "not ok 1 - cc compiles lib"
    sed 's/^/# /' errors | head -n 40
    failed=1
fi
if ${CC:-cc} -std=c11 -I"$root/include" "$root/examples/minimal.c" ./*.o -o minimal 2>errors &&
    ./minimal >out; then
    echo "ok 2 - minimal.c links and runs with nothing but libc"
else
    echo "not ok 2 - minimal.c links and runs with nothing but libc"
    cat errors out 2>/dev/null | sed 's/^/# /' | head -n 40
    failed=1
fi
exit $failed
