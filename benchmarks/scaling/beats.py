"""Made-up beats, no two alike, and the stages that read segments.

Beats of 187 samples, 250 a subject. Trainings take the same number of steps at every size, so that
what grows is reading alone.

Legend: N segments, C channels, T samples, B beats, S samples of a shape.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.files import write_json
from cardiograft.segments import rhythms, shards
from cardiograft.signals.rhythm import SHAPE_SAMPLES
from cardiograft.signals.shape_hash import shape_hash
from scaling.processes import Axis, Job

SEGMENTS = Axis("segments", 1, 10_000_000)
EACH, SAMPLES, RATE_HZ = 250, 187, 125
FEATURES = ("rr_before", "rr_after")
LABELS, SHARES = ("F", "N", "Q", "S", "V"), (0.02, 0.8, 0.03, 0.05, 0.1)
TRAINING = {"epochs": 1, "per_class": 200, "batch_size": 64}
PRUNED = {"end": 12, "every": 4}  # of 16 steps
MODEL = {"model": "cnn", "task": "classify", "split": "people"}
EVALUATION = {"metrics": ["accuracy", "macro_f1"], "missing": "allowed"}
TRANSFER = {**MODEL, "source": "source", "training": TRAINING}
NAMES = ("one", "other")
# What each reads: labels alone, signals as they are, features of rhythm and of shape.
BASELINES = {"majority": ["accuracy"], "principal_components": ["mse"], "rr_boosting": ["accuracy"]}
CUT: dict[str, Any] = {
    "database": "mitdb",
    "signal": {"leads": ["MLII"]},
    "rate_hz": RATE_HZ,
    "cut": "kachuee",
    "label": "aami",
}
CONFIG: dict[str, Any] = {
    "mirror": "simulated",
    "databases": {"mitdb": {"records": 1, "simulate": {"duration_s": 60}}},
    "segments": {
        "beats": CUT,
        "pieces": CUT,
    },
    "quality_gates": {
        "usable": {"segments": "beats", "judged": "pieces", "model": "source", "label": "Q"}
    },
    "splits": {
        "people": {
            "segments": ["beats"],
            "scheme": "subject",
            "protocol": "honest",
            "test": 0.2,
            "validation": 0.25,
        }
    },
    "pretrain": {"source": {**MODEL, "training": TRAINING}},
    "prune": {"sparse": {"source": "source", "sparsity": PRUNED, "training": TRAINING}},
    "transfer": {name: {**TRANSFER, "tags": {"init": name}} for name in NAMES},
    "baselines": {name: {"baseline": name, "split": "people"} for name in BASELINES},
    "export": {"file": {"source": "one", "precision": "int8"}},
    "evaluations": {
        **dict.fromkeys(NAMES, EVALUATION),
        **{name: {**EVALUATION, "model": name, "metrics": m} for name, m in BASELINES.items()},
    },
    "tables": {"transform_recognition": {"evaluations": [*NAMES]}},
}


def plan() -> Plan:
    """Return the plan of the jobs below."""
    return Plan(load_config(CONFIG))


def write_shards(folder: Path, segments: int) -> None:
    """Write a folder of shards as the stage `segment` does."""
    meta = shards.Meta(
        spec=json.loads(plan().spec("segment", "beats")),
        manifest_digest="0",
        simulated=True,
        rate_hz=float(RATE_HZ),
        channels=("MLII",),
        samples=SAMPLES,
        units=("1",),
        features=FEATURES,
    )
    folder.mkdir(parents=True)
    names = [f"{k:05d}" for k in range(segments // EACH)]
    with shards.Writer(folder, meta, max(1, len(names) // 8)) as writer:
        for name in names:
            writer.write(_rows(name))
    rates = {f"mitdb/{name}": 360.0 for name in names}
    summary = {"segments": segments, "source_rate_hz": rates, "dropped": {}}
    write_json(folder / "summary.json", summary)
    rhythms.write(folder, map(_rhythm, names))


def _rhythm(name: str) -> dict[str, object]:
    """Return a recording's fingerprint: a rhythm of its own, beats of any shape."""
    rng = np.random.default_rng(int(name))
    # a slow change that comes back: cut off at a bound, two rhythms would be equal there
    slow_B = 0.08 * np.sin(np.cumsum(rng.normal(0, 0.2, EACH)))
    interval_B = np.maximum(rng.uniform(0.6, 1) + slow_B + rng.normal(0, 0.02, EACH), 0.2)
    shape_BS = rng.integers(-60, 60, (EACH, SHAPE_SAMPLES), dtype=np.int8)
    return {
        "record": f"mitdb/{name}",
        "subject": f"mitdb/{name}",
        "lead": "MLII",
        "beat": np.cumsum(interval_B),
        "shape": shape_BS.tobytes(),
    }


