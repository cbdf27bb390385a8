"""A Slurm on this machine that only the tests use: munged, slurmctld and slurmd in a folder, one node at 127.0.0.1."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")

CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0,bf_interval=1
KillWait=20
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory=64000 State=UNKNOWN
PartitionName=work Nodes=node Default=YES State=UP PriorityTier=1
PartitionName=urgent Nodes=node State=UP PriorityTier=2 PreemptMode=OFF
"""


def why_not():
    """Why no Slurm can be started here; empty where one can."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS])
    missing = [program for program in PROGRAMS if not shutil.which(program, path=path)]
    if missing:
        return f"{', '.join(missing)} not found (Debian packages: setup/debian-packages-slurm.txt)"
    if os.geteuid() != 0:
        return "only root may start a Slurm of the test's own"
    return ""


def end_with_parent():
    """For a child process: the system ends it when the test ends, even by SIGKILL."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """Running from `start` to `stop`. `environment` is for programs that are to use it.

    The node takes `processors` jobs of one thread at a time, however many cores there are. A requeued job waits
    `cred_expire` seconds, two minutes where nothing, or less than 5, is set. Jobs of the partition `urgent` take the
    place of those of `work`.
    """

    def __init__(self, processors=2):
        self.folder = Path(tempfile.mkdtemp(prefix="transfer-slurm-"))
        self.daemons = []
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"),
                            "PATH": os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS])}
        for name in list(self.environment):
            if name.startswith(("SBATCH_", "SQUEUE_", "SLURM_JOB", "SLURM_ARRAY")):
                del self.environment[name]
        self.settings = {"folder": self.folder, "processors": processors, "host": socket.gethostname().split(".")[0],
                         "controller_port": free_port(), "node_port": free_port()}

    def start(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(**self.settings))
        self._daemon("munged", "--foreground", "--force", f"--key-file={key}", "--num-threads=1",
                     *(f"--{what}-file={self.folder}/munged.{what}" for what in ("pid", "log", "seed")),
                     f"--socket={self.folder}/munge.socket")
        self._wait_until(lambda: (self.folder / "munge.socket").exists(), "munged")
        self._daemon("slurmctld", "-D", "-i")
        self._daemon("slurmd", "-D", "-N", "node")
        self._wait_until(lambda: "idle" in self.run("sinfo", "--noheader", "--format=%T").stdout, "the node")

    def _daemon(self, *command):
        output = open(self.folder / f"{command[0]}.out", "wb")
        with output:
            self.daemons.append(subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                                                 stderr=subprocess.STDOUT, start_new_session=True,
                                                 preexec_fn=end_with_parent))

    def _wait_until(self, condition, what):
        deadline = time.time() + 30
        while not condition():
            ended = [daemon.args[0] for daemon in self.daemons if daemon.poll() is not None]
            if ended or time.time() > deadline:
                raise RuntimeError(f"no {what} after 30 s; ended: {ended}\n{self.logs()}")
            time.sleep(0.1)

    def run(self, *command, check=False):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30, check=check)

    def states(self):
        """State by task (`ARRAY_INDEX`), of ended ones too."""
        lines = self.run("squeue", "--noheader", "--array", "--states=all", "--format=%i|%T").stdout.split()
        return dict(line.split("|") for line in lines)

    def logs(self):
        parts = []
        for log in sorted([*self.folder.glob("*.log"), *self.folder.glob("*.out")]):
            parts.append(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]))
        return "\n".join(parts)

    def stop(self):
        if len(self.daemons) == 3:
            self.run("scancel", "--state=PENDING", "--user=root")
            self.run("scancel", "--full", "--signal=KILL", "--user=root")
            self.run("scancel", "--user=root")
            deadline = time.time() + 10
            while self.run("squeue", "--noheader").stdout.strip() and time.time() < deadline:
                time.sleep(0.1)
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons:
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons = []
        shutil.rmtree(self.folder, ignore_errors=True)
