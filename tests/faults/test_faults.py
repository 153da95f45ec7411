"""A few of the faults of ``make test-faults``, each kind of them."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from faults import flips, full_disk, kills, mutations, names, sharing
from faults.counting import Count
from faults.stages import Study

from cardiograft.files import (
    DAMAGED,
    SEAL,
    _exchanged,
    atomic_directory,
    atomic_file,
    host,
    read_json,
    reserve,
    write_json,
)

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("faults")
    made = Study(folder / "study")
    made.root.mkdir()
    kills.prepare(made, folder / "logs")
    kills.state_of(made, folder / "state", made.root / "state" / "0")
    return made


def well(counts: list[Count], least: int) -> None:
    assert [line for count in counts for line in count.failures] == []
    assert sum(count.tried for count in counts) >= least


@pytest.mark.parametrize(("training", "moments"), [("scratch", 21), ("pretrain", 6), ("prune", 6)])
def test_a_training_ended_after_any_saved_state_ends_in_the_same_bytes(
    study: Study, tmp_path: Path, training: str, moments: int
) -> None:
    (count,) = kills.trainings(study, tmp_path, [training], moments)
    well([count], moments + 1)
    assert min(count.seen[name] for name in ("SIGKILL", "SIGTERM", "SIGINT")) >= moments // 3


def test_other_jobs_ended_while_they_write_are_healed_by_a_rerun(
    study: Study, tmp_path: Path
) -> None:
    well(kills.others(study, tmp_path, ["segment", "outside", "predict grafted", "hdf5"], 3), 12)


def test_a_changed_bit_is_said_or_harmless(study: Study, tmp_path: Path) -> None:
    well(flips.counts(study, tmp_path, 25), 25 * len(flips.KINDS))


def test_a_full_disk_is_said_and_a_rerun_heals(study: Study, tmp_path: Path) -> None:
    counts = full_disk.counts(study, tmp_path, ["download", "segment", "scratch", "report"], 2)
    well(counts, 8)
    assert all(count.seen["said, healed"] for count in counts)


def test_two_runs_share_a_data_folder(study: Study, tmp_path: Path) -> None:
    well(sharing.counts(study, tmp_path, 1), 2)


def test_markup_in_names_is_text(tmp_path: Path) -> None:
    count = names.counts(tmp_path, 20)
    well([count], 20)
    assert count.seen["text"]


def test_markup_in_names_of_entries_and_of_what_is_not_as_usual_is_text(tmp_path: Path) -> None:
    """Names that come from paths and from keys, and what only data that are less clean show."""
    kinds = r"the path of|the name (?!counts|versions)|remarks|notes|unused|differences"
    count = names.counts(tmp_path, only=kinds)
    well([count], 30)
    assert count.seen["text"] >= 15, count.seen


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    numbers = {"header": 200, "annotations": 100, "MATLAB file": 20}
    well(mutations.counts(tmp_path, {**numbers, "MATLAB file, not compressed": 200}), 520)


# What a writer leaves that is killed, and what a living one holds.


def left_by(process: int, path: Path, host: str | None = None) -> Path:
    name = host or socket.gethostname()
    left = path.with_name(f".{path.name}.{name}.{process}.0123abcd.partial")
    left.write_text("half")
    return left


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_writer_left_is_cleared_by_the_next(tmp_path: Path, gone: int) -> None:
    file, folder = tmp_path / "a.json", tmp_path / "shards"
    left = [left_by(gone, file), tmp_path / f".shards.{gone}.partial"]
    left[1].mkdir()
    (left[1] / "part-000.parquet").write_text("half")
    other = left_by(gone, tmp_path / "b.json")
    write_json(file, {})
    with atomic_directory(folder):
        pass
    assert not [path for path in left if path.exists()]
    assert other.exists()  # of another output: its own next writer clears it


def test_what_a_killed_writer_of_a_scheduled_job_left_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    file, killed = tmp_path / "a.json", "import sys; from cardiograft.files import *; import os"
    killed += "\nwith atomic_file(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", killed, str(file)], check=False)
    (left,) = inside(tmp_path)
    assert f".{host()}.job4711." in left
    write_json(file, {})
    assert inside(tmp_path) == ["a.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems exchange no names")
def test_there_is_a_folder_at_any_time_while_it_is_replaced(tmp_path: Path) -> None:
    place, gaps = tmp_path / "shards", []
    with atomic_directory(place) as folder:
        (folder / "part").write_text("0")
    if not _exchanged(tmp_path / "shards", place):
        pytest.skip("this file system exchanges no names")
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            if not (place / "part").exists():
                gaps.append(1)

    watcher = threading.Thread(target=look)
    watcher.start()
    for turn in range(300):
        with atomic_directory(place) as folder:
            (folder / "part").write_text(str(turn))
    ended.set()
    watcher.join()
    assert (place / "part").read_text() == "299"
    assert gaps == []
    assert inside(tmp_path) == ["shards"]


def test_what_a_living_writer_holds_is_let_be(tmp_path: Path, gone: int) -> None:
    file = tmp_path / "a.json"
    living, elsewhere = left_by(os.getppid(), file), left_by(1, file, host="elsewhere")
    with elsewhere.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        write_json(file, {"a": 1})
        assert living.exists()
        assert elsewhere.exists()
    write_json(file, {"a": 2})
    assert living.exists()
    assert not elsewhere.exists()
    assert read_json(file) == {"a": 2}


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    with atomic_file(file) as one, atomic_file(file) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert file.read_text() == "one"  # the outer block ended last
    assert inside(tmp_path) == ["a.txt"]


def test_a_folder_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    place = tmp_path / "shards"
    with atomic_directory(place) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(FileNotFoundError), atomic_directory(place) as folder:
        (folder / "a").rename(folder / "b")
    assert (place / "a").read_text() == "old"
    with atomic_directory(place) as folder:
        (folder / "b").write_text("new")
    assert inside(place) == ["b"]
    assert inside(tmp_path) == ["shards"]


def test_room_on_the_disk_is_taken_before_it_is_mapped(tmp_path: Path) -> None:
    place = tmp_path / "signal"
    reserve(place, 100_000)
    about = place.stat()
    assert about.st_size == 100_000
    assert about.st_blocks * 512 >= 100_000


def test_json_says_when_it_was_changed_and_reads_what_has_no_seal(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"rate_hz": 125.0, "labels": ("N", "V")})
    assert read_json(file) == {"rate_hz": 125.0, "labels": ["N", "V"]}
    text = file.read_text()
    for old, new in (("125.0", "126.0"), (SEAL, "content_sha255")):
        file.write_text(text.replace(old, new))
        with pytest.raises(ValueError, match=DAMAGED):
            read_json(file)
    file.write_text('{"rate_hz": 125.0}')
    assert read_json(file) == {"rate_hz": 125.0}


def test_a_damaged_state_is_said_and_the_training_starts_anew(study: Study, tmp_path: Path) -> None:
    calm = study.jobs()["scratch"]
    job = kills._elsewhere(calm, tmp_path / "home")
    running = kills.Running(job, tmp_path / "log")
    assert kills._ended_after_a_state(
        running, job.arguments["state"], signal.SIGKILL, kills.random.Random(1)
    )
    running.wait()
    (state,) = job.arguments["state"].glob("*/state.safetensors")
    content = bytearray(state.read_bytes())
    content[-5] ^= 4
    state.write_bytes(bytes(content))
    status, output = kills.done(job, tmp_path / "log.again")
    assert status == 0, output
    assert "starting anew" in output
    for name in ("model.safetensors", "history.parquet"):
        assert kills._same(job.outputs[0] / name, calm.outputs[0] / name)
