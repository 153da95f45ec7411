"""The ledger of looks: a line for each network that a test part was scored with, for ever."""

import errno
import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import classes

from cardiograft import look_ledger
from cardiograft.evaluation import looks
from cardiograft.evaluation.predictions import Predictions


def saved(weights: str | None = "w" * 64, **changes: object) -> Predictions:
    about = {"split_digest": "s" * 64, "setting": "one", "weights_sha256": weights}
    return replace(classes(subjects=4, each=10), about={**about, **changes})


def look(weights: str, split: str = "s" * 64) -> look_ledger.Look:
    line = looks.look(
        saved(weights, split_digest=split), evaluation="net", repeat=2, split="strict"
    )
    assert line
    return line


def lines(ledger: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in ledger.read_text().splitlines()]


def test_a_look_says_what_was_seen_and_when(tmp_path: Path) -> None:
    ledger = tmp_path / "results" / "looks.jsonl"
    assert look_ledger.record(ledger, look("a"))
    (one,) = lines(ledger)
    assert str(one.pop("when")).endswith("+00:00")
    assert one == {
        "evaluation": "net",
        "repeat": 2,
        "split": "strict",
        "split_digest": "s" * 64,
        "people_digest": look_ledger.people_digest(set(saved().subject_N.tolist())),
        "people": 4,
        "weights_sha256": "a",
        "setting": "one",
        "simulated": False,
    }


