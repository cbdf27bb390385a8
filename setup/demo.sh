#!/usr/bin/env bash
# Trains on real images: which of 2,624 solar cells are defective?
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
say "Demo data: solar cells (elpv-dataset, CC BY-NC-SA)"
.venv/bin/python datasets/prepare/elpv.py --out datasets/demo/elpv ||
  stop "the demo data could not be prepared" "read the message above"
run="runs/demo-$(date +%Y%m%d-%H%M%S)"
say "Demo: transfer --strategy freeze-conv --data datasets/demo/elpv --output $run"
build/transfer --strategy freeze-conv --data datasets/demo/elpv --output "$run"
.venv/bin/python setup/compare_with_paper.py "$run"
