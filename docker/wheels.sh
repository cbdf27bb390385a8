#!/usr/bin/env bash
# Downloads into wheels/ what building the image installs with pip, so that the build itself needs no package index.
# PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU wheels> has pip choose a CPU-only torch.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
say "Wheels for the image: into wheels/"
pip() { .venv/bin/python -m pip --disable-pip-version-check download --quiet --dest wheels "$@"; }
pip -r setup/requirements.txt && pip --no-deps -r models/export/requirements.txt ||
  stop "the wheels could not be downloaded" "read pip's message above (network? disk? settings?)"
