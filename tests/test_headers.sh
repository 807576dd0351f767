#!/bin/sh
# The public header in C11, C17, C++11 and C++20, strict. Usage: test_headers.sh ROOT LIBAFFECT.a
# Prints TAP. CC and CXX name the compilers.
set -u
root=$1
library=$2
cc=${CC:-cc}
cxx=${CXX:-c++}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0
number=0

check() { # check NAME COMPILER LANGUAGE STANDARD
    number=$((number + 1))
    if ! command -v "${2%% *}" >/dev/null 2>&1; then
        echo "ok $number - header as $1 # SKIP no compiler $2"
    elif $2 -x "$3" "-std=$4" -Wall -Wextra -Wpedantic -Werror -I"$root/include" \
        -c "$root/tests/test_header.c" -o "$out/header.o" 2>"$out/errors" &&
        $2 "$out/header.o" "$library" -o "$out/header" 2>>"$out/errors" && "$out/header"; then
        echo "ok $number - header as $1"
    else
        echo "not ok $number - header as $1"
        sed 's/^/# /' "$out/errors"
        failed=1
    fi
}

echo 1..4
check C11 "$cc" c c11
check C17 "$cc" c c17
check C++11 "$cxx" c++ c++11
check C++20 "$cxx" c++ c++20
exit $failed
