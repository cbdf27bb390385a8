"""The documentation as `cmake --install` lays it out: links between its pages resolve there too."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.docs.pages import links

BUILD = Path(os.environ.get("TRANSFER_BINARY", "build/transfer")).resolve().parent


@unittest.skipUnless((BUILD / "cmake_install.cmake").exists(), "there is no build folder")
class InstalledPages(unittest.TestCase):
    def test_links_resolve(self):
        prefix = Path(tempfile.mkdtemp(prefix="transfer-installed-"))
        self.addCleanup(shutil.rmtree, prefix, ignore_errors=True)
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix, "--component", "program"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        folder = prefix / "share/doc/transfer"
        pages = [*folder.glob("*.md"), *folder.glob("docs/*.md")]
        self.assertGreater(len(pages), 15)
        for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CITATION.cff", "NOTICE", "LICENSE"):
            self.assertTrue((folder / name).exists(), name)
        dead = [f"{page.relative_to(folder)}: {target}" for page in pages for target in links(page)
                if not (page.parent / target.partition("#")[0]).exists()]
        self.assertEqual(dead, [])


if __name__ == "__main__":
    unittest.main()
