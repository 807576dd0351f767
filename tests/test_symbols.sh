#!/bin/sh
# Names that leave the library. Usage: test_symbols.sh LIBAFFECT.so LIBAFFECT.a HEADER. Prints TAP.
set -u
shared=$1
static=$2
header=$3
nm=${NM:-nm}
failed=0

result() { # result NUMBER NAME WRONG: passes when nothing is wrong
    if [ -z "$3" ]; then
        echo "ok $1 - $2"
    else
        echo "not ok $1 - $2"
        echo "$3" | sed 's/^/# /'
        failed=1
    fi
}

echo 1..5
exported=$($nm -D --defined-only "$shared" | awk '{print $3}' | sort)
result 1 "the shared library exports affect_* alone" \
    "$(echo "$exported" | grep -v '^affect_[a-z_0-9]*$')"
declared=$(grep -o '\baffect_[a-z_]*(' "$header" | tr -d '(' | sort -u |
    while read -r name; do grep -q "^AFFECT_API.*\b$name(" "$header" && echo "$name"; done)
missing=$(for name in $declared; do echo "$exported" | grep -qx "$name" || echo "$name"; done)
[ -n "$declared" ] || missing="no function found in the header"
result 2 "every function of the header is exported" "$missing"
result 3 "the static library's names begin with affect_ or af_" \
    "$($nm -g --defined-only "$static" | awk 'NF == 3 {print $3}' | grep -v -e '^affect_' -e '^af_')"
# Constants that hold pointers are in .data.rel.ro, which is read-only once the program runs.
written=$(objdump -t "$static" 2>/dev/null |
    awk '/ O (\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && !/ \.data\.rel\.ro/ {print $NF}')
result 4 "no globals that are written" "$written"
# libm, threads and standard streams are not for the library; sanitizers and guards are a build's.
result 5 "libc alone, no printing, no exit" \
    "$($nm -u "$static" | awk '$1 == "U" {print $2}' | sort -u |
        grep -x -e 'printf' -e 'f*put[cs]' -e 'v*f*printf' -e 'abort' -e 'exit' -e 'setjmp' -e 'longjmp' \
            -e 'pthread_.*' -e 'sinf*' -e 'cosf*' -e 'expf*' -e 'logf*' -e 'powf*' -e 'atan2*f*' \
            -e 'roundf*' -e 'floorf*' -e 'stderr' -e 'stdout' -e 'setlocale' -e 'rand')"
exit $failed
