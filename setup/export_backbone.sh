#!/usr/bin/env bash
# Exports the default backbone to models/pretrained, unless it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
say "Backbone: efficientnet-lite0"
.venv/bin/python models/export/export.py efficientnet-lite0 --out models/pretrained ||
  stop "the backbone could not be exported" "read the message above; after removing .venv it is made anew"
