"""One job at a time trains on a state, and one process a job."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cardiograft import locks
from cardiograft.training.lease import Holder, Waits, leased, this_process
from cardiograft.training.processes import refuse_several_processes

FAST = Waits(beat_s=0.1, patience_s=0.3, settle_s=0.3)
ELSEWHERE = "0123456789ab"  # a system that is not this one
# Holds the lease for a time, in which it must be the only one that does.
WORKER = """
import sys, time
from pathlib import Path
from cardiograft.training.lease import Waits, leased
state, seconds, patience = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
try:
    with leased(state, Waits(beat_s=0.1, patience_s=patience, settle_s=0.3)) as lease:
        inside = state.with_name("inside")
        inside.touch(exist_ok=False)
        print("holds", flush=True)
        time.sleep(seconds)
        inside.unlink()
        lease.check()
except ValueError as error:
    sys.exit(str(error))
"""


def begin(
    state: Path, seconds: float, patience: float = 60, **environment: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(state), str(seconds), str(patience)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_it_holds(worker: subprocess.Popen[str]) -> None:
    assert worker.stdout is not None
    assert any(line == "holds\n" for line in worker.stdout)


def write(file: Path, *, silent_s: float = 0.0, **changed: object) -> None:
    """Put a lease there, of a job on another machine unless told otherwise."""
    holder = {"host": "elsewhere", "job": "", "restart": 0, "process": 1, "token": "t", **changed}
    file.write_text(json.dumps(holder))
    last = time.time() - silent_s
    os.utime(file, (last, last))


def test_of_jobs_that_race_one_trains_at_a_time(tmp_path: Path) -> None:
    state = tmp_path / "state"
    workers = [begin(state, 0.2) for _ in range(4)]
    ends = [(one.communicate(timeout=120), one.returncode) for one in workers]
    assert [status for _, status in ends] == [0] * 4, ends
    assert list(tmp_path.iterdir()) == []


def test_jobs_that_race_for_a_dead_ones_lease_take_it_over_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    dead = begin(state, 60)
    until_it_holds(dead)
    dead.kill()
    dead.communicate()
    (tmp_path / "inside").unlink()
    workers = [begin(state, 0.5) for _ in range(4)]
    ends = [(one.communicate(timeout=120), one.returncode) for one in workers]
    assert [status for _, status in ends] == [0] * 4, ends
    assert sum("taking over a training from" in output for (_, output), _ in ends) == 1
    assert list(tmp_path.iterdir()) == []


def test_jobs_that_race_for_a_silent_ones_lease_take_it_over_once(tmp_path: Path) -> None:
    write(tmp_path / "state.lease", silent_s=1000)
    workers = [begin(tmp_path / "state", 0.5) for _ in range(4)]
    ends = [(one.communicate(timeout=120), one.returncode) for one in workers]
    assert [status for _, status in ends] == [0] * 4, ends
    assert sum("taking over a training from" in output for (_, output), _ in ends) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_second_job_stops_in_a_line_that_names_the_first(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = begin(state, 60, SLURM_JOB_ID="4711")
    until_it_holds(first)
    second = begin(state, 0, patience=0.3)
    _, output = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"another job trains on this state: job 4711 on {this_process().host}, process" in output
    assert "(scancel 4711)" in output
    assert "Traceback" not in output
    first.terminate()
    first.communicate()


def test_a_job_elsewhere_is_dead_when_it_is_silent(tmp_path: Path) -> None:
    state, file = tmp_path / "state", tmp_path / "state.lease"
    write(file, silent_s=1000)
    with leased(state, FAST) as lease:
        assert not lease.lost()
    write(file, silent_s=0)
    another = "another job trains on this state: elsewhere, process 1"
    with pytest.raises(ValueError, match=another), leased(state, FAST._replace(stale_s=1000)):
        pass
    assert file.exists()


def test_a_silent_job_is_waited_for_until_it_counts_as_dead(tmp_path: Path) -> None:
    """One that has missed beats is not named as living: stopping would cost the restart."""
    write(tmp_path / "state.lease", silent_s=10)
    began = time.monotonic()
    with leased(tmp_path / "state", FAST._replace(stale_s=11)):
        assert time.monotonic() - began > 0.9


def test_a_requeued_job_takes_over_from_its_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    write(tmp_path / "state.lease", job="4711", restart=0)
    with leased(tmp_path / "state", FAST) as lease:
        assert lease.holder.restart == 1
    write(tmp_path / "state.lease", job="4712", restart=0)
    with (
        pytest.raises(ValueError, match="job 4712 on elsewhere"),
        leased(tmp_path / "state", FAST),
    ):
        pass


@pytest.mark.usefixtures("without_locks")
@pytest.mark.parametrize("known", [{"system": ELSEWHERE}, {}], ids=["another", "older release"])
def test_without_locks_a_machine_of_the_same_name_may_be_another(
    tmp_path: Path, gone: int, known: dict[str, str]
) -> None:
    """A container, or a copy of a machine: its processes' numbers say nothing here."""
    state, file, host = tmp_path / "state", tmp_path / "state.lease", this_process().host
    write(file, host=host, process=gone, **known)
    before = file.read_bytes()
    one = f"another job trains on this state: {host}, process {gone}, last seen"
    with pytest.raises(ValueError, match=one), leased(state, FAST):
        pass
    assert file.read_bytes() == before
    write(file, host=host, process=gone, silent_s=10, **known)  # it misses beats: it is waited for
    began = time.monotonic()
    with leased(state, FAST._replace(stale_s=11)) as lease:
        assert time.monotonic() - began > 0.9
        assert not lease.lost()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_process_of_this_system_is_known_to_be_gone(
    tmp_path: Path, gone: int
) -> None:
    own = {"host": this_process().host, "system": locks.system()}
    write(tmp_path / "state.lease", process=gone, **own)
    with leased(tmp_path / "state", FAST) as lease:
        assert lease.holder.system == locks.system() != ""
        assert json.loads(lease.file.read_text())["system"] == locks.system()
    write(tmp_path / "state.lease", process=os.getppid(), **own)
    with pytest.raises(ValueError, match="trains on this state"), leased(tmp_path / "state", FAST):
        pass


