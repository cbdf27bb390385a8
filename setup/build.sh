#!/usr/bin/env bash
# Configures and builds into build/. TORCH_DIR=… links another LibTorch than .venv's.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
if [ -x build/transfer ]; then
  say "Build: into build/"
else
  say "Build: into build/ (about 5 minutes on 2 cores)"
fi
# A folder configured by hand keeps its generator; TORCH_DIR is always given, so that leaving it out undoes it.
generator=(-G Ninja)
[ ! -e build/CMakeCache.txt ] || generator=()
mkdir -p build
cmake -S . -B build "${generator[@]}" -Wno-dev -DTRANSFER_BUILD_TESTS=ON \
  -DTORCH_DIR="${TORCH_DIR:+$(realpath -m "$TORCH_DIR")}" > build/configure.log 2>&1 ||
  { cat build/configure.log >&2
    stop "CMake could not configure the build" "mend what the message above names, or start afresh with: make clean"; }
cmake --build build --parallel "$(nproc)" || stop "the build failed" "look at the first error above"
