#!/usr/bin/env bash
# Runs all tests. TRANSFER_DATA=FOLDER names the real images that some of them need.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
# Only the tests of `batch --launcher slurm` need it, and are skipped without it.
if ! command -v sbatch > /dev/null; then
  bash setup/install_debian_packages.sh setup/debian-packages-slurm.txt ||
    say "Slurm cannot be installed here; its tests are skipped"
fi
# Likewise for what the program shows on a terminal.
if ! command -v tmux > /dev/null; then
  bash setup/install_debian_packages.sh setup/debian-packages-test.txt ||
    say "tmux cannot be installed here; the tests of terminals are skipped"
fi
say "Tests (TRANSFER_DATA=${TRANSFER_DATA:-unset: tests on real images are skipped})"
exec ctest --test-dir build --no-tests=error --output-on-failure --parallel 2
