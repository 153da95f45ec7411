"""A made-up study of SCG to ECG: everything that its tables and its pages are made of."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scripts import load
from synthetic import RATE_HZ, card, classes, paired_shards

from cardiograft.evaluation import predictions
from cardiograft.evaluation.predictions import Predictions
from cardiograft.files import write_json
from cardiograft.specs.score import Score
from cardiograft.specs.tabulate import StudyRun, Tabulate

tabulate, score = load("tabulate"), load("score")
NAME = "scg_to_ecg"
SUBJECTS, EACH, SAMPLES = 9, 4, 750
METRICS = ("pearson", "prd", "mae", "r2", "mse", "xcor", "nmse", "rmse")
PEAKS = ("peak_sensitivity", "peak_positive_predictivity", "heart_rate_bias", "heart_rate_limits")
SOURCES = {"scratch": 0.0, "cae": 0.06, "tcn": 0.02, "ecgnet": -0.01, "cnn1d": -0.05}
CONTROLS = ("shuffled", "other", "phase")
USUAL = {
    "data": "scg_vhd",
    "pruning": "none",
    "inputs": "3 axes",
    "calibration": "0 s",
    "adaptation": "none",
    "scaling": "ours",
    "steps": "usual",
}
PLACES = {
    "paper": ("paper", "scg-random", ("",)),
    "honest": ("honest", "scg-subject (2 folds)", ("-0", "-1")),
    "calibrated": ("personal", "scg-calibrated", ("",)),
}


def rows(*, sources: tuple[str, ...] = tuple(SOURCES), repeats: int = 2) -> dict[str, Any]:
    """Return the rows: transfers, pruned ones, baselines, controls, calibration, sparsity."""
    row_of: dict[str, Any] = {}
    for name, place, tags in _runs(sources):
        protocol, split, folds = PLACES[place]
        row_of[name] = {
            "members": [f"{name}{fold}" for fold in folds],
            "protocol": protocol,
            "split": split,
            "simulated": True,
            "repeats": 1 if tags.get("init") == "none" else repeats,
            "tags": {**USUAL, "model": "cae", **tags},
            "metrics": [*METRICS, *PEAKS],
        }
    return row_of


def _runs(sources: tuple[str, ...]) -> Iterator[tuple[str, str, dict[str, str]]]:
    for place in ("paper", "honest"):
        for init in sources:
            yield f"scg-cae-{init}-{place}", place, {"init": init}
            if init != "scratch":
                yield (
                    f"scg-cae-{init}-pruned-{place}",
                    place,
                    {"init": init, "pruning": "magnitude"},
                )
        tags = {"init": "scratch", "steps": "a pretraining’s added"}
        yield f"scg-cae-longer-{place}", place, tags
        yield f"scg-mean_beat-{place}", place, {"model": "mean_beat", "init": "none"}
    for seconds in (0, 10, 30, 60):
        tags = {"init": "scratch", "calibration": f"{seconds} s"}
        yield f"scg-cae-calibrated-{seconds}", "calibrated", tags
    for percent in (0, 50, 75, 95):
        tags = {"init": "cae", "pruning": "magnitude", "sparsity": f"{percent} %"}
        yield f"scg-cae-sparsity-{percent}", "honest", tags


def study(**changes: Any) -> Tabulate:
    given = {
        "study": NAME,
        "rows": rows(),
        "primary": "pearson",
        "comparisons": [{"tag": "init", "of": "cae", "to": "scratch"}],
        "shown": {name: ["scg-windows"] for name in ("scg-cae-scratch-honest",)},
        "curves": [{"tag": "calibration"}, {"tag": "sparsity"}],
        "draws": 200,
    }
    return Tabulate.model_validate({**given, **changes})


def recorded() -> Predictions:
    """Return everybody's windows, said as zeros."""
    whole = classes(subjects=SUBJECTS, each=EACH, labels=("II", "x"), shares=(1, 1))
    time_s = np.arange(SAMPLES) / RATE_HZ
    target = np.array([_ecg(time_s, n // EACH, n) for n in range(SUBJECTS * EACH)], np.float32)
    return replace(
        whole,
        kind="signal",
        labels=("II",),
        target=target,
        score_NK=np.zeros_like(target),
        about={"simulated": True, "rate_hz": RATE_HZ},
    )


def _ecg(time_s: np.ndarray, person: int, window: int) -> np.ndarray:
    chance = np.random.default_rng(window)
    every_s = 60 / (58 + 6 * person)
    beats_s = np.arange(chance.uniform(0, every_s), time_s[-1] + 1, every_s)
    beats_s += chance.normal(0, 0.02, len(beats_s))
    waves = ((-0.18, 0.12, 0.03), (-0.03, -0.1, 0.01), (0.0, 1.0, 0.012), (0.035, -0.25, 0.012))
    signal_T = np.zeros_like(time_s)
    for at_s, size, width_s in (*waves, (0.26 + 0.01 * person, 0.3, 0.05)):
        from_wave = (time_s - beats_s[:, None] - at_s) / width_s
        signal_T += size * np.exp(-0.5 * np.square(from_wave)).sum(axis=0)
    return signal_T / np.abs(signal_T).max()


def made_predictions(whole: Predictions, row: StudyRun, repeat: int) -> Predictions:
    """Return what a row's model may have said of the windows."""
    tags = row.tags
    skill = {"paper": 0.85, "honest": 0.5, "personal": 0.5}[row.protocol]
    skill += SOURCES.get(tags["init"], -0.35) + 0.002 * float(tags["calibration"].split()[0])
    if tags.get("sparsity"):
        skill -= 0.4 * (float(tags["sparsity"].split()[0]) / 100) ** 4
    chance = np.random.default_rng((repeat, sum(map(ord, repr(sorted(tags.items()))))))
    person_N = np.unique(whole.subject_N, return_inverse=True)[1]
    skill_N = np.clip(skill + 0.06 * (4 - person_N), 0.02, 0.98)[:, None]
    rough = np.cumsum(chance.normal(size=whole.target.shape), axis=1)
    rough -= np.apply_along_axis(lambda x: np.convolve(x, np.ones(40) / 40, "same"), 1, rough)
    noise_NK = 0.06 * (1 - skill_N) * rough
    own = replace(whole, score_NK=(skill_N * whole.target + noise_NK).astype(np.float32))
    if tags["init"] == "none":
        return own
    unheard_NK = (skill_N * np.roll(whole.target, SAMPLES // 3, axis=1) + noise_NK).astype("f4")
    corrupted = [
        replace(own, part_N=np.char.add(own.part_N, f", {control}"), score_NK=unheard_NK)
        for control in CONTROLS
    ]
    return predictions.together([own, *corrupted])


def written(folder: Path, spec: Tabulate) -> tuple[list[Path], list[Path], list[Path], list[Path]]:
    """Write predictions, scores, cards and shards below a folder, and return them."""
    whole = recorded()
    files, cards = [], []
    for name, row in spec.rows.items():
        for repeat in range(row.repeats):
            made = made_predictions(whole, row, repeat)
            fold_N = np.unique(made.subject_N, return_inverse=True)[1] % len(row.members)
            for k, member in enumerate(row.members):
                files.append(folder / "predictions" / member / f"{repeat}.parquet")
                predictions.write(made.only(fold_N == k), files[-1])
            if row.tags["init"] != "none":
                cards.append(folder / "transfer" / name / str(repeat) / "card.json")
                write_json(cards[-1], card("transfer", name, repeat=repeat))
    scores = [folder / "scores" / file.parent.name / file.name for file in files]
    score_spec = Score(metrics=next(iter(spec.rows.values())).metrics)
    for file, out in zip(files, scores, strict=True):
        score.score(score_spec, file, out)
    segments = paired_shards(
        whole, folder / "segments" / "scg-windows", channels=("SCG x", "SCG z")
    )
    return files, scores, cards, [segments]


def tables(folder: Path, spec: Tabulate) -> Path:
    """Write the study's tables, and return their folder."""
    files, scores, cards, segments = written(folder, spec)
    out = folder / "tables" / NAME
    tabulate.tabulate(spec, files, scores, cards, out, segments)
    return out
