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
slurm_load_jobs: a warning
24|rule_predictions-a_predict|/data/groups
23|rule_score
"""


def test_jobs_of_snakemake_in_this_folder_are_found_and_no_others() -> None:
    assert earlier_jobs(QUEUE, Path("/data/heart")) == ["17", "18"]
    assert earlier_jobs(QUEUE, Path("/data/heart|b")) == ["22"]
    assert earlier_jobs(QUEUE, Path("/data/groups")) == ["24"]  # several jobs as one
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


def squeue_at(folder: Path, monkeypatch: pytest.MonkeyPatch, *, failing: int) -> Path:
    """Put a squeue there that fails so often before it answers; return what counts its calls."""
    calls, squeue = folder / "calls", folder / "squeue"
    squeue.write_text(
        f"""#!/bin/bash
echo call >> "{calls}"
if [ "$(wc -l < "{calls}")" -le {failing} ]; then
    echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1
fi
echo '17|rule_report|{folder.resolve()}'
"""
    )
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(still_queued, "PAUSES_S", (0.0, 0.0))
    return calls


def test_a_queue_that_does_not_answer_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = squeue_at(tmp_path, monkeypatch, failing=2)
    with pytest.raises(ValueError, match=r"still in the queue \(17\): wait"):
        refuse_second_jobs(tmp_path)
    assert calls.read_text() == "call\n" * 3


def test_a_queue_that_never_answers_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    squeue_at(tmp_path, monkeypatch, failing=100)
    with pytest.raises(ValueError, match=r"not answer .*Unable to contact ") as raised:
        refuse_second_jobs(tmp_path)
    assert "\n" not in str(raised.value)
    monkeypatch.setattr(still_queued, "ANSWER_S", 0.2)
    (tmp_path / "squeue").write_text("#!/bin/bash\nsleep 2\n")
    with pytest.raises(ValueError, match=r"not answer .*timed out after 0.2 seconds"):
        refuse_second_jobs(tmp_path)
