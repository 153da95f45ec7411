"""Made-up predictions, for tests of what is computed from them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.evaluation.predictions import Predictions, write
from cardiograft.segments import shards
from cardiograft.specs.tabulate import StudyRun, Tabulate

LABELS = ("F", "N", "Q", "S", "V")
SHARES = (0.02, 0.8, 0.03, 0.05, 0.1)


def classes(
    *,
    seed: int = 0,
    subjects: int = 12,
    each: int = 60,
    skill: float = 0.8,
    labels: tuple[str, ...] = LABELS,
    shares: tuple[float, ...] = SHARES,
    part: str = "test",
    people: int = 0,
    noise: int | None = None,
) -> Predictions:
    """Return predictions that are right with a chance of `skill`.

    `people` seeds who has what (so that two runs meet the same beats), `noise` the model.
    """
    beats = np.random.default_rng((people, subjects, each))
    model = np.random.default_rng(seed if noise is None else noise)
    n = subjects * each
    target_N = beats.choice(len(labels), size=n, p=np.array(shares) / sum(shares))
    score_NK = model.random((n, len(labels)))
    right_N = model.random(n) < skill
    score_NK[np.arange(n)[right_N], target_N[right_N]] += 2
    names = [f"mitdb/{200 + k}" for k in range(subjects)]
    return Predictions(
        kind="classes",
        labels=labels,
        id_N=np.array([f"{names[i // each]}/MLII/{100 * (i % each)}" for i in range(n)]),
        subject_N=np.repeat(names, each),
        part_N=np.full(n, part),
        target=target_N.astype(np.int64),
        score_NK=(score_NK / score_NK.sum(axis=1, keepdims=True)).astype(np.float32),
        about={"simulated": True},
    )


def heads(*, seed: int = 0, subjects: int = 6, each: int = 80, heads: int = 4) -> Predictions:
    generator = np.random.default_rng(seed)
    labels = tuple(f"head {k}" for k in range(heads))
    whole = classes(seed=seed, subjects=subjects, each=each, labels=labels, shares=(1,) * heads)
    right_NK = whole.target[:, None] == np.arange(heads)
    score_NK = np.clip(0.5 * right_NK + 0.6 * generator.random(right_NK.shape), 0, 1)
    return _as(whole, kind="heads", score_NK=score_NK.astype(np.float32))


RATE_HZ = 125.0


def signals(*, seed: int = 0, subjects: int = 5, each: int = 10, samples: int = 625) -> Predictions:
    """Return spikes at each subject's own rate, said somewhat early, late and noisily."""
    generator = np.random.default_rng(seed)
    whole = classes(seed=seed, subjects=subjects, each=each, labels=("ECG", "x"), shares=(1, 1))
    shape = (subjects, each, samples)
    target_NT, predicted_NT = np.zeros(shape), 0.02 * generator.normal(size=shape)
    for s, window in np.ndindex(shape[:2]):
        beats_s = np.arange(generator.uniform(0.1, 0.6), samples / RATE_HZ, 60 / (60 + 9 * s))
        target_NT[s, window] = spikes(beats_s, samples)
        late_s = beats_s + generator.normal(0.004 * s, 0.012, size=len(beats_s))
        predicted_NT[s, window] += 0.8 * spikes(late_s, samples)
    return _as(
        whole,
        kind="signal",
        labels=("ECG",),
        target=target_NT.reshape(-1, samples).astype(np.float32),
        score_NK=predicted_NT.reshape(-1, samples).astype(np.float32),
        about={**whole.about, "rate_hz": RATE_HZ},
    )


def measured(*, seed: int = 0, subjects: int = 6, each: int = 30) -> Predictions:
    """Return two measurements, of which one is not known of every segment."""
    generator = np.random.default_rng(seed)
    labels = ("rate", "spread")
    whole = classes(seed=seed, subjects=subjects, each=each, labels=labels, shares=(1, 1))
    target_NK = generator.normal(size=(subjects * each, 2)).astype(np.float32)
    score_NK = target_NK + generator.normal(scale=(0.3, 0.6), size=target_NK.shape)
    target_NK[generator.random(len(target_NK)) < 0.3, 1] = np.nan
    changes = {"target": target_NK, "score_NK": score_NK.astype(np.float32)}
    return _as(whole, kind="values", labels=labels, **changes)


def paired_shards(saved: Predictions, folder: Path, *, channels: tuple[str, ...]) -> Path:
    """Write shards of a prediction's windows; the last channel of the input is the target's."""
    folder.mkdir(parents=True)
    samples = saved.target.shape[1]
    meta = shards.Meta(
        spec={},
        manifest_digest="5e1f",
        simulated=True,
        rate_hz=RATE_HZ,
        channels=channels,
        samples=samples,
        target_channels=saved.labels,
        target_samples=samples,
    )
    with shards.Writer(folder, meta, parts=2) as writer:
        for subject in np.unique(saved.subject_N):
            own = saved.only(saved.subject_N == subject)
            dataset, record = subject.split("/")
            signal_NCT = np.random.default_rng(0).normal(
                size=(len(own.id_N), len(channels), samples)
            )
            signal_NCT[:, -1] = 3 * own.target + 5
            n = len(own.id_N)
            writer.write(
                shards.ShardRows(
                    dataset=dataset,
                    record=record,
                    subject=record,
                    lead=own.id_N[0].split("/")[2],
                    start_N=np.array([int(i.split("/")[-1]) for i in own.id_N]),
                    valid_N=np.full(n, samples, np.int32),
                    shape_hash_N=np.zeros(n, np.uint64),
                    label_N=np.full(n, None, object),
                    signal_NCT=signal_NCT.astype(np.float32),
                    target_NCT=own.target[:, None].astype(np.float32),
                    features={},
                )
            )
    return folder


