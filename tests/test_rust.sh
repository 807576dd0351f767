#!/bin/sh
# The Rust example's tests as TAP. Usage: test_rust.sh CRATE TARGET-FOLDER. Offline: the crate has no
# dependencies.
set -u
cd "$1" || exit 1
out=$(CARGO_TARGET_DIR="$2" cargo test --offline --quiet -- --format pretty 2>&1)
status=$?
echo "$out" | awk '
    /^test .* \.\.\. ok$/ { print "ok " ++n " - " $2; next }
    /^test .* \.\.\. ignored/ { print "ok " ++n " - " $2 " # SKIP ignored"; next }
    /^test .*\(line [0-9]+\).* \.\.\. ok$/ { print "ok " ++n " - documentation"; next }
    /^test .* \.\.\. FAILED$/ { print "not ok " ++n " - " $2; next }
    { print "# " $0 }
    END { print "1.." n + 0 }'
exit $status
