#!/bin/sh
# Builds libaffect and reads a picture: sh examples/quickstart.sh. Installs what is missing by
# apt-get, as root or with sudo, and says so.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-quickstart
out=${1:-$root/build-quickstart/faces}

packages=
need() { # need COMMAND-OR-FILE PACKAGE
    case $1 in
    /*) [ -e "$1" ] || packages="$packages $2" ;;
    *) command -v "$1" >/dev/null 2>&1 || packages="$packages $2" ;;
    esac
}
need cc gcc
need /usr/include/stdio.h libc6-dev
need meson meson
need ninja ninja-build
need pkg-config pkg-config
need /usr/include/stb/stb_image.h libstb-dev
if [ -n "$packages" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Please install:$packages" >&2
        exit 1
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "1. Installing$packages"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq </dev/null >/dev/null
    # shellcheck disable=SC2086
    $sudo apt-get install -y -qq --no-install-recommends $packages </dev/null >/dev/null
else
    echo "1. Everything needed is installed."
fi

echo "2. Building in $build"
mkdir -p "$build"
{
    [ -f "$build/build.ninja" ] ||
        meson setup "$build" "$root" -Dtool=enabled -Dtests=disabled -Dbench=disabled
    meson compile -C "$build"
} >"$build/quickstart.log" 2>&1 || {
    tail -n 30 "$build/quickstart.log"
    echo "The build failed; all of it is in $build/quickstart.log" >&2
    exit 1
}
affect=$build/examples/affect/affect

echo "3. Reading examples/pictures/group_of_eight.jpg (rendered faces; emotions are asked for here,"
echo "   they are off by default)"
echo
mkdir -p "$out"
cd "$root"
picture=examples/pictures/group_of_eight.jpg
"$affect" read "$picture" --signals all --format table
"$affect" read "$picture" --signals all >"$out/group_of_eight.json"
"$affect" draw "$picture" --signals all --quiet -o "$out/group_of_eight.png"
cat <<END

Angles are degrees: yaw and gaze > 0 to their own left, pitch and up > 0 upwards. A score says what a
face shows in this picture, not what a person feels (docs/ethics.md).

JSON:    $out/group_of_eight.json
Drawn:   $out/group_of_eight.png
Yours:   $affect draw YOUR.jpg -o out.png     ($affect --help)
END
