#!/bin/sh
# WebAssembly: compiles the library and tests with clang for WASI and runs them under Node.
#
#     sh tests/cross/wasm.sh BUILD-FOLDER [COMPILER-OPTION...]
#
# -msimd128 among the options gives the SIMD kernels, none the portable ones. Prints TAP. Debian: clang lld
# wasi-libc libclang-rt-14-dev-wasm32 nodejs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1/objects"
build=$(cd "$1" && pwd)
shift
cd "$root"

compile() {
    "${CLANG:-clang}" --target=wasm32-wasi -O2 -std=c11 -ffp-contract=off -I"$root/include" -I"$root/lib" "$@"
}

for file in lib/*.c lib/*/*.c lib/*/*/*.c; do
    compile "$@" -c "$file" -o "$build/objects/$(echo "$file" | tr / _).o"
done
for name in kernels nn affect; do
    compile "$@" -isystem tests/cross/wasi -isystem tests/cross/stand-in "tests/test_$name.c" "$build"/objects/*.o \
        -Wl,-z,stack-size=1048576 -o "$build/test_$name.wasm"
done
status=0
for name in kernels nn affect; do
    echo "# $name"
    timeout 300 node tests/cross/run_wasi.mjs "$build/test_$name.wasm" || status=1
done
exit $status
