#!/usr/bin/env bash
# Who may include whom (see docs/architecture.md). Fails on a breach, and first proves for every rule that it would.
# Usage: layering.sh [ROOT]
set -euo pipefail

# The rooms of app, each of which may include those before it; as in CMakeLists.txt.
app_rooms=(compute features training preparation check advice report runs planning batch serving commands)

# refuse PATTERN REASON PLACE...: no C++ file in these places, files or folders, may include what PATTERN matches.
refuse() {
  local pattern=$1 reason=$2 found
  shift 2
  found=$(cd "$root" && for place; do
    [ ! -e "$place" ] || grep -rHnE --include='*.h' --include='*.cpp' \
      "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"](\.\./)*($pattern)" "$place" || true
  done)
  if [ -n "$found" ]; then
    printf '%s:\n%s\n' "$reason" "$found"
    breaches=$((breaches + 1))
  fi
}

# app_but ROOM: every other room of app, and the files directly in app.
app_but() { (cd "$root" && find app -mindepth 1 -maxdepth 1 ! -name "$1" 2>/dev/null || true); }

# refuse_unknown_rooms: a folder of app that app_rooms does not list would be checked against no other room.
refuse_unknown_rooms() {
  local folder
  for folder in "$root"/app/*/; do
    folder=$(basename "$folder")
    [ "$folder" = '*' ] || [[ " ${app_rooms[*]} " == *" $folder "* ]] || {
      echo "app/$folder is not among the rooms at the top of tests/layering.sh"
      breaches=$((breaches + 1))
    }
  done
}

# check ROOT
check() {
  local root=$1 breaches=0
  refuse_unknown_rooms
  refuse '(configs|datasets|models|app)/' "core includes no other folder" core
  refuse '(datasets|models)/' "configs includes core only" configs
  refuse 'models/' "datasets and models never include each other" datasets
  refuse 'datasets/' "datasets and models never include each other" models
  refuse 'app/' "nothing includes app" configs datasets models
  refuse 'yaml-cpp/' "yaml-cpp appears in configs/ only" core datasets models app
  # shellcheck disable=SC2046  # one word a place
  refuse 'opencv2/' "OpenCV appears in datasets/ and app/report/ only" core configs models $(app_but report)
  # shellcheck disable=SC2046
  refuse 'boost/' "Boost appears in app/serving/ only" core configs datasets models $(app_but serving)
  # shellcheck disable=SC2046
  refuse 'mpi\.h' "MPI appears in app/compute/ only" core configs datasets models $(app_but compute)
  local room below earlier=()
  for room in "${app_rooms[@]}"; do
    for below in "${earlier[@]}"; do
      refuse "app/$room/" "app/$below lies below app/$room" "app/$below"
    done
    earlier+=("$room")
  done
  refuse "app/runs/" "app/batch starts runs as programs of their own" app/batch
  refuse '(torch/script\.h|torch/csrc/jit)' "TorchScript appears in models/ only" core configs datasets app
  [ "$breaches" -eq 0 ]
}

# must_fail FILE LINE: a tree with this one line in this one file does not pass.
must_fail() {
  local tree
  tree=$(mktemp -d)
  mkdir -p "$tree/$(dirname "$1")"
  echo "$2" > "$tree/$1"
  if check "$tree" > /dev/null; then
    rm -rf "$tree"
    echo "the check passes $1 with the planted breach $2"
    exit 1
  fi
  rm -rf "$tree"
}
must_fail core/a.h '#include "configs/config.h"'
must_fail core/a.h '#include "../app/run.h"'
must_fail configs/a.cpp '#include "datasets/dataset.h"'
must_fail datasets/a.cpp '# include "models/backbone.h"'
must_fail models/a.cpp '#include "datasets/dataset.h"'
must_fail models/a.cpp '  #include "app/training/metrics.h"'
must_fail app/main.cpp '#include <yaml-cpp/yaml.h>'
must_fail app/main.cpp '#include <opencv2/core.hpp>'
must_fail app/features/a.cpp '#include <opencv2/core.hpp>'
must_fail app/main.cpp '#include <mpi.h>'
must_fail app/commands/a.cpp '#include <boost/asio.hpp>'
must_fail app/training/a.cpp '#include <mpi.h>'
must_fail app/main.cpp '#include <torch/script.h>'
must_fail app/unlisted/a.cpp '#include <string>'
must_fail datasets/a.cpp '#include <torch/script.h>'
must_fail app/commands/a.cpp '#include <torch/csrc/jit/api/module.h>'

for ((i = 1; i < ${#app_rooms[@]}; ++i)); do
  must_fail "app/${app_rooms[i - 1]}/a.h" "#include \"app/${app_rooms[i]}/a.h\""
done
must_fail app/batch/local/a.cpp '#include "app/runs/fine_tune_run.h"'
must_fail app/features/a.cpp '#include "app/report/terminal_messages.h"'

check "${1:-.}"
