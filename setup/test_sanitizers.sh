#!/usr/bin/env bash
# Unit tests and some black-box tests under AddressSanitizer with UndefinedBehaviorSanitizer, then under
# ThreadSanitizer, in build/asan and build/tsan. SANITIZERS=asan names one of them.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
for preset in ${SANITIZERS:-asan tsan}; do
  mkdir -p build/"$preset"
  say "Sanitizers: building build/$preset (about 10 minutes on 2 cores)"
  cmake --preset "$preset" -Wno-dev > build/"$preset"/configure.log 2>&1 ||
    { cat build/"$preset"/configure.log >&2
      stop "CMake could not configure build/$preset" "fix what the message above names"; }
  cmake --build --preset "$preset" --parallel "$(nproc)" || stop "the build failed" "read the first error above"
  say "Sanitizers: tests in build/$preset"
  ctest --preset "$preset" || stop "a test failed under $preset" "read the sanitizer's report above"
done
