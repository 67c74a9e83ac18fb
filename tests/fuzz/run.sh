#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh pipeline|swc SECONDS SOURCE BUILD PLUGINS: builds the fuzzer with clang in BUILD and runs it for so long, from what
# broke the reader before and from the files in the repository.  An input that breaks it is left in BUILD/found: add it to
# tests/fuzz/corpus.
set -euo pipefail
target=$1 seconds=$2 source=$3 build=$4 plugins=$5

probe='extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }'
if ! clang++ -fsanitize=fuzzer,address -x c++ -o /dev/null - <<<"$probe" 2>/dev/null; then
  echo "skipped: there is no clang++ with libFuzzer here (Debian: clang and libclang-rt-dev)"
  exit 77
fi

mkdir -p "$build/found"
flags="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
# The parser of TOML is compiled in, so that the fuzzer sees its branches.
flags+=" -UTOML_HEADER_ONLY -DTOML_HEADER_ONLY=1 -UTOML_SHARED_LIB"
cmake -G Ninja -S "$source" -B "$build" -DAUTOMFM_FUZZERS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang \
  -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_FLAGS="$flags" >"$build/configure.log" 2>&1 || { tail -n 20 "$build/configure.log"; exit 1; }
cmake --build "$build" --target "fuzz_$target" >"$build/build.log" 2>&1 || { tail -n 20 "$build/build.log"; exit 1; }

# Small seeds go further than large ones: whole files, and each of their sections.
seeds=$build/seeds/$target
rm -rf "$seeds"
mkdir -p "$seeds"
case $target in
  pipeline)
    for file in "$source"/configs/*.toml "$source"/tests/fuzz/corpus/pipeline/*.toml; do
      name=$seeds/$(basename "$file" .toml)
      cp "$file" "$name"
      awk -v name="$name" '/^\[/ { n++ } { print > (name "_" n + 0) }' "$file"
    done
    grep -ohE '^[a-zA-Z_]+ = |\[[a-z_.]+\]|\{ [a-z]+ = "[a-z_]+"|"[^"]*"' "$source"/configs/*.toml | sort -u |
      sed 's/["\\]/\\&/g; s/.*/"&"/' >"$build/$target.dict"
    ;;
  swc)
    printf '"-1"\n"nan"\n"inf"\n"1e400"\n"#"\n"2147483648"\n' >"$build/$target.dict"
    ;;
esac

export MFM_PLUGIN_PATH=$plugins UBSAN_OPTIONS=print_stacktrace=1
cd "$build/found"
exec "$build/tests/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=40000 -print_final_stats=1 \
  -dict="$build/$target.dict" -artifact_prefix="$build/found/$target-" "$seeds" "$source/tests/fuzz/corpus/$target"
