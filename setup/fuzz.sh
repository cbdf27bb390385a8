#!/usr/bin/env bash
# Builds the fuzz targets with sanitizers in build/fuzz, makes their seeds and runs them.
# SECONDS_EACH=60 is for each target; TARGETS="png csv" names some of them; JOBS run at once.
# With clang they run under libFuzzer, else under a plain loop; FUZZ_CXX names the compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
build=build/fuzz
compiler=${FUZZ_CXX:-}
if [ -z "$compiler" ]; then
  bash setup/install_debian_packages.sh setup/debian-packages-fuzz.txt ||
    say "clang cannot be installed here: seeds are changed blindly, without libFuzzer"
  for candidate in clang++-14 clang++ g++; do
    compiler=$(command -v $candidate || true)
    [ -z "$compiler" ] || break
  done
fi
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
