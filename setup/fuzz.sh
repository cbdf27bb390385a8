#!/usr/bin/env bash
# Builds the fuzz targets with sanitizers in build/fuzz, makes their seeds and runs them.
# SECONDS_EACH=60 is for each target; TARGETS="png csv" names some of them; JOBS run at once.
# With clang (16 to 14 are Debian's) they run under libFuzzer, else under a plain loop.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
build=build/fuzz
compiler=${FUZZ_CXX:-}
for candidate in clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14 g++; do
  [ -z "$compiler" ] || break
  compiler=$(command -v $candidate || true)
done
[ -n "$compiler" ] || stop "there is neither clang++ nor g++" "apt-get install clang-14"
mkdir -p $build
generator=(-G Ninja)
[ ! -e $build/CMakeCache.txt ] || generator=()
say "Fuzz: building the targets in $build with $compiler (several minutes the first time)"
cmake --preset fuzz "${generator[@]}" -Wno-dev -DCMAKE_CXX_COMPILER="$compiler" > $build/configure.log 2>&1 ||
  { cat $build/configure.log >&2; stop "CMake could not configure $build" "fix what the message above names"; }
cmake --build $build --parallel "$(nproc)" --target fuzzers || stop "the build failed" "read the first error above"
rm -rf $build/seeds
.venv/bin/python fuzz/seeds.py $build/seeds --stored $build/fuzz/fuzz_stored_seeds
say "Fuzz: ${SECONDS_EACH:-60} seconds for each target"
# shellcheck disable=SC2086  # TARGETS is a list
.venv/bin/python fuzz/run.py --build $build --seconds "${SECONDS_EACH:-60}" --jobs "${JOBS:-$(nproc)}" ${TARGETS:-} ||
  stop "an input ended a target" "run build/fuzz/fuzz/fuzz_TARGET with the file under $build/findings/TARGET; see CONTRIBUTING.md"
