"""examples/cpp is built as a user would build it, and says what `transfer predict` says."""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import torch

from tests.cli.transfer_case import TransferCase, write_image

SOURCE = Path(__file__).resolve().parents[2] / "examples" / "cpp"
HEADER = Path("/usr/include/opencv4/opencv2/imgcodecs.hpp")

# Debian's small packages have no OpenCVConfig.cmake; libopencv-dev has one, and hundreds of packages with it.
CONFIG = """\
set(OpenCV_INCLUDE_DIRS /usr/include/opencv4)
set(OpenCV_LIBS opencv_imgcodecs opencv_imgproc opencv_core)
"""


@unittest.skipUnless(shutil.which("cmake"), "there is no cmake")
@unittest.skipUnless(HEADER.exists(), "OpenCV's imgcodecs is missing (apt-get install libopencv-imgcodecs-dev)")
class CppExample(TransferCase):
    def run_tool(self, *command):
        done = subprocess.run([str(word) for word in command], cwd=self.folder, text=True, capture_output=True, timeout=600,
                              env={**os.environ, "OMP_NUM_THREADS": "1"})
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def test_it_says_what_predict_says(self):
        flags = [f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path}", "-DCMAKE_CXX_FLAGS=-O0"]
        if not list(Path("/usr/lib").glob("*/cmake/opencv4/OpenCVConfig.cmake")):
            (self.folder / "opencv").mkdir()
            (self.folder / "opencv" / "OpenCVConfig.cmake").write_text(CONFIG)
            flags.append(f"-DOpenCV_DIR={self.folder / 'opencv'}")
        if shutil.which("ccache"):
            flags.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
        self.run_tool("cmake", "-S", SOURCE, "-B", "built", *flags)
        self.run_tool("cmake", "--build", "built")
        self.make_data(classes=("red", "blue", "green"))
        self.train()
        write_image(self.folder / "photo.png", (120, 80, 120), seed=4, size=(53, 97))
        printed = self.run_tool("built/classify", "run/model.pt", "photo.png")
        said = [line.rsplit(": ", 1) for line in printed.splitlines()]
        done = self.run_transfer("predict", "--model", "run/model.pt", "--format", "json", "--top", "3", "photo.png")
        expected = json.loads(done.stdout)[0]["top"]
        self.assertEqual([name for name, _ in said], [entry["class"] for entry in expected])
        for (_, number), entry in zip(said, expected):
            self.assertAlmostEqual(float(number), entry["probability"], delta=1e-5)
        missing = subprocess.run(["built/classify", "run/model.pt", "none.png"], cwd=self.folder, text=True, capture_output=True)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("none.png", missing.stderr)


if __name__ == "__main__":
    unittest.main()
