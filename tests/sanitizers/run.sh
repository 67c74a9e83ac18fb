#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh SOURCE BUILD PRESET TEST...: builds these tests with the preset's sanitizers in BUILD and runs them.
set -euo pipefail
source=$1 build=$2 preset=$3
shift 3
fail() {
  tail -n 20 "$build.log"
  exit 1
}
mkdir -p "$(dirname "$build")"
cmake --preset "$preset" -S "$source" -B "$build" >"$build.log" 2>&1 || fail
cmake --build "$build" --target "${@/#/test_}" >>"$build.log" 2>&1 || fail
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS="halt_on_error=1 suppressions=$source/tests/sanitizers/threads.supp"
for test in "$@"; do
  "$build/tests/test_$test"
done