def _rows(name: str) -> shards.ShardRows:
    rng, time_T = np.random.default_rng(int(name)), np.arange(SAMPLES)
    wave_N1 = [rng.normal(m, s, (EACH, 1)) for m, s in ((40, 4), (4, 1), (110, 8), (15, 3))]
    place, width, later, wider = wave_N1
    beat_NT = np.exp(-(((time_T - place) / width) ** 2))
    beat_NT += rng.uniform(0.1, 0.5, (EACH, 1)) * np.exp(-(((time_T - later) / wider) ** 2))
    slow_NT = np.cumsum(rng.normal(0, 0.02, (EACH, SAMPLES)), axis=1)
    signal_NCT = (beat_NT + slow_NT).astype(np.float32)[:, None]
    return shards.ShardRows(
        dataset="mitdb",
        record=name,
        subject=name,
        lead="MLII",
        start_N=np.arange(EACH) * 540,
        valid_N=np.full(EACH, SAMPLES, np.int32),
        shape_hash_N=shape_hash(signal_NCT, float(RATE_HZ)),
        label_N=rng.choice(np.array(LABELS, dtype=object), EACH, p=SHARES),
        signal_NCT=signal_NCT,
        features=dict.fromkeys(FEATURES, np.full(EACH, 1.5, np.float32)),  # 540 samples at 360 Hz
    )


def jobs(at: Path, segments: int) -> Iterator[Job]:
    """Make segments, and yield each stage that reads them, in order."""
    its = plan()
    cut, split, audit = at / "segments/beats", at / "people.parquet", at / "people.audit.json"
    pieces = at / "segments/pieces"
    write_shards(cut, segments)
    shutil.copytree(cut, pieces)  # what a gate's network is shown has a folder of its own

    def job(stage: str, name: str, row: str = "", **arguments: Any) -> Job:
        return Job(row or stage, stage, SEGMENTS, {"spec": its.spec(stage, name), **arguments})

    data = {"segments": cut, "split": split}
    yield job("split", "people", segments=cut, out=split, audit=audit)
    for name in NAMES:
        yield job("audit", name, splits=split, counts=audit, out=at / f"audits/{name}.json")
    for name in BASELINES:
        saved = at / "predictions" / name / "0.parquet"
        yield job("baseline", name, f"baseline, {name}", **data, repeat=0, out=saved)
    source, run = at / "pretrain/source/0", {**data, "repeat": 0, "state": at / "state"}
    yield job("pretrain", "source", "pretrain, 1000 items", **run, out=source)
    gated: dict[str, Any] = {"segments": cut, "pieces": pieces, "model": source}
    yield job("quality_gate", "usable", **gated, out=at / "quality_gates/usable")
    sparse = {"source": source, "out": at / "prune/sparse/0"}
    yield job("prune", "sparse", "prune, 1000 items", **run, **sparse)
    for name in NAMES:
        model, saved = at / "transfer" / name / "0", at / "predictions" / name / "0.parquet"
        start = {"sources": source, "out": model}
        yield job("transfer", name, "transfer, 1000 items", **run, **start)
        yield job("predict", name, "predict, two parts in ten", **data, model=model, out=saved)
        yield job("score", name, predictions=saved, out=at / "scores" / name / "0.parquet")
    file = {"model": at / "transfer/one/0", "out": at / "export/file"}
    yield job("export", "file", "export, 512 to calibrate", **data, **file)
    yield job(
        "tabulate",
        "transform_recognition",
        "tabulate, two evaluations",
        predictions=[at / f"predictions/{n}/0.parquet" for n in NAMES],
        scores=[at / f"scores/{n}/0.parquet" for n in NAMES],
        cards=[at / f"transfer/{n}/0/card.json" for n in NAMES],
        out=at / "tables",
    )
