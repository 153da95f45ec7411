"""A real SLURM of one node on this machine: installed, started on loopback, stopped again.

``python tests/slurm/cluster.py COMMAND ...`` runs a command beside it. The node poses as one of
eight cores with four GPUs, which are character devices that nothing computes on. Partitions: `cpu`
(the usual one), `gpu`, and `urgent`, whose jobs pre-empt the others'. It needs root and Debian's
packages; a machine that has a SLURM of its own is left alone.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "munge")
# Within a job the executor plugin forgets SLURM_CONF: only this place is found from there.
CONFIG = Path("/etc/slurm/slurm.conf")
GRES = CONFIG.with_name("gres.conf")
MUNGE_SOCKET = Path("/run/munge/munge.socket.2")
MARK = "# Written by tests/slurm/cluster.py: a cluster for a test, removed at its end.\n"
GPUS = 4
INSTALL_S = 300  # of each of the two commands that install it
GRACE_S, KILL_WAIT_S = 8, 5

SLURM_CONF = """{mark}
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait={kill_wait}
MinJobAge=3600
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:fake:{gpus}
PartitionName=cpu Nodes={host} Default=YES PriorityTier=1 GraceTime={grace} MaxTime=2-0
PartitionName=gpu Nodes={host} PriorityTier=1 GraceTime={grace} MaxTime=2-0
PartitionName=urgent Nodes={host} PriorityTier=10 PreemptMode=OFF MaxTime=2-0
"""
GRES_CONF = """{mark}
AutoDetect=off
NodeName={host} Name=gpu Type=fake Flags=nvidia_gpu_env File={folder}/gpu[0-{last}]
"""


class ClusterError(RuntimeError):
    """There is no SLURM to be had here, and why."""


def check_machine() -> None:
    """Refuse a machine that can't have a SLURM for a test, or has one.

    Raises
    ------
    ClusterError
        See the lines below.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise ClusterError("a SLURM for a test is started by root, on Linux")
    if CONFIG.is_file() and not CONFIG.read_text("utf-8").startswith(MARK):
        raise ClusterError(f"{CONFIG}: this machine has a SLURM of its own, which is left alone")
    for port in (6817, 6818):
        with socket.socket() as taken, contextlib.suppress(ConnectionRefusedError):
            taken.connect(("127.0.0.1", port))
            raise ClusterError(f"port {port}: a SLURM runs on this machine already")


def install() -> None:
    """Install Debian's packages where they are missing.

    Raises
    ------
    ClusterError
        There is no apt-get, or it can't get them.
    """
    if shutil.which("slurmctld") and shutil.which("slurmd") and shutil.which("munged"):
        return
    if not shutil.which("apt-get"):
        raise ClusterError("neither SLURM nor apt-get, which would install it, is here")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        try:
            done = subprocess.run(
                ["apt-get", "-qq", *words],
                env=quiet,
                capture_output=True,
                text=True,
                timeout=INSTALL_S,
            )
        except subprocess.TimeoutExpired as reason:
            raise ClusterError(f"apt-get {words[0]}: not within {INSTALL_S} s") from reason
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise ClusterError(f"apt-get {words[0]}: {lines[-1]}")


def within(seconds: float, condition: Callable[[], object], what: str) -> None:
    """Wait for a condition.

    Raises
    ------
    TimeoutError
        It did not come true.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)


def answer_of(*words: str) -> str:
    """Return what a command of SLURM says; empty where it fails."""
    done = subprocess.run(words, capture_output=True, text=True)
    return "" if done.returncode else done.stdout


class Cluster:
    """A SLURM that runs, and what a test does to it.

    Attributes
    ----------
    folder
        Its state and logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self) -> None:
        """Write its files and start its daemons."""
        host = socket.gethostname().partition(".")[0]
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        for number in range(GPUS):
            os.mknod(self.folder / f"gpu{number}", 0o600 | 0o020000, os.makedev(1, 3))
        facts = {"mark": MARK, "host": host, "folder": self.folder, "gpus": GPUS, "last": GPUS - 1}
        CONFIG.parent.mkdir(exist_ok=True)
        CONFIG.write_text(SLURM_CONF.format(**facts, kill_wait=KILL_WAIT_S, grace=GRACE_S))
        GRES.write_text(GRES_CONF.format(**facts))
        if not self._munge_answers():
            self._start_munge()
        self.start_controller()
        subprocess.run(["slurmd"], check=True, cwd=self.folder)
        within(20, lambda: answer_of("sinfo", "-h", "-o", "%t").strip() == "idle", "an idle node")

    def _munge_answers(self) -> bool:
        done = subprocess.run(["munge", "-n"], capture_output=True)
        return done.returncode == 0

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        # Its own folder is the default one, whoever owns it: no daemon finds another.
        MUNGE_SOCKET.parent.mkdir(mode=0o755, exist_ok=True)
        files = {
            "key-file": key,
            "pid-file": self.folder / "munged.pid",
            "log-file": self.folder / "munged.log",
            "seed-file": self.folder / "munged.seed",
        }
        words = [f"--{name}={file}" for name, file in files.items()]
        subprocess.run(["munged", "--force", *words], check=True, capture_output=True)
        within(10, self._munge_answers, "munge")

    def start_controller(self) -> None:
        """Start slurmctld, with the state that an earlier one has left."""
        subprocess.run(["slurmctld"], check=True, cwd=self.folder)
        within(20, lambda: "UP" in answer_of("scontrol", "ping"), "slurmctld")

    def stop_controller(self) -> None:
        """Stop slurmctld; jobs run on."""
        self._end("slurmctld")

    def stop(self) -> None:
        """End all jobs and daemons, and remove the files outside the folder."""
        for job in answer_of("squeue", "-h", "-o", "%i").split():
            answer_of("scancel", job)
        with contextlib.suppress(TimeoutError):
            within(3 * KILL_WAIT_S, lambda: not answer_of("squeue", "-h").strip(), "an empty queue")
        for daemon in ("slurmd", "slurmctld", "munged"):
            self._end(daemon)
        for file in (CONFIG, GRES):
            file.unlink(missing_ok=True)

    def _end(self, daemon: str) -> None:
        file = self.folder / f"{daemon}.pid"
        if not file.is_file():
            return
        process = int(file.read_text())
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, TimeoutError):
                os.kill(process, number)
                within(10, lambda: not Path(f"/proc/{process}").exists(), f"the end of {daemon}")
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Give a SLURM to the block.

    Raises
    ------
    ClusterError
        There is none to be had here.
    """
    check_machine()
    install()
    # Ended itself, it still takes the cluster with it.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="cardiograft-slurm-") as folder:
        cluster = Cluster(Path(folder))
        try:
            try:
                cluster.start()
            except (TimeoutError, OSError, subprocess.CalledProcessError) as reason:
                # a container may not let daemons have what they need (devices, control groups)
                raise ClusterError(f"it does not start here: {reason}") from reason
            yield cluster
        finally:
            cluster.stop()
            signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    try:
        with running():
            sys.exit(subprocess.run(sys.argv[1:] or ["sinfo"]).returncode)
    except ClusterError as reason:
        sys.exit(f"no SLURM: {reason}")
