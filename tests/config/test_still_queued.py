"""Jobs that an earlier run has left in SLURM's queue."""

from pathlib import Path

import pytest

from cardiograft.config import still_queued
from cardiograft.config.still_queued import earlier_jobs, refuse_second_jobs

QUEUE = """17|rule_pretrain_wildcards_pretext_0|/data/heart
18|rule_report|/data/heart
19|rule_pretrain_wildcards_pretext_0|/data/lung
20|(null)|/data/heart
21||/data/heart
22|rule_score_wildcards_a|/data/heart|b
"""


def test_jobs_of_snakemake_in_this_folder_are_found_and_no_others() -> None:
    assert earlier_jobs(QUEUE, Path("/data/heart")) == ["17", "18"]
    assert earlier_jobs(QUEUE, Path("/data/heart|b")) == ["22"]
    assert earlier_jobs("", Path("/data/heart")) == []


def test_they_are_refused_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"{n}|rule_score|{tmp_path.resolve()}\n" for n in range(1, 8))
    monkeypatch.setattr(still_queued, "queue", lambda: lines)
    with pytest.raises(ValueError, match=r"queue \(1, 2, 3, 4, 5, \.\.\.\): wait"):
        refuse_second_jobs(tmp_path)
    refuse_second_jobs(tmp_path / "elsewhere")


def test_without_a_queue_none_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert still_queued.queue() == ""
    refuse_second_jobs(tmp_path)
