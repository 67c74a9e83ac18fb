#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh SOURCE BUILD: builds the engine's and the pipeline's tests with AddressSanitizer and UBSan in BUILD and runs them.
set -euo pipefail
source=$1 build=$2
cmake --preset asan-ubsan -S "$source" -B "$build" >"$build.log" 2>&1 || { tail -n 20 "$build.log"; exit 1; }
cmake --build "$build" --target test_engine test_neurons test_pipeline >>"$build.log" 2>&1 || { tail -n 20 "$build.log"; exit 1; }
export UBSAN_OPTIONS=print_stacktrace=1
for test in engine neurons pipeline; do
  "$build/tests/test_$test"
done
