"""Hosts on one machine: network namespaces joined by a bridge, each behind a link of a chosen bandwidth.

A process on a host sees only that host's name and network card. Needs root, iproute2 and util-linux.
"""

import contextlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

NETWORK = "10.77.0"
BRIDGE = "transfer0"
# mpirun starts its daemon on a host with a command like ssh: AGENT HOST COMMAND…
AGENT = """#!/bin/sh
host=$1; shift
exec ip netns exec "transfer-$host" unshare --uts sh -c "hostname $host; $*"
"""


def why_impossible() -> str:
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [tool for tool in ("ip", "tc", "unshare", "mpirun") if shutil.which(tool) is None]
    return f"missing: {', '.join(missing)}" if missing else ""


def run(command: str) -> None:
    subprocess.run(shlex.split(command), check=True, capture_output=True, text=True)


def remove(count: int) -> None:
    for i in range(count):
        # The link first: the end inside a namespace disappears some time after the namespace.
        subprocess.run(["ip", "link", "del", f"port{i}"], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", f"transfer-h{i}"], capture_output=True, check=False)
    subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True, check=False)


def connect(i: int, mbit: float) -> None:
    """Creates host `i` and its link; `mbit` 0 leaves the link unshaped."""
    host, inside, outside = f"transfer-h{i}", f"card{i}", f"port{i}"
    run(f"ip netns add {host}")
    run(f"ip link add {outside} type veth peer name {inside} netns {host}")
    run(f"ip link set {outside} master {BRIDGE} up")
    run(f"ip -n {host} addr add {NETWORK}.{i + 1}/24 dev {inside}")
    run(f"ip -n {host} link set {inside} up")
    run(f"ip -n {host} link set lo up")
    if mbit > 0:
        # One direction each. The queue is long enough that nothing is dropped, which TCP would take for congestion.
        shape = f"root tbf rate {mbit}mbit burst {max(int(mbit * 1e6 / 8 / 200), 65536)} limit 16mb"
        run(f"tc -n {host} qdisc add dev {inside} {shape}")
        run(f"tc qdisc add dev {outside} {shape}")


@contextlib.contextmanager
def hosts(count: int, mbit: float):
    """Yields the flags with which mpirun starts one process on each of `count` hosts, over TCP."""
    remove(count)
    with tempfile.TemporaryDirectory() as folder:
        agent = Path(folder) / "agent"
        agent.write_text(AGENT)
        agent.chmod(agent.stat().st_mode | stat.S_IXUSR)
        try:
            run(f"ip link add {BRIDGE} type bridge")
            run(f"ip addr add {NETWORK}.254/24 dev {BRIDGE}")
            run(f"ip link set {BRIDGE} up")
            for i in range(count):
                connect(i, mbit)
            names = ",".join(f"h{i}:1" for i in range(count))
            yield ["--host", names, "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", str(agent),
                   "--mca", "orte_keep_fqdn_hostnames", "1", "--mca", "pml", "ob1", "--mca", "btl", "tcp,self",
                   "--mca", "btl_tcp_if_include", f"{NETWORK}.0/24", "--mca", "oob_tcp_if_include", f"{NETWORK}.0/24"]
        finally:
            remove(count)
