"""docker/image_libraries.sh without Docker: what it copies for a program that loads libtiff, as `transfer` does, and for
one that loads a made-up CUDA wheel."""

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

    def library(self, path, *needs, text="int x;"):
        """A shared library at `path` that needs those of the paths `needs`, which it does not find by itself."""
        path.parent.mkdir(parents=True, exist_ok=True)
        source = self.folder / "library.cpp"
        source.write_text(text)
        subprocess.run(["c++", "-shared", "-fPIC", source, "-o", path, f"-Wl,-soname,{path.name}", "-Wl,--no-as-needed",
                        *needs], check=True)
        return path

    def make_cuda_wheel(self):
        """torch/lib and nvidia/*/lib in the layouts of CUDA 12 and of 13, and the program that is linked with them."""
        site = self.folder / "site-packages"
        driver = self.library(self.folder / "driver/libcuda.so.1")
        blas = self.library(site / "nvidia/cu13/lib/libcublas.so.13")
        solver = self.library(site / "nvidia/cu13/lib/libcusolver.so.12")
        folders = ":".join(str(path) for path in (blas.parent, site / "torch/lib"))
        self.search = f"-Wl,-rpath,{folders}"
        self.torch = self.library(site / "torch/lib/libtorch_cuda.so", blas, self.search)
        self.library(site / "torch/lib/libtorch_cuda_linalg.so", self.torch, solver, self.search)
        self.library(site / "torch/lib/libcaffe2_nvrtc.so", driver)
        self.library(site / "torch/lib/libtorch_python.so")
        self.library(site / "nvidia/cudnn/lib/libcudnn_ops.so.9")
        self.library(site / "nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.8")
        self.library(site / "nvidia/cu13/lib/libnvperf_host.so")
        self.library(site / "nvidia/nvshmem/lib/nvshmem_transport_ucx.so.3")
        self.link_program(self.torch)
        return site

    def link_program(self, *libraries):
        subprocess.run(["c++", self.folder / "program.cpp", "-o", self.prefix / "bin/transfer", "-ltiff",
                        "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", *libraries, self.search], check=True)

    def test_what_a_cuda_wheel_opens_by_name_is_copied(self):
        self.make_cuda_wheel()
        done = self.copy()
        self.assertEqual(done.returncode, 0, done.stderr)
        copied = {path.name for path in (self.prefix / "lib").iterdir()}
        self.assertLessEqual({"libtorch_cuda.so", "libcublas.so.13", "libtorch_cuda_linalg.so", "libcaffe2_nvrtc.so",
                              "libcusolver.so.12", "libcudnn_ops.so.9", "libnvrtc-builtins.so.12.8", "libtiff.so.6"}, copied)
        self.assertEqual({"libcuda.so.1", "libnvperf_host.so", "nvshmem_transport_ucx.so.3", "libtorch_python.so"} & copied,
                         set(), "the driver's, and what the program never loads")

    def test_a_library_that_is_not_found_stops_the_build(self):
        site = self.make_cuda_wheel()
        for name in ("libcublas.so.13", "libcusolver.so.12"):
            with self.subTest(name):
                lacking = site / "nvidia/cu13/lib" / name
                lacking.rename(self.folder / name)
                done = self.copy()
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(name, done.stderr)
                self.assertNotIn("libcuda.so.1", done.stderr)
                self.assertEqual(list((self.prefix / "lib").iterdir()), [])
                (self.folder / name).rename(lacking)

    def test_the_drivers_libraries_may_be_missing_in_the_program_itself(self):
        self.make_cuda_wheel()
        names = ("libcuda.so.1", "libnvidia-ml.so.1")
        self.link_program(self.torch, *(self.library(self.folder / "driver" / name) for name in names))
        self.assertEqual(self.copy().returncode, 0)
        other = self.library(self.folder / "driver/libcudart.so.99")
        self.link_program(self.torch, other)
        done = self.copy()
        self.assertEqual(done.returncode, 1)
        self.assertIn("libcudart.so.99", done.stderr)


if __name__ == "__main__":
    unittest.main()
