#!/usr/bin/env bash
# Checks a built program on a GPU: tests/cuda/run.sh BINARY [DEVICE] [--quick] [--only NAME,...] [--list] [--keep FOLDER]
# DEVICE is cuda (default), cuda:N, or cpu. docs/cuda.md says more.
# Needs Python with PyTorch: $TRANSFER_PYTHON, else this repository's .venv, else python3.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/../../.venv/bin/python
[ -x "$venv" ] || venv=python3
export PYTHONDONTWRITEBYTECODE=1
exec "${TRANSFER_PYTHON:-$venv}" "$here/run.py" "$@"
