"""Made-up evaluations of one study, and the stages that read their tables.

Each is one of the two that `beats` trained at the smallest size, under another name, its
probabilities moved a little; its card, history, ledger and audit are theirs. Half of them differ
from the other half in one tag, and are compared pair by pair.

Legend: N segments, K classes.
"""

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
from scaling.processes import Axis, Job, copied

EVALUATIONS = Axis("evaluations", 625, 1_000)
NETWORKS = Axis("networks", 625, 1_000)  # and the one that all of them began with
STUDY = "transform_recognition"
LOOKS = "looks.jsonl"


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
        "baselines": {},
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
    networks = files.measured(STUDY)
    beside = [p for kind in ("cards", "histories", "ledgers") for p in read[kind]]
    _copy(at, trained, [*networks, *beside])
    for place, source in ((read["manifests"][0], "by-http/mitdb.json"), *_data(read)):
        copied(trained / source, Path(place))
    costs = files.costs(STUDY)
    yield Job("cost", "cost", NETWORKS, {"models": networks, "out": costs})
    yield Job(
        "tabulate",
        "tabulate",
        EVALUATIONS,
        {
            "spec": "-",
            "predictions": files.predictions(STUDY),
            "scores": files.scores(STUDY),
            "cards": files.cards(STUDY),
            "costs": costs,
            "histories": files.histories(STUDY),
            "out": files.tables(STUDY),
        },
        its.spec("tabulate", STUDY),
    )
    arguments: dict[str, Any] = {"spec": its.spec("report", ""), "plan": "-", **read}
    arguments["command"] = "make report"
    arguments |= {"looks": at / LOOKS, "out": at / "report.html"}
    yield Job("report", "report", EVALUATIONS, arguments, stages(its))
    published = {"tables": files.tables(STUDY), "study": STUDY, "command": "make docs"}
    more = {"segments": read["segments"], "simulated": [], "out": at / f"{STUDY}.csv"}
    yield Job("publish", "publish", EVALUATIONS, {**published, **more})


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
    looks.record_predictions(at / LOOKS, moved, split=trained / "people.parquet", out=files[0])


def _copy(at: Path, trained: Path, places: Sequence[str]) -> None:
    """Copy what lies beside models: of each transfer that of one of the two trained."""
    for place in map(Path, places):
        stage, entry, *rest = place.relative_to(at).parts
        if stage == "transfer":
            entry = NAMES[int(entry[-4:]) % 2]
        copied(trained.joinpath(stage, entry, *rest), place)