def test_who_has_its_lock_no_more_elsewhere_is_dead_when_it_misses_beats(
    tmp_path: Path, gone: int
) -> None:
    """Some locks are one machine's own, and tell nothing of another machine of this name."""
    write(tmp_path / "state.lease", host=this_process().host, process=gone, system=ELSEWHERE)
    began = time.monotonic()
    with leased(tmp_path / "state", FAST._replace(patience_s=10, stale_s=1000)):
        assert 0.3 < time.monotonic() - began < 5


def test_a_lease_is_kept_fresh(tmp_path: Path) -> None:
    with leased(tmp_path / "state", FAST):
        file = tmp_path / "state.lease"
        os.utime(file, (0, 0))
        deadline = time.monotonic() + 30
        while time.time() - file.stat().st_mtime > 60:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_who_has_lost_its_lease_stops_and_publishes_nothing(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        lease = stack.enter_context(leased(tmp_path / "state", FAST._replace(beat_s=100)))
        write(lease.file)
        with pytest.raises(ValueError, match="taken over by elsewhere, process 1; nothing was pub"):
            lease.check()
    assert lease.file.exists()  # it is the other's
    worker = begin(tmp_path / "other", 60)
    until_it_holds(worker)
    write(tmp_path / "other.lease")
    _, output = worker.communicate(timeout=60)
    assert worker.returncode == -signal.SIGTERM
    assert "the lease was taken over by elsewhere, process 1; this job stops" in output


def test_a_lease_that_someone_has_removed_is_gone(tmp_path: Path) -> None:
    worker = begin(tmp_path / "state", 60)
    until_it_holds(worker)
    (tmp_path / "state.lease").unlink()
    _, output = worker.communicate(timeout=60)
    assert "the lease is gone; this job stops" in output
    with leased(tmp_path / "other", FAST._replace(beat_s=100)) as lease:
        lease.file.unlink()
        with pytest.raises(ValueError, match="the lease is gone; nothing was published"):
            lease.check()
        lease.file.touch()  # another is just writing its own
        assert lease.lost() == "was taken over"


def test_a_stopped_job_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, pauses, sleep = tmp_path / "state", list[float](), time.sleep
    first = begin(state, 60, SLURM_JOB_ID="4711")
    until_it_holds(first)
    first.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(time, "sleep", lambda s: (pauses.append(s), sleep(s)))
    try:
        time.sleep(1.0)
        began = time.monotonic()
        stopped = f"job 4711 on .*, process {first.pid}, which is stopped or hangs, last seen"
        with (
            pytest.raises(ValueError, match=stopped),
            leased(state, FAST._replace(stale_s=0.5, patience_s=1.0)),
        ):
            pass
        assert 1.0 <= time.monotonic() - began < 30
        assert 3 <= len(pauses) < 20  # it did not ask without a pause
        assert json.loads((tmp_path / "state.lease").read_text())["process"] == first.pid
    finally:
        first.kill()
        first.communicate()


def test_a_lease_that_is_only_half_written_is_anothers(tmp_path: Path) -> None:
    (tmp_path / "state.lease").touch()
    with pytest.raises(ValueError, match="an unknown job"), leased(tmp_path / "state", FAST):
        pass


def test_a_holder_is_known_by_machine_job_and_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert this_process().named() == f"{this_process().host}, process {os.getpid()}"
    holder = Holder(host="node3", job="4711", restart=0, process=12, token="t")
    assert holder.named() == "job 4711 on node3, process 12"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"WORLD_SIZE": "2", "RANK": "0"}, "torchrun or accelerate has begun 2"),
        ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"}, "srun has begun 4"),
        ({"OMPI_COMM_WORLD_SIZE": "3"}, "mpirun has begun 3"),
        ({"SLURM_NTASKS": "2", "SLURM_PROCID": "1"}, "task 1 of 2"),
    ],
)
def test_several_processes_are_refused(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=f"a training is one process, .*{named}"):
        refuse_several_processes(environment)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WORLD_SIZE": "1", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"},
        {"SLURM_NTASKS": "8", "SLURM_PROCID": "0"},  # a batch script in which snakemake runs
        {"WORLD_SIZE": ""},
    ],
)
def test_one_process_is_let_be(environment: dict[str, str]) -> None:
    refuse_several_processes(environment)
