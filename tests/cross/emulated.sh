# Part of .ci/run: the same bits on other processors, by cross compilers and qemu's user emulation.
# What cannot be installed is skipped.

# install_for NAME COMMAND=PACKAGE...: 1 when a command is still missing afterwards.
apt_lists=old
install_for() {
    local name=$1 pair sudo= missing=()
    shift
    for pair in "$@"; do
        have "${pair%%=*}" || [ -e "${pair%%=*}" ] || missing+=("${pair#*=}")
    done
    if [ ${#missing[@]} -gt 0 ] && have apt-get; then
        [ "$(id -u)" = 0 ] || sudo=sudo
        [ "$apt_lists" = new ] || $sudo apt-get update -qq </dev/null >/dev/null
        apt_lists=new
        echo "Installing ${missing[*]}"
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "${missing[@]}" </dev/null >/dev/null
    fi
    for pair in "$@"; do
        have "${pair%%=*}" || [ -e "${pair%%=*}" ] || {
            skip "$name" "${pair#*=} cannot be installed"
            return 1
        }
    done
}

# compile_for NAME MESON-OPTION...: what is run below, in $work/NAME.
compile_for() {
    local folder=$work/$1
    shift
    rm -rf "$folder"
    meson setup "$folder" "$root" -Dwerror=true -Dbench=disabled -Dexamples=disabled "$@" &&
        meson compile -C "$folder" test_kernels test_nn \
            examples/affect/affect:executable
}

# same_reading RUNNER... TOOL: the sample pictures read as here, to the last digit.
same_reading() {
    "$@" read examples/pictures/portrait.jpg examples/pictures/profile.jpg --signals all \
        >"$work/emulated.json" && cmp "$work/native.json" "$work/emulated.json"
}

# has_back_ends "NAMES" RUNNER... TOOL: exactly these.
has_back_ends() {
    local want=$1 got
    shift
    got=$("$@" info | sed -n 's/^back ends  *//p')
    [ "$got" = "$want" ] || {
        echo "back ends: $got; wanted: $want"
        return 1
    }
}

# check_on WHAT FOLDER "BACK ENDS" RUNNER...: kernels, networks by their hashes, whole readings.
check_on() {
    local what=$1 folder=$work/$2 back_ends=$3
    shift 3
    [ -x "$folder/examples/affect/affect" ] || return
    step "$what: back ends" has_back_ends "$back_ends" "$@" "$folder/examples/affect/affect"
    step "$what: kernels" "$@" "$folder/tests/test_kernels"
    step "$what: networks" "$@" "$folder/tests/test_nn"
    step "$what: golden vectors" "$@" "$folder/examples/affect/affect" self-test
    step "$what: readings" same_reading "$@" "$folder/examples/affect/affect"
}

"$work/gcc/examples/affect/affect" read examples/pictures/portrait.jpg \
    examples/pictures/profile.jpg --signals all >"$work/native.json"

if install_for "64-bit Arm" aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu \
    /usr/aarch64-linux-gnu/include/stdio.h=libc6-dev-arm64-cross qemu-aarch64=qemu-user; then
    step "build for 64-bit Arm" compile_for aarch64 --cross-file tests/cross/aarch64.txt
    check_on "Arm Cortex-A53" aarch64 "portable neon" qemu-aarch64 -cpu cortex-a53
    check_on "Arm Neoverse N1" aarch64 "portable neon dotprod" qemu-aarch64 -cpu neoverse-n1
fi
if install_for "32-bit Arm" arm-linux-gnueabihf-gcc=gcc-arm-linux-gnueabihf \
    /usr/arm-linux-gnueabihf/include/stdio.h=libc6-dev-armhf-cross qemu-arm=qemu-user; then
    step "build for 32-bit Arm" compile_for armhf --cross-file tests/cross/armhf.txt
    check_on "Arm Cortex-A7" armhf "portable neon" qemu-arm -cpu cortex-a7
fi
if install_for "s390x, big-endian" s390x-linux-gnu-gcc=gcc-s390x-linux-gnu \
    /usr/s390x-linux-gnu/include/stdio.h=libc6-dev-s390x-cross qemu-s390x=qemu-user; then
    step "build for s390x, big-endian" compile_for s390x --cross-file tests/cross/s390x.txt
    check_on "s390x, big-endian" s390x "portable" qemu-s390x
fi
if install_for "32-bit x86" i686-linux-gnu-gcc=gcc-i686-linux-gnu \
    /usr/i686-linux-gnu/include/stdio.h=libc6-dev-i386-cross; then
    step "build for 32-bit x86" compile_for i686 --cross-file tests/cross/i686.txt
    if [ -x "$work/i686/examples/affect/affect" ]; then
        step "32-bit x86: kernels" "$work/i686/tests/test_kernels"
        step "32-bit x86: golden vectors" "$work/i686/examples/affect/affect" self-test
        step "32-bit x86: readings" same_reading "$work/i686/examples/affect/affect"
    fi
fi
if [ "$(uname -m)" = x86_64 ] && install_for "old x86" qemu-x86_64=qemu-user; then
    # traps on every instruction that came later
    check_on "x86 of 2008" gcc "portable" qemu-x86_64 -cpu Nehalem
fi
step "build without optimisation" compile_for unoptimised --buildtype=plain --optimization=0
check_on "without optimisation" unoptimised "$("$work/gcc/examples/affect/affect" info |
    sed -n 's/^back ends  *//p')" env
if install_for "WebAssembly" clang=clang wasm-ld=lld node=nodejs \
    /usr/include/wasm32-wasi/stdio.h=wasi-libc \
    /usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi/libclang_rt.builtins-wasm32.a=libclang-rt-14-dev-wasm32; then
    step "WebAssembly with SIMD" sh tests/cross/wasm.sh "$work/wasm-simd" -msimd128
    step "WebAssembly without SIMD" sh tests/cross/wasm.sh "$work/wasm"
fi
