"""docker/image_libraries.sh without Docker: what it copies for a program that loads libtiff, as `transfer` does."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = '#include <tiffio.h>\n#include <cstdio>\nint main() { std::puts(TIFFGetVersion()); }\n'


@unittest.skipUnless(shutil.which("dpkg-query") and shutil.which("c++"), "needs Debian and a compiler")
class ImageLibraries(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="transfer-image-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.tree = self.folder / "tree"
        for name in ("docker", "cmake"):
            shutil.copytree(ROOT / name, self.tree / name)
        self.prefix = self.folder / "prefix"
        (self.prefix / "bin").mkdir(parents=True)
        (self.folder / "program.cpp").write_text(PROGRAM)
        subprocess.run(["c++", self.folder / "program.cpp", "-o", self.prefix / "bin/transfer", "-ltiff"], check=True)

    def copy(self):
        return subprocess.run(["bash", self.tree / "docker/image_libraries.sh", self.prefix], capture_output=True,
                              text=True, timeout=60)

    def test_libjbig_is_the_placeholder(self):
        done = self.copy()
        self.assertEqual(done.returncode, 0, done.stderr)
        library = self.prefix / "lib/libjbig.so.0"
        self.assertIn(b"this program is built without JBIG", library.read_bytes())
        copyrights = {path.parent.name for path in (self.prefix / "share/doc").glob("*/copyright")}
        self.assertIn("libtiff6", copyrights)
        self.assertNotIn("libjbig0", copyrights)
        loaded = subprocess.run(["ldd", self.prefix / "bin/transfer"], capture_output=True, text=True,
                                env={**os.environ, "LD_LIBRARY_PATH": str(self.prefix / "lib")})
        self.assertIn(f"libjbig.so.0 => {library}", loaded.stdout)
        ran = subprocess.run([self.prefix / "bin/transfer"], capture_output=True, text=True,
                             env={**os.environ, "LD_LIBRARY_PATH": str(self.prefix / "lib"), "LD_BIND_NOW": "1"})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("LIBTIFF", ran.stdout)

    def test_a_package_whose_licence_is_not_listed_stops_the_build(self):
        listed = self.tree / "cmake/bundled-licences.txt"
        listed.write_text("".join(line for line in listed.open() if not line.startswith("libtiff6 ")))
        done = self.copy()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("libtiff6", done.stderr)
        self.assertFalse((self.prefix / "lib/libtiff.so.6").exists())


if __name__ == "__main__":
    unittest.main()
