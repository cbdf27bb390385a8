"""Fails the n-th call of every kind, for n = 1, 2, …, until a run meets no fault: each run must end in a right result
or a refusal that names the file, and a run after it, without faults, must be right.

Usage: python -m tests.faults.sweep [--quick N] [--only SCENARIO…] [--call CALL…]
"""

import argparse
import collections
import concurrent.futures
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.injection import ERRORS, Fault, faults_of, run_with
from tests.faults.scenarios import SCENARIOS

REFUSALS = (2, 3, 4, 5, 6, 7, 8, 9)
# The numbers of the calls that are made to fail: each one at first, then one in a few.
EVERY_CALL_UP_TO = 40
STRIDE = 25
# Errors that are treated like EIO, and so tried less often.
RARER = {"EINTR": 3, "ENOMEM": 3}
NO_RESULT = (OSError, KeyError, ValueError)


class Template:
    """A scenario, its folder before the command, and the result of the command without faults."""

    def __init__(self, kind, folder):
        self.scenario = kind()
        self.folder = folder / self.scenario.name
        self.folder.mkdir()
        self.scenario.prepare(self.folder)
        with self.copy() as work:
            outcome = self.scenario.run(work, *self.scenario.arguments())
            self.reference = self.scenario.result(work, outcome)
            self.files = leftovers(work)
            if outcome.status != 0 or self.files:
                raise RuntimeError(f"{self.scenario.name} without a fault: {outcome} {self.files}")

    def copy(self):
        return WorkingCopy(self.folder)

    def calls(self, call):
        """How many calls there are when none fails."""
        with self.copy() as work:
            return self.run_faulty(work, Fault(call, "EIO", 0)).calls

    def run_faulty(self, work, fault):
        return run_with(fault, self.scenario.command(self.scenario.arguments()), work, self.scenario.environment(work))


class WorkingCopy:
    def __init__(self, template):
        self.template = template

    def __enter__(self):
        # Always the same length of path, so that equal runs write equally many bytes.
        self.parent = Path(tempfile.mkdtemp(prefix="transfer-faults-")).resolve()
        return Path(shutil.copytree(self.template, self.parent / "work"))

    def __exit__(self, *_):
        shutil.rmtree(self.parent, ignore_errors=True)


def leftovers(work):
    """Files of killed or failed runs."""
    return sorted(str(path.relative_to(work)) for path in work.rglob("*.tmp"))


def final_names(path):
    """What a message may call the file: by its name, that of what it is a temporary file of, or its folder."""
    name = re.sub(r"\.[0-9a-f]{16}\.tmp$", "", Path(path).name)
    return {name, name.rsplit(".", 1)[0], Path(path).parent.name}


def judge_refusal(outcome, fault):
    """What is wrong with a run that did not end with status 0; empty if nothing is."""
    if outcome.status not in REFUSALS:
        return f"exit status {outcome.status}"
    said = outcome.message + outcome.stdout
    # A full disk is met again by whatever is written next.
    if not fault.lasts and not any(name in said for name in final_names(outcome.path)):
        return "the message does not name the file"
    if fault.reason not in said:
        return "the message does not give the cause"
    return ""


def judge(template, work, outcome, fault):
    """How a faulty run ended, and what is wrong with that."""
    if outcome.status != 0:
        return "refused", judge_refusal(outcome, fault)
    try:
        result = template.scenario.result(work, outcome)
        if result == template.reference:
            return "right", ""
        broken = template.scenario.broken_images(work, outcome)
    except NO_RESULT as error:
        return "wrong", f"exit status 0 without a result: {error!r}"
    if any(Path(outcome.path).name in line for line in broken):
        return "left an image out", ""
    return "wrong", f"another result, in silence: {differing(result, template.reference)}"


def differing(result, reference):
    return ", ".join(f"{run} {key}" for run in reference for key in
                     (reference[run] if isinstance(reference[run], dict) else [""])
                     if (result[run][key] if key else result[run]) != (reference[run][key] if key else reference[run]))


def judge_next(template, work, outcome, ending):
    """What is wrong with the run after it, without faults."""
    scenario = template.scenario
    after = scenario.run(work, *scenario.arguments_after(outcome))
    if after.status != 0:
        return f"the next run ends with {after.status}: {after.message}"
    if leftovers(work):
        return f"the next run leaves {leftovers(work)}"
    try:
        result = scenario.result(work, after)
    except NO_RESULT as error:
        return f"the next run has no result: {error!r}"
    # A batch keeps its finished jobs.
    if result != template.reference and not (scenario.name == "batch" and ending == "left an image out"):
        return f"the next run is another: {differing(result, template.reference)}"
    return ""


def inject(template, fault):
    """One faulty run and the next; returns (faults, ending, complaint)."""
    with template.copy() as work:
        outcome = template.run_faulty(work, fault)
        if outcome.faults == 0:
            return 0, "no fault", ""
        ending, complaint = judge(template, work, outcome, fault)
        complaint = complaint or judge_next(template, work, outcome, ending)
        if complaint:
            path = Path(outcome.path)
            shown = path.relative_to(work) if path.is_relative_to(work) else path
            complaint = f"{template.scenario.name}, {fault} ({shown}): {complaint}\n    {outcome.stderr[-600:].strip()}"
        return outcome.faults, ending, complaint


def planned(templates, calls, quick):
    for template in templates:
        for call in calls:
            count = template.calls(call)
            numbers = [n for n in range(1, count + 1) if n <= EVERY_CALL_UP_TO or n % STRIDE == 0]
            for error, lasts in faults_of(call):
                for nth in numbers[::quick * RARER.get(error, 1)]:
                    yield template, Fault(call, error, nth, lasts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", type=int, default=1, metavar="N", help="only one in N")
    parser.add_argument("--only", nargs="+", help="names of scenarios")
    parser.add_argument("--call", nargs="+", default=list(ERRORS), choices=ERRORS)
    options = parser.parse_args()
    begun = time.time()
    table = collections.Counter()
    complaints = []
    with tempfile.TemporaryDirectory(prefix="transfer-faults-") as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        kinds = [kind for kind in SCENARIOS if not options.only or kind.name in options.only]
        templates = [Template(kind, Path(folder).resolve()) for kind in kinds]
        tasks = [(fault, template, pool.submit(inject, template, fault))
                 for template, fault in planned(templates, options.call, options.quick)]
        for fault, template, task in tasks:
            faults, ending, complaint = task.result()
            table[template.scenario.name, fault.call, fault.error, ending] += min(faults, 1)
            if complaint:
                complaints.append(complaint)
                print(complaint, flush=True)
    report(table)
    print(f"{sum(table.values())} faults, {len(complaints)} complaints, {time.time() - begun:.0f} s")
    return 1 if complaints else 0


def report(table):
    endings = ("right", "refused", "left an image out", "wrong")
    print(f"{'call':10}{'error':8}" + "".join(f"{ending:>19}" for ending in endings))
    for call, errors in ERRORS.items():
        for error in errors:
            counts = [sum(n for (_, c, e, kind), n in table.items() if (c, e, kind) == (call, error, ending))
                      for ending in endings]
            if any(counts):
                print(f"{call:10}{error:8}" + "".join(f"{count:19}" for count in counts))


if __name__ == "__main__":
    sys.exit(main())
