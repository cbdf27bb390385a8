#!/usr/bin/env bash
# Who may include whom (see README, "Inside"). Fails on a breach, and first proves that it would.
# Usage: layering.sh [ROOT]
set -euo pipefail
root=${1:-.}
breaches=0

# refuse FOLDER PATTERN REASON: no file of FOLDER may include what PATTERN matches.
refuse() {
  local found
  found=$(grep -rnE --include='*.h' --include='*.cpp' "^#include [<\"]($2)" "$root/$1" 2>/dev/null || true)
  if [ -n "$found" ]; then
    printf '%s: %s\n%s\n' "$1" "$3" "$found"
    breaches=$((breaches + 1))
  fi
}

check() {
  refuse core 'configs/|datasets/|models/|app/' "core includes no other folder"
  refuse configs 'datasets/|models/|app/' "configs includes core only"
  refuse datasets 'models/|app/' "datasets and models never include each other, nothing includes app"
  refuse models 'datasets/|app/' "datasets and models never include each other, nothing includes app"
  local folder
  for folder in core datasets models app; do
    refuse "$folder" 'yaml-cpp/' "yaml-cpp appears in configs/ only"
  done
  for folder in core configs models app/commands app/compute app/features app/training; do
    refuse "$folder" 'opencv2/' "OpenCV appears in datasets/ and app/report/ only"
  done
  for folder in core configs datasets app; do
    refuse "$folder" 'torch/script\.h|torch/csrc/jit' "TorchScript appears in models/ only"
  done
}

if [ $# -eq 0 ]; then
  planted=$(mktemp -d)
  trap 'rm -rf "$planted"' EXIT
  mkdir -p "$planted/core" "$planted/datasets" "$planted/app/features"
  echo '#include "configs/config.h"' > "$planted/core/a.h"
  echo '#include <torch/script.h>' > "$planted/datasets/a.cpp"
  echo '#include <yaml-cpp/yaml.h>' > "$planted/app/features/a.cpp"
  if bash "$0" "$planted" > /dev/null; then
    echo "the check passes a tree with planted breaches"
    exit 1
  fi
fi
check
[ "$breaches" -eq 0 ]
