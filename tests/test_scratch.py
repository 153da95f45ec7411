"""What a killed process leaves below ``TMPDIR``, and what is never taken away there."""

import ast
import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lockless import no_locks

from cardiograft import locks, scratch
from cardiograft.scratch import scratch_folder

ROOT = Path(__file__).parents[1]
# What leaves a name behind when its process is killed.
NAMED = {"TemporaryDirectory", "NamedTemporaryFile", "SpooledTemporaryFile", "mkdtemp", "mkstemp"}
# Uses a folder of 10 kB until it is ended.
USER = """
import time
from cardiograft.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "train").mkdir()
    (folder / "train" / "signal").write_bytes(bytes(10_000))
    print(folder, flush=True)
    time.sleep(60)
"""
ELSEWHERE = "0123456789ab"  # a system of another machine
BESIDE = locks.system()[: locks.KERNEL] + "0abcde"  # a container of this one
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for scratch files, as a process finds it that has made none yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scratch.clear.cache_clear()
    yield tmp_path
    scratch.clear.cache_clear()


def begun(place: Path) -> tuple[subprocess.Popen[str], Path]:
    user = subprocess.Popen(
        [sys.executable, "-c", USER],
        env=os.environ | {"TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout is not None
    return user, Path(user.stdout.readline().strip())


def ended(user: subprocess.Popen[str], number: int) -> None:
    user.send_signal(number)
    user.communicate(timeout=30)


def left_by(place: Path, process: int, system: str) -> Path:
    left = place / f"cardiograft-{system}-{process}-0123abcd"
    left.mkdir()
    (left / "signal").write_text("half")
    return left


def test_a_folder_is_there_for_its_block_and_for_its_user_alone(place: Path) -> None:
    with scratch_folder() as one, scratch_folder() as other:
        assert one != other
        assert one.parent == place
        assert one.stat().st_mode & 0o777 == 0o700
        (one / "a").write_text("a")
    assert list(place.iterdir()) == []
    with pytest.raises(ValueError, match="stop"), scratch_folder():
        raise ValueError("stop")
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_goes_and_what_lives_stays(place: Path) -> None:
    killed, left = begun(place)
    living, used = begun(place)
    try:
        ended(killed, signal.SIGKILL)
        assert (left / "train" / "signal").stat().st_size == 10_000
        with scratch_folder():
            assert not left.exists()
            assert (used / "train" / "signal").exists()
    finally:
        ended(living, signal.SIGKILL)
    with scratch_folder():  # once a process: what is left now is the next one's to clear
        assert used.exists()


@pytest.mark.parametrize("locking", [True, False])
def test_without_locks_this_systems_own_processes_alone_are_known(
    place: Path, monkeypatch: pytest.MonkeyPatch, *, locking: bool
) -> None:
    user, folder = begun(place)
    ended(user, signal.SIGKILL)
    gone = user.pid
    here, beside = left_by(place, gone, locks.system()), left_by(place, gone, BESIDE)
    # Whose number another process has been given since: the lock tells, where there is one.
    reused = left_by(place, os.getppid(), locks.system())
    there, unknown = left_by(place, gone, ELSEWHERE), left_by(place, gone, "0")
    if not locking:
        no_locks(monkeypatch, errno.EOPNOTSUPP)
    with scratch_folder() as own:
        left = {folder, here, beside, reused, there, unknown}
        expected = {there, unknown} if locking else {beside, reused, there, unknown}
        assert {path for path in left if path.exists()} == expected
        assert own.exists()


def test_what_another_machine_uses_stays_where_locks_are_each_machines_own(place: Path) -> None:
    """As on NFS and Lustre, where nodes may share ``TMPDIR``: its lock can't be seen from here."""
    used = left_by(place, 1, ELSEWHERE)
    with scratch_folder():
        assert (used / "signal").exists()


def test_what_another_system_holds_stays(place: Path) -> None:
    held = left_by(place, 1, BESIDE)
    handle = os.open(held, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with scratch_folder():
            assert (held / "signal").exists()
    finally:
        os.close(handle)


def test_what_is_another_users_or_not_a_folder_of_ours_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "kept").write_text("kept")
    (place / f"cardiograft-{BESIDE}-1-0123abce").symlink_to(outside)
    (place / f"cardiograft-{BESIDE}-1-0123abcf").write_text("a file")
    (place / "cardiograft-k3j2h1g0").mkdir()  # of an older release: nobody knows whose
    (place / f"mine-cardiograft-{BESIDE}-1-0123abcd").mkdir()
    before = sorted(place.iterdir())
    with scratch_folder():
        assert sorted(path for path in place.iterdir() if path in before) == before
    assert (outside / "kept").exists()
    theirs = left_by(place, 1, BESIDE)
    scratch.clear.cache_clear()
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: theirs.stat().st_uid + 1)
        with scratch_folder():
            assert (theirs / "signal").exists()


def test_what_cannot_be_cleared_stops_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left, opened = left_by(place, 1, BESIDE), os.open

    def refuse(path: Path, *arguments: int) -> int:
        if path == left:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    with scratch_folder() as own:
        assert own.exists()
        assert left.exists()


def test_a_folder_that_was_taken_for_abandoned_is_made_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between being made and being locked it can't be told from one that was left."""
    wait, taken = locks.wait, list[Path]()

    def late(handle: int, path: Path) -> bool:
        if len(taken) < 2:
            taken.append(path)
            path.rmdir()
        return wait(handle, path)

    monkeypatch.setattr(locks, "wait", late)
    with scratch_folder() as own:
        (own / "signal").write_text("whole")
        assert own not in taken
    assert len(taken) == 2
    assert list(place.iterdir()) == []


def test_a_folder_inherited_by_a_process_that_lives_on_is_in_use(place: Path) -> None:
    """As the interpreter of a run's jobs has it, when who began it was killed."""
    begin = """
import os, subprocess, sys
from cardiograft import scratch
folder = scratch.unused()
handle = scratch.made(folder)
heir = subprocess.Popen(["sleep", "60"], pass_fds=[handle], stdout=subprocess.DEVNULL)
print(folder, heir.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", begin],
        env=os.environ | {"TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    folder, heir = Path(done.stdout.split()[0]), int(done.stdout.split()[1])
    try:
        with scratch_folder():
            assert folder.exists()
    finally:
        os.kill(heir, signal.SIGKILL)
    scratch.clear.cache_clear()
    for _ in range(1000):  # until nobody has it any more
        handle = os.open(folder, os.O_RDONLY)
        free = locks.hold(handle)
        os.close(handle)
        if free:
            break
        time.sleep(0.01)
    with scratch_folder():
        assert not folder.exists()


def test_names_do_not_meet(place: Path) -> None:
    """A process that has the number of one that was killed finds its folder, and makes its own."""
    first = scratch.unused()
    assert scratch.NAME.fullmatch(first.name)
    first.mkdir()
    assert f"-{os.getpid()}-" in first.name
    second = scratch.unused()
    handle = scratch.made(second)
    os.close(handle)
    assert list(place.iterdir()) == [second]  # the killed one's had no lock


def test_nothing_else_leaves_names_below_tmpdir() -> None:
    """What a stage needs there lies in a `scratch_folder`, or has no name (TemporaryFile)."""
    found = [
        f"{file.name}: {ast.unparse(node)}"
        for folder in (ROOT / "src", ROOT / "workflow")
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in NAMED
        and "dir" not in {keyword.arg for keyword in node.keywords}
    ]
    assert found == []
