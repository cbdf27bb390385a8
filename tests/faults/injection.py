"""Runs a program whose n-th call of a kind fails, by the shim of fault_shim.cpp."""

import errno
import os
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SHIM = Path(os.environ.get("TRANSFER_FAULT_SHIM", "build/tests/libfault_shim.so")).resolve()
STATE = struct.Struct("qq4096s")  # `State` of fault_shim.cpp
SECONDS = 120

# Which error a call can meet; a full disk, once full, stays so.
ERRORS = {
    "open": ("EIO", "ENOSPC", "EINTR", "ENOMEM"),
    "read": ("EIO", "EINTR", "ENOMEM"),
    "write": ("EIO", "ENOSPC", "EINTR"),
    "rename": ("EIO", "ENOSPC", "ENOMEM"),
    "fsync": ("EIO", "ENOSPC", "EINTR"),
    "mmap": ("ENOMEM", "EIO"),
    "truncate": ("EIO", "ENOSPC", "EINTR"),
}


@dataclass(frozen=True)
class Fault:
    """The `nth` call fails with `error`; if it lasts, all later ones do too. With `nth` 0 none fails."""

    call: str
    error: str
    nth: int
    lasts: bool = False

    def __str__(self):
        return f"{self.call} {self.nth}: {self.error}{', lasting' if self.lasts else ''}"

    @property
    def reason(self):
        return os.strerror(getattr(errno, self.error))


def faults_of(call):
    """Kinds of fault of a call, as (error, lasts)."""
    for error in ERRORS[call]:
        yield error, False
        if error == "ENOSPC":
            yield error, True


@dataclass
class Outcome:
    status: int
    stdout: str
    stderr: str
    calls: int  # of that kind, on watched files
    faults: int
    path: str  # of the first call that failed

    @property
    def message(self):
        """The error message that the program ended with."""
        start = self.stderr.rfind("transfer: ")
        return self.stderr[start:] if start >= 0 else ""


def run_with(fault, command, folder, environment):
    """Runs `command` in `folder`, whose files are watched."""
    with tempfile.NamedTemporaryFile(prefix="transfer-fault-") as state:
        state.write(bytes(STATE.size))
        state.flush()
        faulty = {
            **environment, "LD_PRELOAD": str(SHIM), "FAULTS_FOLDERS": str(folder), "FAULTS_CALL": fault.call,
            "FAULTS_ERRNO": str(getattr(errno, fault.error)), "FAULTS_NTH": str(fault.nth),
            "FAULTS_LASTING": str(int(fault.lasts)), "FAULTS_STATE": state.name,
        }
        done = subprocess.run(command, cwd=folder, env=faulty, capture_output=True, text=True, timeout=SECONDS)
        calls, faults, path = STATE.unpack(Path(state.name).read_bytes())
    return Outcome(done.returncode, done.stdout, done.stderr, calls, faults, os.fsdecode(path.rstrip(b"\0")))


def run_plainly(command, folder, environment):
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)
    return Outcome(done.returncode, done.stdout, done.stderr, 0, 0, "")