def test_the_same_weights_on_the_same_split_are_one_look(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    added = [look_ledger.record(ledger, look(w, s)) for w, s in ("ax", "ax", "bx", "ay", "bx")]
    assert added == [True, False, True, True, False]
    assert [(x["weights_sha256"], x["split_digest"]) for x in lines(ledger)] == [
        ("a", "x"),
        ("b", "x"),
        ("a", "y"),
    ]


def test_lines_are_only_added(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    look_ledger.record(ledger, look("a"))
    before, inode = ledger.read_bytes(), ledger.stat().st_ino
    look_ledger.record(ledger, look("b"))
    look_ledger.record(ledger, look("a"))
    assert ledger.read_bytes().startswith(before)
    assert ledger.stat().st_ino == inode


def test_other_parts_are_no_look_at_the_test_part() -> None:
    trained = saved()
    trained = replace(trained, part_N=np.full(len(trained.part_N), "validation"))
    assert looks.look(trained, evaluation="net", repeat=0, split="strict") is None


def test_a_baseline_is_known_by_what_it_predicts() -> None:
    def digest(predictions: Predictions) -> str:
        line = looks.look(predictions, evaluation="forest", repeat=0, split="strict")
        assert line
        return str(line["weights_sha256"])

    forest = saved(None)
    other = replace(forest, score_NK=forest.score_NK[:, ::-1].copy())
    assert digest(forest) == digest(saved(None)) != digest(other)


def test_people_are_the_same_however_they_are_cut() -> None:
    assert look_ledger.people_digest(["b", "a", "b"]) == look_ledger.people_digest(["a", "b"])
    assert look_ledger.people_digest(["a"]) != look_ledger.people_digest(["a", "b"])


def test_a_setting_is_the_same_whatever_the_seed() -> None:
    def net(seed: int, rate: float) -> dict[str, object]:
        return {"model": "cnn", "training": {"seed": seed, "learning_rate": rate}}

    assert (
        look_ledger.setting(net(0, 0.1))
        == look_ledger.setting(net(1, 0.1))
        != look_ledger.setting(net(0, 0.2))
    )


def _many(ledger: Path, first: int) -> None:
    for k in range(25):
        look_ledger.record(ledger, look(f"{first + k}"))
        look_ledger.record(ledger, look("common"))


def test_jobs_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    context = multiprocessing.get_context("fork")
    jobs = [context.Process(target=_many, args=(ledger, 100 * k)) for k in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    wanted = {str(100 * k + j) for k in range(4) for j in range(25)} | {"common"}
    assert sorted(str(x["weights_sha256"]) for x in lines(ledger)) == sorted(wanted)


@pytest.mark.usefixtures("without_locks")
def test_without_locks_looks_are_recorded_all_the_same(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    added = [look_ledger.record(ledger, look(weights)) for weights in "aab"]
    assert added == [True, False, True]
    known, unreadable = look_ledger.read(ledger)
    assert [x["weights_sha256"] for x in known] == ["a", "b"]
    assert unreadable == 0


@pytest.mark.usefixtures("without_locks")
def test_jobs_at_the_same_time_lose_nothing_without_locks(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    context = multiprocessing.get_context("fork")
    jobs = [context.Process(target=_many, args=(ledger, 100 * k)) for k in range(2)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(120)
    assert [job.exitcode for job in jobs] == [0, 0]
    known, unreadable = look_ledger.read(ledger)
    wanted = {str(100 * k + j) for k in range(2) for j in range(25)} | {"common"}
    assert sorted(str(x["weights_sha256"]) for x in known) == sorted(wanted)
    assert unreadable == 0


@pytest.mark.usefixtures("without_locks")
def test_without_locks_anothers_cut_line_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut between this job's look at the end of the file and its write."""
    ledger, write = tmp_path / "looks.jsonl", os.write
    look_ledger.record(ledger, look("a"))
    half = ledger.read_bytes().strip()[:40]

    def beside(handle: int, line: bytes) -> int:
        with ledger.open("ab") as other:
            other.write(half)
        return write(handle, line)

    with monkeypatch.context() as crowded:
        crowded.setattr(look_ledger.os, "write", beside)
        assert look_ledger.record(ledger, look("b"))
    known, unreadable = look_ledger.read(ledger)
    assert [x["weights_sha256"] for x in known] == ["a", "b"]
    assert unreadable == 1


@pytest.mark.usefixtures("without_locks")
@pytest.mark.parametrize("times", [1, 100])
def test_a_line_that_another_machine_wrote_over_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    ledger, write, over = tmp_path / "looks.jsonl", os.write, list[int]()
    look_ledger.record(ledger, look("a"))

    def lost(handle: int, line: bytes) -> int:
        start, number = ledger.stat().st_size, write(handle, line)
        over.append(start)
        if len(over) <= times:
            with ledger.open("r+b") as other:
                other.seek(start)
                other.write(b"\n" + b"x" * (len(line) - 2) + b"\n")
        return number

    with monkeypatch.context() as crowded:
        crowded.setattr(look_ledger.os, "write", lost)
        if times == 1:
            assert look_ledger.record(ledger, look("b"))
            assert len(over) == 2
        else:
            with pytest.raises(OSError, match="written over") as error:
                look_ledger.record(ledger, look("b"))
            assert error.value.filename == str(ledger)
    assert "a" in {x["weights_sha256"] for x in look_ledger.read(ledger)[0]}


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_full_disk_is_said_and_takes_no_line_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, write = tmp_path / "looks.jsonl", os.write
    look_ledger.record(ledger, look("a"))

    def full(handle: int, line: bytes) -> int:
        number = write(handle, line[:20])
        with ledger.open("ab") as other:
            other.write(b"\n" + json.dumps({"when": "now", **look("c")}).encode() + b"\n")
        return number

    with monkeypatch.context() as crowded:
        crowded.setattr(look_ledger.os, "write", full)
        with pytest.raises(OSError, match="No space left") as error:
            look_ledger.record(ledger, look("b"))
    assert error.value.filename == str(ledger)
    assert look_ledger.record(ledger, look("b"))
    assert {x["weights_sha256"] for x in look_ledger.read(ledger)[0]} == {"a", "b", "c"}


def test_a_look_that_two_jobs_added_at_once_is_one(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    look_ledger.record(ledger, look("a"))
    ledger.write_bytes(2 * ledger.read_bytes())
    epoch = {**look("a"), look_ledger.EPOCH: 3}
    assert look_ledger.record(ledger, epoch)
    assert len(look_ledger.read(ledger)[0]) == 2


def test_what_a_crash_cut_short_spoils_no_other_line(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    look_ledger.record(ledger, look("a"))
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + whole[:40])
    assert look_ledger.record(ledger, look("b"))
    assert ledger.read_bytes().startswith(whole + whole[:40])
    known, unreadable = look_ledger.read(ledger)
    assert [x["weights_sha256"] for x in known] == ["a", "b"]
    assert unreadable == 1


def test_a_full_disk_leaves_no_part_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "looks.jsonl"
    look_ledger.record(ledger, look("a"))
    before, write = ledger.read_bytes(), os.write
    with monkeypatch.context() as full:
        full.setattr(look_ledger.os, "write", lambda handle, line: write(handle, line[:20]))
        with pytest.raises(OSError, match="No space left") as error:
            look_ledger.record(ledger, look("b"))
    assert error.value.errno == errno.ENOSPC
    assert ledger.read_bytes() == before
    assert look_ledger.record(ledger, look("b"))


def test_a_ledger_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert look_ledger.read(tmp_path / "looks.jsonl") == ([], 0)
