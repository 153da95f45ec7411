"""Made-up evaluations of one study, and the stages that read their tables.

Each is one of the two that `beats` trained at the smallest size, under another name, its
probabilities moved a little; its card, history, ledger and audit are theirs. Half of them differ
from the other half in one tag, and are compared pair by pair.

Legend: N segments, K classes.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cardiograft import parquet
from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.stages import stages
from cardiograft.config.study_plan import StudyPlan
from cardiograft.evaluation import looks, predictions, scoring
from cardiograft.specs.score import Score
from scaling.beats import CONFIG, EVALUATION, NAMES, TRANSFER
from scaling.processes import Axis, Job

EVALUATIONS = Axis("evaluations", 625, 1_000)
STUDY = "transform_recognition"


def config(at: Path, count: int) -> dict[str, Any]:
    """Return what asks for so many evaluations: networks in pairs that differ in one tag."""
    names = [f"run-{number:04d}" for number in range(count)]
    tags = [{"init": NAMES[n % 2], "recipe": f"recipe {n // 2}"} for n in range(count)]
    pairs = [{"tag": "init", "of": NAMES[0], "to": NAMES[1]}]
    return {
        **CONFIG,
        "results": str(at),
        "transfer": {
            name: {**TRANSFER, "tags": its} for name, its in zip(names, tags, strict=True)
        },
        "export": {},
        "evaluations": dict.fromkeys(names, EVALUATION),
        "tables": {STUDY: {"evaluations": names, "comparisons": pairs}},
    }


def jobs(at: Path, trained: Path, segments: int) -> Iterator[Job]:
    """Make evaluations, and yield the stages that read them, in order.

    Parameters
    ----------
    trained
        The folder in which the smallest size's stages ran.
    """
    its = Plan(load_config(config(at, segments // EVALUATIONS.segments)))
    files = StudyPlan(its)
    read = files.reported()
    for number, evaluation in enumerate(its.config.evaluations):
        _evaluate(at, trained, evaluation, number, its.spec("score", evaluation))
    _copy(at, trained, [p for kind in ("cards", "histories", "ledgers") for p in read[kind]])
    for place, source in ((read["manifests"][0], "by-http/mitdb.json"), *_data(read)):
        _copied(trained / source, Path(place))
    yield Job(
        "tabulate",
        "tabulate",
        EVALUATIONS,
        {
            "spec": "-",
            "predictions": files.of_study(STUDY, "predictions"),
            "scores": files.of_study(STUDY, "scores"),
            "cards": files.cards(STUDY),
            "histories": files.histories(STUDY),
            "out": files.tables(STUDY),
        },
        its.spec("tabulate", STUDY),
    )
    arguments = {"spec": its.spec("report", ""), **read, "plan": "-", "command": "make report"}
    arguments |= {"looks": at / looks.LEDGER, "out": at / "report.html"}
    yield Job("report", "report", EVALUATIONS, arguments, stages(its))


def _data(read: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    yield f"{read['segments'][0]}/summary.json", "by-http/beats/summary.json"
    yield read["splits"][0], "people.audit.json"
    for number, place in enumerate(read["audits"]):
        yield place, f"audits/{NAMES[number % 2]}.json"


def _evaluate(at: Path, trained: Path, name: str, number: int, score: str) -> None:
    """Save one evaluation's predictions and scores, and note that its test part was seen."""
    saved = predictions.read(trained / f"predictions/{NAMES[number % 2]}/0.parquet")
    rng = np.random.default_rng(number)
    moved_NK = saved.score_NK * rng.uniform(0.5, 1.5, saved.score_NK.shape)
    moved_NK /= moved_NK.sum(axis=1, keepdims=True)
    about = {**saved.about, "weights_sha256": f"{number:064d}"}
    moved = replace(saved, score_NK=moved_NK.astype(np.float32), about=about)
    files = [at / kind / name / "0.parquet" for kind in ("predictions", "scores")]
    for file in files:
        file.parent.mkdir(parents=True)
    predictions.write(moved, files[0])
    table = scoring.score(moved, Score.model_validate_json(score).metrics)
    parquet.write(pa.Table.from_pandas(table, preserve_index=False), files[1])
    looks.record_predictions(
        at / looks.LEDGER, moved, split=trained / "people.parquet", out=files[0]
    )


def _copy(at: Path, trained: Path, places: Sequence[str]) -> None:
    """Copy what lies beside models: of each transfer that of one of the two trained."""
    for place in map(Path, places):
        stage, entry, *rest = place.relative_to(at).parts
        if stage == "transfer":
            entry = NAMES[int(entry[-4:]) % 2]
        _copied(trained.joinpath(stage, entry, *rest), place)


def _copied(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
