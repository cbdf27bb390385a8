#!/usr/bin/env bash
# Runs the tests. Usage: test.sh [slurm|slow|report]
#   slurm  those against a real Slurm alone, which the other tests leave out
#   slow   likewise those that take minutes: networks of others, cut at three stages each
#   report those of the pages in a browser alone, with what they need; screenshots go to build/screenshots
# TRANSFER_DATA=FOLDER names the real images that some of them need.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
if [ "${1:-}" = slurm ]; then
  bash setup/install_debian_packages.sh setup/debian-packages-slurm.txt
  exec ctest --test-dir build --no-tests=error --output-on-failure --label-regex '^slurm$'
fi
if [ "${1:-}" = slow ]; then
  exec ctest --test-dir build --no-tests=error --output-on-failure --label-regex '^slow$'
fi
if [ "${1:-}" = report ]; then
  bash setup/install_debian_packages.sh setup/debian-packages-report-test.txt
  .venv/bin/python -m pip --disable-pip-version-check install --quiet --upgrade --target build/report-test-packages \
    --requirement setup/requirements-report-test.txt
  export PYTHONPATH=$PWD/build/report-test-packages TRANSFER_SCREENSHOTS=$PWD/build/screenshots
  exec ctest --test-dir build --no-tests=error --output-on-failure --tests-regex '^cli.(report|serve)_browser$'
fi
# Only the tests of what the program shows on a terminal need tmux, and are skipped without it. The documentation asks the
# server by curl.
if ! command -v tmux > /dev/null || ! command -v curl > /dev/null; then
  bash setup/install_debian_packages.sh setup/debian-packages-test.txt ||
    say "tmux or curl cannot be installed here; the tests of terminals are skipped"
fi
# Only the test that reads event files back needs it, and is skipped without it.
if ! .venv/bin/python -c 'import tensorboard' 2> /dev/null; then
  timeout 300 .venv/bin/python -m pip --disable-pip-version-check install --quiet tensorboard ||
    say "tensorboard cannot be installed here; the test that reads event files back is skipped"
fi
# Only the test of the server's own description needs it, and is skipped without it.
if ! .venv/bin/python -c 'import openapi_spec_validator' 2> /dev/null; then
  timeout 300 .venv/bin/python -m pip --disable-pip-version-check install --quiet openapi-spec-validator ||
    say "openapi-spec-validator cannot be installed here; the test of /openapi.json is skipped"
fi
# Only the tests of exported files need them, and are skipped without them.
if ! .venv/bin/python -c 'import onnx, onnxruntime' 2> /dev/null; then
  timeout 300 .venv/bin/python -m pip --disable-pip-version-check install --quiet onnx onnxruntime ||
    say "onnx and onnxruntime cannot be installed here; the tests that run ONNX files are skipped"
fi
say "Tests (TRANSFER_DATA=${TRANSFER_DATA:-unset: tests on real images are skipped})"
exec ctest --test-dir build --no-tests=error --output-on-failure --parallel 2 --label-exclude '^(slurm|slow)$'
