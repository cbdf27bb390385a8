#!/usr/bin/env bash
# Downloads into wheels/ what the image's build installs with pip, so that the build itself needs no package
# index. The choice of torch is pip's, see 'A CPU-only torch' in README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
say "Wheels for the image: into wheels/"
pip() { .venv/bin/python -m pip --disable-pip-version-check download --quiet --dest wheels "$@"; }
pip -r setup/requirements.txt && pip --no-deps -r models/export/requirements.txt ||
  stop "the wheels could not be downloaded" "read pip's message above (network? disk? settings?)"
