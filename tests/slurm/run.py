"""Runs checks that need a real Slurm. Usage: run.py CHECKS.py. Status 77 and `SKIPPED: reason` where none can be started."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.slurm.cluster import why_not  # noqa: E402

SKIPPED = 77


def main():
    reason = why_not()
    if reason:
        print(f"SKIPPED: {reason}")
        return SKIPPED
    name = "tests.slurm." + Path(sys.argv[1]).stem
    return 0 if unittest.main(module=name, argv=[name, "-v"], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
