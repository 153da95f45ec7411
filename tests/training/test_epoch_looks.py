"""A training that keeps the epoch that is best on the test part says how often it has looked."""

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import scripts
from cohort import ENDINGS, Interrupt

from cardiograft import look_ledger
from cardiograft.files import file_digest
from cardiograft.specs.predict import Predict
from cardiograft.training import loop

Entry = Callable[..., Any]


def trained(cohort: Any, spec: Any, folder: Path, ledger: Path | None, *, repeat: int = 0) -> Path:
    out = folder / "net" / str(repeat)
    where = {"split": cohort.paper, "state": folder / "state", "out": out, "looks": ledger}
    scripts.load("pretrain").pretrain(spec=spec, segments=[cohort.segments], repeat=repeat, **where)
    return out


def lines(ledger: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]


def card(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / "card.json").read_text("utf-8"))
    return about


def test_every_epoch_that_reads_the_test_part_is_a_look(
    cohort: Any, entry: Entry, tmp_path: Path
) -> None:
    ledger, spec = tmp_path / "results" / "looks.jsonl", entry(epochs=4, keep="best_test")
    about = card(trained(cohort, spec, tmp_path, ledger))
    seen = lines(ledger)
    assert [look["epoch"] for look in seen] == [1, 2, 3, 4]
    assert len({look["weights_sha256"] for look in seen}) == 4
    kept = seen[about["best_epoch"] - 1]
    assert kept["weights_sha256"] == about["weights_sha256"]  # what is evaluated later
    assert str(kept.pop("when")).endswith("+00:00")
    assert kept == {
        "training": "pretrain/net",
        "repeat": 0,
        "epoch": about["best_epoch"],
        "epochs": 4,
        "split": "paper",
        "split_digest": file_digest(cohort.paper),
        "people_digest": look_ledger.people_digest(["toy/s0", "toy/s1"]),
        "people": 2,
        "weights_sha256": about["weights_sha256"],
        "setting": look_ledger.setting(about["spec"]),
        "simulated": True,
    }
    trained(cohort, spec, tmp_path, ledger, repeat=1)
    assert len(lines(ledger)) == 8
    assert {look["setting"] for look in lines(ledger)} == {kept["setting"]}


@pytest.mark.parametrize("keep", ["last", "best_validation"])
def test_what_does_not_read_the_test_part_takes_no_look(
    cohort: Any, entry: Entry, tmp_path: Path, keep: str
) -> None:
    trained(cohort, entry(epochs=1, keep=keep), tmp_path, tmp_path / "looks.jsonl")
    assert not (tmp_path / "looks.jsonl").exists()


def test_a_rerun_is_no_other_look_and_the_ledger_changes_no_byte(
    cohort: Any, entry: Entry, tmp_path: Path
) -> None:
    ledger, spec = tmp_path / "looks.jsonl", entry(epochs=3, keep="best_test")
    first = trained(cohort, spec, tmp_path / "first", ledger)
    before = ledger.read_bytes()
    again = trained(cohort, spec, tmp_path / "again", ledger)
    assert ledger.read_bytes() == before
    without = trained(cohort, spec, tmp_path / "without", None)
    for name in ("model.safetensors", "history.parquet"):
        assert len({(run / name).read_bytes() for run in (first, again, without)}) == 1


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("at", [3, 10, 25])
def test_a_training_that_is_taken_up_again_counts_no_epoch_twice(
    cohort: Any, entry: Entry, tmp_path: Path, interrupted: Interrupt, at: int, ending: str
) -> None:
    ledger, spec = tmp_path / "looks.jsonl", entry(epochs=3, keep="best_test")
    interrupted(at, ending)
    with pytest.raises(ENDINGS[ending]):
        trained(cohort, spec, tmp_path, ledger)
    trained(cohort, spec, tmp_path, ledger)
    assert [look["epoch"] for look in lines(ledger)] == [1, 2, 3]


def test_a_job_that_is_killed_while_it_measures_has_looked_once(
    cohort: Any, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, spec = tmp_path / "looks.jsonl", entry(epochs=2, keep="best_test")
    measure, count = loop.measure, [0]

    def killed(*arguments: Any, **options: Any) -> Any:
        count[0] += 1
        if count[0] == 4:  # validation and test of one epoch, validation of the next
            raise KeyboardInterrupt
        return measure(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "measure", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(cohort, spec, tmp_path, ledger)
    assert [look["epoch"] for look in lines(ledger)] == [1, 2]  # before it was measured
    trained(cohort, spec, tmp_path, ledger)
    assert [look["epoch"] for look in lines(ledger)] == [1, 2]


def test_what_cannot_be_counted_is_not_looked_at(cohort: Any, entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "looks.jsonl").mkdir()
    with pytest.raises(OSError, match=r"looks\.jsonl"):
        trained(cohort, entry(epochs=1, keep="best_test"), tmp_path, tmp_path / "looks.jsonl")
    assert not (tmp_path / "net").exists()


def test_an_evaluation_of_the_kept_epoch_is_a_line_of_its_own(
    cohort: Any, entry: Entry, tmp_path: Path
) -> None:
    ledger, spec = tmp_path / "looks.jsonl", entry(epochs=2, keep="best_test")
    folder = trained(cohort, spec, tmp_path, ledger)
    asked = Predict(split="toy", model=spec.model, task=spec.task)
    for _ in range(2):
        scripts.load("predict").predict(
            spec=asked,
            segments=[cohort.segments],
            split=cohort.paper,
            model=folder,
            out=tmp_path / "evaluated" / "0.parquet",
            looks=ledger,
        )
    seen = lines(ledger)
    assert [look.get("epoch") for look in seen] == [1, 2, None]
    assert len({look["weights_sha256"] for look in seen}) == 2  # networks that were scored
    people = ("people_digest", "split_digest", "setting", "people", "simulated")
    assert len({tuple(look[key] for key in people) for look in seen}) == 1


def _epochs(ledger: Path, training: int) -> None:
    about = dict.fromkeys(look_ledger.KEYS, "same")
    for epoch in range(25):
        seen = {**about, "epoch": epoch, "weights_sha256": f"{training}-{epoch}"}
        look_ledger.record(ledger, seen)
        look_ledger.record(ledger, seen)


def test_trainings_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    ledger, context = tmp_path / "looks.jsonl", multiprocessing.get_context("fork")
    jobs = [context.Process(target=_epochs, args=(ledger, k)) for k in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    wanted = sorted(f"{k}-{epoch}" for k in range(4) for epoch in range(25))
    assert sorted(str(look["weights_sha256"]) for look in lines(ledger)) == wanted
