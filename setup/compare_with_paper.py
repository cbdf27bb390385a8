"""Prints a demo run's test result beside the published ones on the same images.

Deitsch et al., "Automatic classification of defective photovoltaic module cells in
electroluminescence images", Solar Energy 185 (2019): 82.44 % with an SVM, 88.42 % with a
fine-tuned CNN, on their own 25 % of the images.
"""

import json
import sys
from pathlib import Path

FORMAT = 2  # of the keys in summary.json


def main() -> None:
    run = Path(sys.argv[1])
    summary = json.loads((run / "summary.json").read_text())
    if summary.get("format", 1) != FORMAT:
        sys.exit(f"{run}/summary.json: is of format {summary.get('format', 1)}, written by another version of transfer; "
                 f"this script reads format {FORMAT}. Run `make demo` again.")
    test = summary["test"]
    print(f"\nTest accuracy on {test['images']} solar cells the training never saw:")
    print(f"  this run (frozen {summary['backbone']})   {100 * test['accuracy']:6.2f} %   macro-F1 {test['macro_f1']:.4f}")
    print("  Deitsch et al. 2019, SVM               82.44 %")
    print("  Deitsch et al. 2019, fine-tuned CNN    88.42 %")
    print(f"Confusion matrix (rows truth, columns prediction; {', '.join(summary['classes'])}):")
    for row in test["confusion_matrix"]:
        print("  " + " ".join(f"{count:5d}" for count in row))
    for name in ("model.pt", "summary.json", "predictions_val.csv", "metrics.jsonl", "config.yaml"):
        print(f"  {run / name}")


if __name__ == "__main__":
    main()