def spikes(beats_s: np.ndarray, samples: int) -> np.ndarray:
    """Return a signal with a narrow Gaussian at each of these times."""
    time_s = np.arange(samples) / RATE_HZ
    return np.exp(-0.5 * ((time_s - beats_s[:, None]) / 0.015) ** 2).sum(axis=0)


KINDS = {"classes": classes, "heads": heads, "signal": signals, "values": measured}


def _as(whole: Predictions, **changes: Any) -> Predictions:
    return Predictions(**{**whole.__dict__, **changes})


METRICS = (
    "accuracy",
    "macro_f1",
    "f1",
    "sensitivity",
    "positive_predictivity",
    "kappa",
    "jkappa",
)
AAMI = ("F", "N", "S", "V")


def study_rows(*, simulated: bool = True, repeats: int = 2) -> dict[str, dict[str, Any]]:
    """Return rows of a study: two starts under two protocols, a baseline, a pretext."""
    rows: dict[str, dict[str, Any]] = {}
    for protocol, split in {"paper": "mitdb-paper", "honest": "mitdb-strict"}.items():
        place = {"protocol": protocol, "split": split, "simulated": simulated}
        for init in ("scratch", "pretext"):
            rows[f"mitdb-cnn-{init}-{split[6:]}"] = {
                **place,
                "repeats": repeats,
                "tags": {"data": "mitdb", "model": "cnn", "init": init},
                "metrics": list(METRICS),
            }
        rows[f"mitdb-majority-{split[6:]}"] = {
            **place,
            "repeats": 1,
            "tags": {"data": "mitdb", "model": "majority", "init": "none"},
            "metrics": list(METRICS),
        }
    rows["pretext-cnn-paper"] = {
        "protocol": "paper",
        "split": "mitdb-pretext",
        "simulated": simulated,
        "repeats": 1,
        "tags": {"data": "mitdb", "model": "cnn", "init": "pretext task"},
        "metrics": ["head_accuracy", "head_balanced_accuracy"],
    }
    return {name: {"members": [name], **row} for name, row in rows.items()}


def study(*, simulated: bool = True, repeats: int = 2, **changes: Any) -> Tabulate:
    comparisons = [{"tag": "init", "of": "pretext", "to": "scratch"}]
    given = {
        "study": "transform_recognition",
        "rows": study_rows(simulated=simulated, repeats=repeats),
        "primary": "macro_f1",
        "comparisons": comparisons,
        "draws": 200,
    }
    return Tabulate.model_validate({**given, **changes})


def run_predictions(row: StudyRun, repeat: int) -> Predictions:
    """Return what a row's model may have said."""
    if "head_accuracy" in {m.name for m in row.metrics}:
        return heads(seed=repeat, subjects=8)
    labels = LABELS if row.protocol == "paper" else AAMI
    shares = SHARES if row.protocol == "paper" else (0.03, 0.75, 0.1, 0.12)
    skill = {"scratch": 0.8, "pretext": 0.84, "none": 0.0}[row.tags["init"]]
    skill += 0.12 if row.protocol == "paper" else 0.0
    noise = sum(map(ord, row.tags["init"])) + repeat
    made = classes(
        subjects=14, each=90, people=5, skill=skill, labels=labels, shares=shares, noise=noise
    )
    if row.tags["model"] != "majority":
        return made
    predicted_NK = np.zeros_like(made.score_NK)
    predicted_NK[:, labels.index("N")] = 1
    return _as(made, score_NK=predicted_NK)


def written(spec: Tabulate, folder: Path) -> list[Path]:
    """Write the predictions of every row and repeat below a folder."""
    files = []
    for name, row in spec.rows.items():
        for repeat in range(row.repeats):
            file = folder / "predictions" / name / f"{repeat}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            write(run_predictions(row, repeat), file)
            files.append(file)
    return files


def card(
    stage: str, entry: str, *, repeat: int = 0, torch: str = "2.13.0", simulated: bool = True
) -> dict[str, Any]:
    return {
        "stage": stage,
        "spec": {"training": {"epochs": 20}},
        "repeat": repeat,
        "seed": repeat,
        "parents": [],
        "weights_sha256": f"{entry}{repeat}".encode().hex()[:16].ljust(64, "0"),
        "parameters": 97_061,
        "versions": {"python": "3.11.9", "torch": torch, "cardiograft": "0.1.0"},
        "wall_s": 61.5 + 3 * repeat,
        "peak_memory_MB": 812.4,
        "device": "cpu",
        "epochs_run": 20,
        "simulated": simulated,
    }


def cards(spec: Tabulate, folder: Path, *, torch: tuple[str, ...] = ("2.13.0",)) -> list[Path]:
    """Write a card for every network of a study."""
    files = []
    for name, row in spec.rows.items():
        stage = "pretrain" if "pretext-cnn" in name and "mitdb" not in name else "transfer"
        if row.tags["model"] != "majority":
            for repeat in range(row.repeats):
                file = folder / stage / name / str(repeat) / "card.json"
                file.parent.mkdir(parents=True, exist_ok=True)
                version = torch[len(files) % len(torch)]
                made = card(stage, name, repeat=repeat, torch=version, simulated=row.simulated)
                file.write_text(json.dumps(made))
                files.append(file)
    return files
