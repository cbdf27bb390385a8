#!/usr/bin/env bash
# Configures and builds into build/. TORCH_DIR=… links another LibTorch than .venv's.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
say "Build: into build/ (the first takes about 5 minutes on 2 cores)"
cmake -S . -B build -G Ninja -Wno-dev ${TORCH_DIR:+-DTORCH_DIR="$TORCH_DIR"} > build-configure.log 2>&1 ||
  { cat build-configure.log >&2; rm -f build-configure.log; stop "CMake could not configure the build" "look at the message above"; }
rm -f build-configure.log
cmake --build build || stop "the build failed" "look at the first error above"
