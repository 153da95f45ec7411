"""Locks where there are some, and what is known of processes where there are none."""

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lockless import no_locks

from cardiograft import locks
from cardiograft.files import atomic_file, clear_partials, host
from cardiograft.physionet.collect import locked

ROOT = Path(__file__).parents[1]
ELSEWHERE = "0123456789ab"  # a system that is not this one


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF])
def test_a_file_system_without_locks_is_told_from_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    file = tmp_path / "file"
    with file.open("w") as opened:
        assert locks.wait(opened.fileno(), file)
        with monkeypatch.context() as without:
            no_locks(without, error)
            assert not locks.wait(opened.fileno(), file)
            with locked(tmp_path / "mitdb"):
                pass
            no_locks(without, errno.EIO)
            with pytest.raises(OSError, match="Input/output error") as failed:
                locks.wait(opened.fileno(), file)
            assert failed.value.filename == str(file)


def test_a_system_is_one_start_of_one_machine_and_one_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(boot: str, space: str) -> str:
        (tmp_path / "boot").write_text(boot)
        (tmp_path / "space").unlink(missing_ok=True)
        (tmp_path / "space").symlink_to(space)
        monkeypatch.setattr(locks, "BOOT", tmp_path / "boot")
        monkeypatch.setattr(locks, "SPACE", tmp_path / "space")
        locks.system.cache_clear()
        return locks.system()

    try:
        known = [seen(*it) for it in (("a\n", "pid:[1]"), ("b\n", "pid:[1]"), ("a\n", "pid:[2]"))]
        assert len(set(known)) == 3
        assert {len(one) for one in known} == {12}
        assert seen("a\n", "pid:[1]") == known[0]
        (tmp_path / "space").unlink()
        locks.system.cache_clear()
        assert locks.system() == ""
    finally:
        monkeypatch.undo()
        locks.system.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_a_child_is_numbered_as_its_parent_is() -> None:
    line = "from cardiograft import locks; print(locks.system())"
    child = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == locks.system() != ""
    apart = ["unshare", "--user", "--pid", "--fork", sys.executable, "-c", line]
    try:
        other = subprocess.run(apart, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no process can be numbered apart here")
    assert other.stdout.strip() not in ("", locks.system())


@pytest.mark.parametrize("locking", [True, False])
def test_a_writer_is_known_to_be_gone_by_its_lock_or_its_own_system(
    tmp_path: Path, gone: int, monkeypatch: pytest.MonkeyPatch, *, locking: bool
) -> None:
    """Without locks a writer of the same name may live in another container, or on another node."""
    file = tmp_path / "a.json"

    def left(whose: str, token: str) -> Path:
        path = tmp_path / f".a.json.{whose}.{token}.partial"
        path.write_text("half")
        return path

    here, there = f"{host()}.{locks.system()}", f"{host()}.{ELSEWHERE}"
    known = {
        "here": left(f"{here}.{gone}", "00000000"),
        "here, of a job": left(f"{host()}.job4711.{locks.system()}.{gone}", "00000001"),
        "here, living": left(f"{here}.{os.getppid()}", "00000002"),
        "there": left(f"{there}.{gone}", "00000003"),
        "there, as one that lives here": left(f"{there}.{os.getppid()}", "00000004"),
        "of an older release": left(f"{host()}.{gone}", "00000005"),
        "of an older release, living": left(f"{host()}.{os.getppid()}", "00000006"),
    }
    if not locking:
        no_locks(monkeypatch, errno.ENOSYS)
    clear_partials(file)
    stay = {"here, living", "of an older release, living"}
    if not locking:
        stay |= {"there", "there, as one that lives here", "of an older release"}
    assert {name for name, path in known.items() if path.exists()} == stay


def test_a_folder_of_another_machine_stays_though_its_lock_is_free(
    tmp_path: Path, gone: int
) -> None:
    """NFS and Lustre lock folders on each machine by itself."""
    beside = locks.system()[: locks.KERNEL] + "0abcde"
    left = [
        tmp_path / f".a.{host()}.{system}.{gone}.00000000.partial"
        for system in (locks.system(), beside, ELSEWHERE)
    ]
    for folder in left:
        folder.mkdir()
    clear_partials(tmp_path / "a")
    assert [folder.exists() for folder in left] == [False, False, True]


def test_a_writer_names_its_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    with atomic_file(tmp_path / "a.json") as partial:
        assert f".{host()}.job4711.{locks.system()}.{os.getpid()}." in partial.name
        with atomic_file(tmp_path / "a.json") as other:
            assert partial.exists()
            other.write_text("other")
        partial.write_text("one")


def test_locks_are_asked_for_in_one_place() -> None:
    """Each that asks by itself has to know what file systems without locks answer."""
    folders = (ROOT / "src", ROOT / "workflow")
    files = [file for folder in folders for file in folder.rglob("*.py")]
    asking = [
        file.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("flock", "lockf")
    ]
    assert set(asking) == {"locks.py"}
