"""The choice of a head's weight decay and its fit, beside an extraction at 25 ms an image, for 10 to 1,000 classes; and
the loss that it ends with beside that of scikit-learn's solution of the same problem.

Usage: .venv/bin/python bench/heads_of_many_classes.py [--peer PYTHON] [--out FILE.json] [IMAGESxCLASSES...]
  --peer  a Python with numpy and scikit-learn (bench/requirements-engines.txt), for problems that it solves in minutes
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import ROOT, describe

SIZES = ["1000x10", "1000x100", "1000x1000", "10000x10", "10000x100", "20000x1000", "100000x10", "100000x100"]
FEATURES = 1280
THREADS = len(os.sched_getaffinity(0))
EXTRACTION_SECONDS = 0.025  # an image
MOST_PART = 0.15
# Multiply-adds of a step beyond which scikit-learn takes too long to wait for.
MOST_FOR_PEER = 3e8

PEER = """
import sys
import time
import warnings
import numpy
from sklearn.linear_model import LogisticRegression
warnings.filterwarnings("ignore")
prefix, classes, decay = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
labels = numpy.fromfile(prefix + ".labels", dtype=numpy.int64)
features = numpy.fromfile(prefix + ".features", dtype=numpy.float32).reshape(len(labels), -1).astype(numpy.float64)

def loss(weight, bias):
    outputs = features @ weight.T + bias
    outputs -= outputs.max(1, keepdims=True)
    own = outputs[numpy.arange(len(labels)), labels]
    return numpy.mean(numpy.log(numpy.exp(outputs).sum(1)) - own) + decay / 2 * numpy.square(weight).sum()

ours = loss(numpy.fromfile(prefix + ".weight", dtype=numpy.float32).reshape(classes, -1).astype(numpy.float64),
            numpy.fromfile(prefix + ".bias", dtype=numpy.float32).astype(numpy.float64))
begin = time.perf_counter()
peer = LogisticRegression(C=1 / (decay * len(labels)), tol=1e-7, max_iter=3000).fit(features, labels)
seconds = time.perf_counter() - begin
theirs = (loss(peer.coef_, peer.intercept_) if classes > 2 else None)
print(ours, theirs, seconds)
"""


def measure(size: str, peer: str) -> dict:
    images, classes = map(int, size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        prefix = str(Path(folder) / "head")
        asks_peer = peer and images * classes * FEATURES <= MOST_FOR_PEER
        command = [ROOT / "build/head_fit", *map(str, (images, classes, FEATURES, THREADS))]
        done = subprocess.run(command + ([prefix] if asks_peer else []), check=True, capture_output=True, text=True)
        result = {"images": images, "classes": classes, **json.loads(done.stdout)}
        seconds = result["choose_seconds"] + result["fit_seconds"]
        result["part_of_extraction"] = round(seconds / (EXTRACTION_SECONDS * images), 4)
        result["holds"] = result["part_of_extraction"] <= MOST_PART and result["converged"]
        if asks_peer:
            answer = subprocess.run([peer, "-c", PEER, prefix, str(classes), str(result["weight_decay"])], check=True,
                                    capture_output=True, text=True).stdout.split()
            ours, theirs, took = map(float, answer)
            result.update(objective=ours, peer_objective=theirs, above_peer=ours - theirs, peer_fit_seconds=took)
            result["holds"] = result["holds"] and ours - theirs <= 1e-4
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default="")
    parser.add_argument("--out", type=Path)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    options = parser.parse_args()
    subprocess.run(["cmake", "--build", str(ROOT / "build"), "--target", "head_fit"], check=True, stdout=sys.stderr)
    result = {**describe(), "features": FEATURES, "threads": THREADS, "command": " ".join(["head_fit", *options.sizes]),
              "problems": []}
    for size in options.sizes:
        result["problems"].append(measure(size, options.peer))
        print(json.dumps(result["problems"][-1]), file=sys.stderr)
    text = json.dumps(result, indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)
    return 0 if all(problem["holds"] for problem in result["problems"]) else 1


if __name__ == "__main__":
    sys.exit(main())
