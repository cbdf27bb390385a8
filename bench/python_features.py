"""A careful Python user's way to a head on frozen features: ONNX Runtime on two worker threads with one thread each,
batches of 4, Pillow with draft decoding, then scikit-learn's StandardScaler and LogisticRegressionCV. Run by
freeze_conv_vs_python_features.py in an environment of its own (requirements-engines.txt).

Usage: python_features.py FEATURES.onnx PREPROCESSING.json DATA MODEL.joblib
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy
import onnxruntime
from PIL import Image
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

WORKERS = 2
BATCH = 4


def read(path: Path, p: dict) -> numpy.ndarray:
    side = p["resize"]
    image = Image.open(path)
    scale = side / min(image.size)
    size = tuple(round(scale * length) for length in image.size)
    image.draft("RGB", size)
    image = image.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - p["width"]) // 2, (size[1] - p["height"]) // 2
    image = image.crop((left, top, left + p["width"], top + p["height"]))
    values = (numpy.asarray(image, dtype=numpy.float32) / 255 - p["mean"]) / p["std"]
    return values.transpose(2, 0, 1).astype(numpy.float32)


def main() -> None:
    network, preprocessing, data, model = sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3]), sys.argv[4]
    for key in ("mean", "std"):
        preprocessing[key] = numpy.array(preprocessing[key], dtype=numpy.float32)
    classes = sorted(path.name for path in (data / "train").iterdir() if path.is_dir())
    samples = {split: [(path, label) for label, name in enumerate(classes) for path in sorted((data / split / name).iterdir())]
               for split in ("train", "val")}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"]) for _ in range(WORKERS)]

    def work(worker: int, batches: list) -> list:
        return [(first, sessions[worker].run(None, {"images": numpy.stack([read(path, preprocessing) for path, _ in part])})[0])
                for first, part in batches[worker::WORKERS]]

    def features_of(part: list) -> numpy.ndarray:
        batches = [(first, part[first:first + BATCH]) for first in range(0, len(part), BATCH)]
        with ThreadPoolExecutor(WORKERS) as pool:
            done = sum(pool.map(lambda worker: work(worker, batches), range(WORKERS)), [])
        return numpy.concatenate([rows for _, rows in sorted(done, key=lambda item: item[0])])

    train, val = features_of(samples["train"]), features_of(samples["val"])
    head = make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=5, cv=5, max_iter=1000, use_legacy_attributes=False,
                                                                l1_ratios=(0.0,)))
    head.fit(train, [label for _, label in samples["train"]])
    joblib.dump(head, model)
    print(json.dumps({"val_accuracy": head.score(val, [label for _, label in samples["val"]]),
                      "images": len(train) + len(val)}))


if __name__ == "__main__":
    main()
