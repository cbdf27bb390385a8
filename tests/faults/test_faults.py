"""A part of what `make test-faults` does: a few calls fail, and nothing goes wrong in silence."""

import tempfile
import unittest
from pathlib import Path

from tests.faults.injection import SHIM, Fault
from tests.faults.scenarios import Batch, FineTune, FreezeConv, Predict, Resume
from tests.faults.sweep import Template, inject

# Which files the numbers hit changes with the program; that each hits one is asserted.
FAULTS = {
    FreezeConv: (Fault("read", "EIO", 20), Fault("write", "ENOSPC", 3, True), Fault("rename", "ENOSPC", 2)),
    FineTune: (Fault("open", "EIO", 30), Fault("fsync", "EIO", 5)),
    Resume: (Fault("read", "EIO", 12), Fault("rename", "EIO", 2)),
    Batch: (Fault("write", "EIO", 2), Fault("truncate", "ENOSPC", 1), Fault("open", "ENOMEM", 40)),
    Predict: (Fault("read", "EIO", 3), Fault("open", "EIO", 6)),
}


@unittest.skipUnless(SHIM.exists(), "no shim: it cannot be preloaded before a sanitizer")
class Faults(unittest.TestCase):
    def test_a_failing_call_ends_in_a_right_result_or_a_refusal(self):
        with tempfile.TemporaryDirectory(prefix="transfer-faults-") as folder:
            for kind, faults in FAULTS.items():
                template = Template(kind, Path(folder).resolve())
                for fault in faults:
                    with self.subTest(scenario=kind.name, fault=str(fault)):
                        met, _, complaint = inject(template, fault)
                        self.assertGreater(met, 0, "the fault was not met")
                        self.assertEqual(complaint, "")


if __name__ == "__main__":
    unittest.main()
