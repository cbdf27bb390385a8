"""Requests a second and their latency: `transfer serve` against FastAPI on uvicorn, with the same model and images. The peer
runs plain (torch.jit.load, one worker), and frozen and channels-last with its best number of workers. The sides take turns;
each has the machine to itself and is warmed up first. wrk (Debian) sends forms with one image each.

Usage: .venv/bin/python bench/serve_vs_fastapi.py [--peer PYTHON] [--seconds N] [--rounds N] [--out FILE.json] MODEL IMAGE...
  --peer  a Python with torch and bench/requirements-serving.txt
  MODEL   a run, or its model.pt
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from machine import BINARY, ROOT, describe

PORT = 18423
CORES = len(os.sched_getaffinity(0))
LEAST = {"plain": 3.0, "frozen": 1.3}
BOUNDARY = "boundary-of-the-benchmark"

# wrk's script: the forms in turn, and the latencies at the end.
SCRIPT = """
local bodies = {}
for name in io.lines("@LIST@") do
  local file = io.open(name, "rb")
  table.insert(bodies, file:read("*all"))
  file:close()
end
local position = 0
request = function()
  position = position %% #bodies + 1
  return wrk.format("POST", "/predict", {["Content-Type"] = "multipart/form-data; boundary=@BOUNDARY@"}, bodies[position])
end
done = function(summary, latency)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  print(string.format("RESULT %d %d %d %f %f", summary.requests, summary.duration, bad, latency:percentile(50), latency:percentile(99)))
end
""".replace("%%", "%")


def write_requests(folder: Path, images) -> Path:
    names = []
    for i, image in enumerate(images):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="{i}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        form = folder / f"{i}.form"
        form.write_bytes(head.encode() + image.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode())
        names.append(str(form))
    (folder / "list").write_text("\n".join(names) + "\n")
    script = folder / "requests.lua"
    script.write_text(SCRIPT.replace("@LIST@", str(folder / "list")).replace("@BOUNDARY@", BOUNDARY))
    return script


class Side:
    """A server while the block lasts."""

    def __init__(self, command, environment=None):
        self.command, self.environment = [str(word) for word in command], {**os.environ, **(environment or {})}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.environment, cwd=ROOT / "bench", stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=5).read()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"does not answer: {' '.join(self.command)}")
                time.sleep(0.2)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def load(script: Path, connections: int, seconds: int):
    """Requests a second, and the median and 99th percentile of latency in milliseconds."""
    done = subprocess.run(["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout",
                           "30s", "--script", str(script), f"http://127.0.0.1:{PORT}"], check=True, capture_output=True, text=True)
    requests, duration, bad, median, late = map(float, re.search(r"RESULT (.*)", done.stdout).group(1).split())
    if bad:
        sys.exit(f"{bad:.0f} requests failed")
    return {"requests_per_second": requests / (duration / 1e6), "median_ms": median / 1e3, "p99_ms": late / 1e3}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--out", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    options = parser.parse_args()
    model = options.model / "model.pt" if options.model.is_dir() else options.model
    ours = [BINARY, "serve", "--model", model.resolve(), "--port", PORT, "--no-explain"]

    def peer(variant, workers):
        return Side([options.peer, "-m", "uvicorn", "fastapi_server:app", "--port", PORT, "--workers", workers, "--log-level",
                     "error"], {"MODEL": str(model.resolve()), "VARIANT": variant})

    sides = {"transfer": Side(ours), "transfer --fusion auto": Side([*ours, "--fusion", "auto"]), "plain": peer("plain", 1)}
    for workers in sorted({1, CORES, 2 * CORES}):
        sides[f"frozen, {workers} workers"] = peer("frozen", workers)
    runs = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as name:
        script = write_requests(Path(name), options.images)
        for _ in range(options.rounds):
            for side, server in sides.items():
                with server:
                    load(script, options.connections, 5)
                    runs[side].append(load(script, options.connections, options.seconds))
    rates = {side: statistics.median(run["requests_per_second"] for run in done) for side, done in runs.items()}
    frozen = max(rate for side, rate in rates.items() if side.startswith("frozen"))
    ratios = {"plain": rates["transfer"] / rates["plain"], "frozen": rates["transfer"] / frozen,
              "plain, fused": rates["transfer --fusion auto"] / rates["plain"],
              "frozen, fused": rates["transfer --fusion auto"] / frozen}
    result = {**describe(), "command": " ".join(["serve_vs_fastapi.py", *sys.argv[1:-len(options.images)]]),
              "images": len(options.images), "connections": options.connections, "rates": rates, "ratios": ratios, "runs": runs,
              "holds": all(ratios[name] >= least for name, least in LEAST.items())}
    text = json.dumps(result, indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
