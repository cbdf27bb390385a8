#!/usr/bin/env bash
# Runs all tests. TRANSFER_DATA=… names the folder of real pictures that some tests need.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
say "Tests (TRANSFER_DATA=${TRANSFER_DATA:-unset: tests on real pictures are skipped})"
exec ctest --test-dir build --no-tests=error --output-on-failure --parallel 2
