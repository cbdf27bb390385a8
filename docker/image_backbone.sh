#!/usr/bin/env bash
# A step of building the image: installs torch into .venv and exports the default backbone.
# Usage: image_backbone.sh cpu|cuda [INDEX]
# The packages come from wheels/ if it holds any, else from PyPI and INDEX.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
torch=$1 index=${2:-}

origin=()
if compgen -G 'wheels/*.whl' > /dev/null; then
  origin=(--no-index --find-links=wheels)
elif [ -n "$index" ]; then
  origin=(--extra-index-url="$index")
elif [ "$torch" = cpu ]; then
  stop "PyPI has torch for CUDA only" "run docker/wheels.sh where pip finds a CPU wheel, name PyTorch's index of CPU wheels
with --build-arg TORCH_INDEX=URL, or build for CUDA with --build-arg TORCH=cuda"
fi
python3 -m venv .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-cache-dir install --quiet "${origin[@]}" "$@"; }
pip -r setup/requirements.txt
pip --no-deps -r models/export/requirements.txt

found=cpu
[ ! -e .venv/lib/python3*/site-packages/torch/lib/libtorch_cuda.so ] || found=cuda
[ "$found" = "$torch" ] || stop "a torch for $found was installed, not for $torch as TORCH says" \
  "change --build-arg TORCH, or what is in wheels/"
.venv/bin/python models/export/export.py efficientnet-lite0 --out models/pretrained
