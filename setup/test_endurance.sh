#!/usr/bin/env bash
# Runs the program against failing disks or random kills.
# Usage: test_endurance.sh faults|soak [FLAGS]
#   faults  tests/faults/sweep.py: the n-th call of each kind fails, for every n
#   soak    tests/faults/soak.py: many small jobs in two batches that are killed again and again
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
case ${1:-} in
  faults) module=tests.faults.sweep ;;
  soak) module=tests.faults.soak ;;
  *) stop "setup/test_endurance.sh runs 'faults' or 'soak', not '${1:-}'" "name one of them" ;;
esac
shift
bash setup/build.sh program
cmake --build build --target fault_shim
.venv/bin/python tests/fixtures/tiny_backbone.py build/fixtures
exec .venv/bin/python -m $module "$@"
