"""The architecture test: exports every network, cuts it, adds a new head, trains a step, saves and reloads it.

Usage: run.py --check BINARY [--folder DIR] [--small] [--cuts N] [--jobs N] [--table FILE] [NAME...]
Exports and results stay in the folder. --table writes the results between the markers in a Markdown file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict

import torch

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.architectures.export import ARCHITECTURES, AWKWARD, SMALL  # noqa: E402

BEGIN, END = "<!-- architectures -->", "<!-- /architectures -->"
LARGEST_DIFFERENCE = 1e-4  # between C++ and Python on one machine, relative to the largest logit


def compare_in_python(folder: Path, images: torch.Tensor) -> int:
    """Number of saved files that give C++'s logits in Python. Raises ValueError at the first that does not."""
    files = sorted(folder.glob("*.expected.pt"))
    for expected_file in files:
        expected = torch.load(expected_file, weights_only=True)
        module = torch.jit.load(str(expected_file).replace(".expected.pt", ".pt"))
        with torch.no_grad():
            found = module(images)
            probabilities = module.predict(images)
        difference = ((found - expected).abs().max() / expected.abs().max().clamp_min(1e-6)).item()
        if not difference <= LARGEST_DIFFERENCE:
            raise ValueError(f"{expected_file.name}: Python's logits differ from C++'s by {difference:.2g}")
        torch.testing.assert_close(probabilities, found.softmax(1))
    return len(files)


def check(binary: Path, exports: Path, name: str, kind: str, cuts: int) -> Dict[str, Any]:
    """The output of the C++ check with `python` (files compared) and `seconds` added, or with `error`."""
    golden = exports / f"{name}.golden.pt"
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=exports) as folder:
        command = [str(binary), str(exports / f"{name}.{kind}.pt"), str(golden), folder, str(cuts)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        try:
            result = json.loads(done.stdout)
        except ValueError:
            result = {"error": f"the check ended with status {done.returncode}"}
        if "error" not in result:
            try:
                result["python"] = compare_in_python(Path(folder), torch.load(golden, weights_only=True)["input"])
            except Exception as error:  # noqa: BLE001  # any exception is a finding about this file
                result["error"] = str(error)
    result["seconds"] = time.monotonic() - started
    return result


def check_both(name: str, options: argparse.Namespace) -> Dict[str, Dict[str, Any]]:
    """Exports the network in a separate process if needed, then checks the scripted and the traced file.

    When all stages are cut, the results are kept as NAME.results.json for the table.
    """
    exporter = Path(__file__).with_name("export.py")
    done = subprocess.run([sys.executable, str(exporter), str(options.folder), name], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        failure = {"error": "export: " + done.stderr.strip().rpartition("\n")[2], "seconds": 0.0}
        return {"scripted": failure, "traced": failure}
    results = {kind: check(options.check, options.folder, name, kind, options.cuts) for kind in ("scripted", "traced")}
    if not options.cuts:
        (options.folder / f"{name}.results.json").write_text(json.dumps(results))
    return results


def table_row(name: str, results: Dict[str, Dict[str, Any]]) -> str:
    scripted, traced = results["scripted"], results["traced"]
    good = scripted if "error" not in scripted else traced
    cells = [name, f"`{good.get('classifier', '?')}`" if good.get("classifier") != "" else "none", str(good.get("features", "?"))]
    for result in (scripted, traced):
        cells.append("no" if "error" in result else f"{result['cuts']} of {len(result['stages'])}")
    cells.append(str(traced.get("repaired", "?")))
    stages = good.get("stages", [])
    shown = stages if len(stages) <= 6 else stages[:3] + ["…"] + stages[-2:]
    cells.append(" ".join(shown))
    return "| " + " | ".join(cells) + " |"


def write_table(file: Path, folder: Path) -> None:
    """Writes the kept results between the file's markers."""
    kept = [(name, folder / f"{name}.results.json") for name in (*sorted(ARCHITECTURES), *AWKWARD)]
    rows = [table_row(name, json.loads(path.read_text())) for name, path in kept if path.exists()]
    head = ["| architecture | classifier | features | cuts, scripted | cuts, traced | layers repaired | stages found |",
            "|---|---|---|---|---|---|---|"]
    before, begin, rest = file.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{file}: expected the markers {BEGIN} and {END} around the table")
    file.write_text(before + "\n".join([BEGIN, *head, *rows, END]) + after)


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the surgery on torchvision's architectures and on networks that end in unusual ways.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--check", type=Path, required=True, help="the architecture_check binary")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "architectures")
    parser.add_argument("--small", action="store_true", help="only the small ones")
    parser.add_argument("--cuts", type=int, default=0, help="number of stages to cut per network; default: all")
    parser.add_argument("--jobs", type=int, default=2, help="networks checked in parallel, each with one thread")
    parser.add_argument("--table", type=Path, metavar="FILE", help="a Markdown file whose table to update")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        from models.export.torchvision_beside_cpu_torch import import_torchvision

        import_torchvision()
    except ImportError:
        print("skipped: torchvision is not in .venv; install it with: "
              ".venv/bin/python -m pip install --no-deps -r models/export/requirements-test.txt")
        return 77
    names = options.names or (SMALL if options.small else [*sorted(ARCHITECTURES), *AWKWARD])
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for name, results in zip(names, pool.map(lambda name: check_both(name, options), names)):
            for kind, result in results.items():
                failed += "error" in result
                said = result.get("error", f"{result.get('cuts')} cuts, {result.get('python')} files equal in Python")
                print(f"{name:<20} {kind:<9} {result['seconds']:6.1f} s  {said}", flush=True)
    if options.table:
        write_table(options.table, options.folder)
    print(f"{2 * len(names) - failed} of {2 * len(names)} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
