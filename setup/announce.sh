#!/usr/bin/env bash
# Prints how much will be downloaded and how much disk that takes, and stops where the disk is too full. Prints nothing
# when everything is set up. The numbers were measured on Debian 12.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh

parts=()
download_mb=0
system_mb=0   # on the system's disk
project_mb=0  # on the project's
if ! dpkg-query --show $(cat setup/debian-packages.txt) > /dev/null 2>&1; then
  parts+=("Debian packages")
  download_mb=$((download_mb + 205)) system_mb=$((system_mb + 850))
fi
if [ ! -e .venv/made-from ]; then
  parts+=("torch in .venv")
  download_mb=$((download_mb + 300)) project_mb=$((project_mb + 1500))
fi
if [ ! -x build/transfer ]; then
  parts+=("the build")
  project_mb=$((project_mb + 1600))
fi
[ ${#parts[@]} -gt 0 ] || exit 0

free_mb() { df --output=avail --block-size=1M "$1" | tail -1 | tr -d ' '; }
list=$(printf '%s, ' "${parts[@]}")
say "Set-up of ${list%, }: about $download_mb MB to download, $((system_mb + project_mb)) MB of disk" \
    "(free here: $(free_mb .) MB)"
if [ "$project_mb" -ge 1500 ]; then
  say "  where pip chooses a CUDA build of torch: 3 GB more to download, 7 GB more of disk;" \
      "PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU wheels> avoids that"
fi

# lacks FOLDER MB: whether less than that is free there.
lacks() { [ "$(free_mb "$1")" -lt "$2" ]; }
if [ "$(stat -c %d /usr)" = "$(stat -c %d .)" ]; then
  project_mb=$((project_mb + system_mb)) system_mb=0
fi
if lacks . "$project_mb"; then
  stop "only $(free_mb .) MB are free on the project's disk" "make room for $project_mb MB and start again"
fi
if lacks /usr "$system_mb"; then
  stop "only $(free_mb /usr) MB are free on the system's disk" "make room for $system_mb MB and start again"
fi
