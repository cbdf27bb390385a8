"""Runs the fuzz targets of a build folder, one after the other or several at once, and says what they did.

Usage: python fuzz/run.py [--build build/fuzz] [--seconds 60] [--jobs 2] [TARGET...]
A finding is an input that ends a target with a signal, an exception, a sanitizer's report, too much memory or too much
time. It is written to BUILD/findings/TARGET/, and running the target with that file alone shows it again.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MEMORY_MB = 2560
SECONDS_PER_INPUT = 20
WITH_YAML = ("configuration", "assignment", "batch")
TOLD = re.compile(r"ERROR: |FINDING: |runtime error: |what\(\):|SUMMARY: |Test unit written to")


@dataclass
class Result:
    target: str
    runs: int
    corpus: int
    memory_mb: int
    log: Path
    status: int

    def row(self):
        state = "ok" if self.status == 0 else "FINDING"
        return f"{self.target:14}{self.runs:>12,}{self.corpus:>9,}{self.memory_mb:>8,}  {state}"


def targets_of(build):
    """The built targets, each with its largest input and the megabytes that may be asked for at once."""
    lines = (build / "fuzz" / "targets.txt").read_text().split("\n")
    return {name: limits for name, *limits in (line.split() for line in lines if line)}


def environment_of(build):
    """The sanitizers' options, as the unit tests have them, and less memory for freed blocks."""
    environment = dict(os.environ)
    for line in (build / "fuzz" / "environment.txt").read_text().split("\n"):
        name, _, value = line.partition("=")
        if name:
            environment[name] = value
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=16"
    return environment


def number_in(log, pattern):
    found = re.findall(pattern, log)
    return int(found[-1]) if found else 0


def run(build, target, largest, largest_block_mb, seconds):
    corpus, findings, log = build / "corpus" / target, build / "findings" / target, build / "logs" / f"{target}.log"
    for folder in (corpus, findings, log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    command = [
        build / "fuzz" / f"fuzz_{target}", f"-max_total_time={seconds}", f"-timeout={SECONDS_PER_INPUT}",
        f"-rss_limit_mb={MEMORY_MB}", f"-malloc_limit_mb={largest_block_mb}", f"-max_len={largest}",
        f"-artifact_prefix={findings}/", "-print_final_stats=1",
    ]
    if target in WITH_YAML:
        command.append(f"-dict={build / 'seeds' / 'yaml.dict'}")
    with log.open("wb") as output:
        done = subprocess.run([*command, corpus, build / "seeds" / target], env=environment_of(build), stdout=output,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    text = log.read_text(errors="replace")
    runs = number_in(text, r"stat::number_of_executed_units:\s*(\d+)") or number_in(text, r"(?m)^#(\d+)")
    memory = number_in(text, r"stat::peak_rss_mb:\s*(\d+)") or number_in(text, r"rss: (\d+)Mb")
    return Result(target, runs, sum(1 for _ in corpus.iterdir()), memory, log, done.returncode)


def tell(result):
    print(result.row(), flush=True)
    if result.status == 0:
        return
    lines = [line for line in result.log.read_text(errors="replace").splitlines() if TOLD.search(line)]
    print("".join(f"    {line[:200]}\n" for line in lines[:6]) + f"    {result.log}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets that run at once")
    parser.add_argument("targets", nargs="*", help="all of them by default")
    options = parser.parse_args()
    build = options.build.resolve()
    known = targets_of(build)
    unknown = [name for name in options.targets if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}. Targets are {', '.join(known)}.")
    shutil.rmtree(build / "findings", ignore_errors=True)
    print(f"{'target':14}{'inputs':>12}{'corpus':>9}{'MB':>8}", flush=True)
    results = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for name in options.targets or known:
            running = pool.submit(run, build, name, *known[name], options.seconds)
            running.add_done_callback(lambda done: tell(done.result()))
            results.append(running)
    results = [running.result() for running in results]
    findings = [result.target for result in results if result.status != 0]
    print(f"{sum(result.runs for result in results):,} inputs in {len(results)} targets of {options.seconds} s each; "
          + (f"findings in {', '.join(findings)}" if findings else "no finding"))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
