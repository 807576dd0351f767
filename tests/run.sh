#!/bin/sh
# Builds libaffect and runs every test: sh tests/run.sh [BUILD-FOLDER]. Installs what is missing by
# apt-get, as root or with sudo, and says so. The last line is "N passed, N failed, N skipped".
# Options for meson may stand in MESON_OPTIONS.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build}

# install_missing COMMAND-OR-FILE=PACKAGE...: installs the packages whose command or file is missing.
install_missing() {
    packages=
    for pair in "$@"; do
        what=${pair%%=*}
        case $what in
        /*) [ -e "$what" ] || packages="$packages ${pair#*=}" ;;
        *) command -v "$what" >/dev/null 2>&1 || packages="$packages ${pair#*=}" ;;
        esac
    done
    [ -n "$packages" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Missing, and there is no apt-get here to install it:$packages" >&2
        return 0
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "Installing$packages"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq </dev/null >/dev/null || true
    # shellcheck disable=SC2086
    $sudo apt-get install -y -qq --no-install-recommends $packages </dev/null >/dev/null ||
        echo "Not everything could be installed; going on without." >&2
}

install_missing cc=gcc c++=g++ meson=meson ninja=ninja-build pkg-config=pkg-config python3=python3 \
    nm=binutils /usr/include/cmocka.h=libcmocka-dev /usr/include/stb/stb_image.h=libstb-dev
if [ -z "${AFFECT_NO_BINDINGS:-}" ]; then
    python3 -c 'import numpy' 2>/dev/null || /usr/bin/python3 -c 'import numpy' 2>/dev/null ||
        install_missing /no-numpy=python3-numpy
    install_missing cargo=cargo
fi

if [ -f "$build/build.ninja" ]; then
    # shellcheck disable=SC2086
    [ -z "${MESON_OPTIONS:-}" ] || meson configure "$build" $MESON_OPTIONS
else
    # shellcheck disable=SC2086
    meson setup "$build" "$root" -Dwerror=true ${MESON_OPTIONS:-}
fi
meson compile -C "$build"
status=0
meson test -C "$build" --print-errorlogs || status=$?
python3 "$root/tests/count.py" "$build" || status=1
exit $status
