#!/usr/bin/env bash
# Configures build/ and builds there. TORCH_DIR=FOLDER links another LibTorch than .venv's.
# Usage: build.sh program|all
#   program  build/transfer alone, which takes half as long
#   all      the tests too
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
case ${1:-program} in
  program) what="the program" target=transfer is_built=build/transfer minutes=3 ;;
  all) what="the program and its tests" target=all is_built=build/tests/test_app minutes=6 ;;
  *) stop "setup/build.sh builds 'program' or 'all', not '$1'" "name one of them" ;;
esac
if [ -x $is_built ]; then
  say "Build: $what in build/"
else
  say "Build: $what in build/ (about $minutes minutes on 2 cores)"
fi
# A folder configured by hand keeps its generator. TORCH_DIR is always passed, so that leaving it out undoes it. The
# tests are always configured, so that `make demo` and `make test` never undo each other's work.
generator=(-G Ninja)
[ ! -e build/CMakeCache.txt ] || generator=()
mkdir -p build
cmake -S . -B build "${generator[@]}" -Wno-dev -DTRANSFER_BUILD_TESTS=ON \
  -DTORCH_DIR="${TORCH_DIR:+$(realpath -m "$TORCH_DIR")}" > build/configure.log 2>&1 ||
  { cat build/configure.log >&2
    stop "CMake could not configure the build" "fix what the message above names, or start afresh with: make clean"; }
cmake --build build --parallel "$(nproc)" --target $target || stop "the build failed" "read the first error above"
