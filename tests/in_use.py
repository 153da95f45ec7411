"""Small networks trained on simulated recordings, and what the workflow predicts with them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import wfdb
from accelerate.state import AcceleratorState

from cardiograft.datasets import mitdb
from cardiograft.evaluation.predict import predict
from cardiograft.evaluation.predictions import Predictions
from cardiograft.files import PARQUET_KEY
from cardiograft.segments import shards
from cardiograft.segments.write import write_segments
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.specs.predict import Predict
from cardiograft.specs.pretrain import Pretrain
from cardiograft.specs.segment import Segment
from cardiograft.training.job import train_and_publish
from cardiograft.training.request import Job, Place

RECORDS = ("106", "119", "200", "208", "233")
SECONDS = 120.0
CNN = {"name": "cnn", "widths": [4, 4, 4], "kernel": 5, "hidden": [8, 6]}
LEADS = {"leads": ["MLII|V5"], "scale": "minmax", "filter": {"low_hz": 0.5, "high_hz": 40}}
SCG = {"leads": ["SCG z"], "scale": "none", "filter": {"low_hz": 1, "high_hz": 30}}
ECG = {"leads": ["II"], "scale": "median_max", "filter": {"low_hz": 1, "high_hz": 40}}
# A network for each way of cutting, and each way in which predictions are annotated.
KINDS: dict[str, dict[str, Any]] = {
    "beats": {"signal": LEADS, "cut": "kachuee", "label": "aami"},
    "detected": {
        "signal": LEADS,
        "cut": {"name": "beats", "peaks": "detected", "neighbours": 1, "median_beat": True},
        "label": "rhythm",
    },
    "windows": {
        "signal": LEADS,
        "cut": {"name": "windows", "window_s": 4, "step_s": 3},
        "label": "rhythm",
    },
    "anew": {
        "signal": LEADS,
        "cut": {"name": "windows", "window_s": 4, "step_s": 3, "restart_after_gaps": True},
        "label": "rhythm",
    },
    "signal": {
        "signal": SCG,
        "target": ECG,
        "cut": {"name": "windows", "window_s": 4, "step_s": 2},
    },
}
TASKS: dict[str, Any] = {
    "beats": "classify",
    "detected": {"name": "classify", "features": ["rr_before_of_record", "rr_irregularity"]},
    "windows": {"name": "classify", "crop_s": 3.2, "scaling": "zscore"},
    "anew": {"name": "classify", "crop_s": 3.2, "scaling": "zscore"},
    "signal": {"name": "translate", "scaling": "median_max"},
}
MODELS = {"signal": {"name": "cae", "widths": [8, 8]}}


@dataclass(frozen=True)
class Trained:
    """A model folder, the recordings below `root`, and the shards that were cut of them."""

    model: Path
    root: Path
    segments: Path
    predicted: Predictions


def recordings(root: Path, seconds: float = SECONDS) -> Path:
    """Write simulated recordings of five people, with beats of every class."""
    mitdb.simulate(root, RECORDS, 0, duration_s=seconds)
    return root


def chest_recordings(root: Path) -> Path:
    """Write six recordings of an acceleration that thumps, and the ECG of the same beats."""
    root.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(40 * 250) / 250
    for person in range(6):
        random = np.random.default_rng(person)
        beat_s = np.arange(0.5, 39.5, 0.7 + 0.05 * person)[:, None]
        ecg_T = np.exp(-0.5 * ((time_s - beat_s) / 0.012) ** 2).sum(axis=0)
        thump = np.exp(-((time_s - beat_s - 0.08) ** 2) / 0.003)
        scg_T = (thump * np.sin(2 * np.pi * 20 * (time_s - beat_s))).sum(axis=0)
        noise = 0.02 * random.standard_normal((2, len(time_s)))
        write_wfdb(root, f"P{person}", np.stack([scg_T, ecg_T]) + noise)
    return root


def write_wfdb(
    root: Path,
    name: str,
    signal_CT: np.ndarray,
    *,
    leads: Sequence[str] = ("SCG z", "II"),
    units: Sequence[str] | None = None,
    rate_hz: float = 250,
) -> None:
    wfdb.wrsamp(
        name,
        fs=rate_hz,
        units=list(units or ["m/s2" if "SCG" in lead else "mV" for lead in leads]),
        sig_name=list(leads),
        p_signal=signal_CT.T,
        fmt=["16"] * len(leads),
        adc_gain=[1000.0] * len(leads),
        baseline=[0] * len(leads),
        write_dir=str(root),
    )


def cut(kind: str, root: Path, out: Path, names: Sequence[str] = RECORDS, **changed: Any) -> Path:
    """Cut recordings as the workflow does."""
    manifest: dict[str, Any] = {"root": str(root), "digest": "d", "simulated": True}
    if kind == "signal":
        folder = OwnFolder(path=str(root), subject="record", mains_hz=50, name="chest")
        folder = folder.model_copy(update={"units": {"SCG*": "m/s2"}})
        manifest |= {"dataset": "wfdb_folder", "folder": folder.model_dump(mode="json")}
    else:
        manifest["dataset"] = "mitdb"
    listed = [{"name": name, "status": "accepted", "rate_hz": 360.0} for name in names]
    spec = {"database": "db", "dataset": manifest["dataset"], "rate_hz": 125, "parts": 2}
    segment = Segment.model_validate({**spec, **KINDS[kind], **changed})
    write_segments(segment, {**manifest, "records": listed}, out)
    return out


def split(path: Path, segments: Path) -> Path:
    """Put the last of the people into the test part."""
    table = shards.table([segments], ["id", "subject"])
    people = sorted(set(table["subject"].to_pylist()))
    parts = ["test" if s.as_py() == people[-1] else "train" for s in table["subject"]]
    about = json.dumps({"spec": {"protocol": "honest"}})
    whole = table.append_column("part", pa.array(parts))
    pq.write_table(whole.replace_schema_metadata({PARQUET_KEY: about}), path)
    return path


def trained(kind: str, folder: Path) -> Trained:
    """Train a network for an epoch, and predict all that was cut, as the workflow does."""
    root = chest_recordings(folder / "raw") if kind == "signal" else recordings(folder / "raw")
    names = [f"P{n}" for n in range(6)] if kind == "signal" else RECORDS
    segments = cut(kind, root, folder / "segments" / kind, names)
    table = split(folder / "split.parquet", segments)
    spec = Pretrain.model_validate(
        {
            "split": "s",
            "model": MODELS.get(kind, CNN),
            "task": TASKS[kind],
            "training": {"epochs": 1, "batch_size": 16},
        }
    )
    model = folder / "pretrain" / kind / "0"
    place = Place(segments=[segments], split=table, state=folder / "state", out=model)
    train_and_publish(Job(stage="pretrain", spec=spec, place=place, repeat=0, code="{}"))
    AcceleratorState._reset_state(True)
    return Trained(model, root, segments, workflow(spec, segments, table, model, folder))


def workflow(
    spec: Pretrain, segments: Path, table: Path, model: Path, scratch: Path
) -> Predictions:
    """Return what the workflow's stage `predict` gives, of both parts."""
    content: Mapping[str, Any] = {
        "split": "s",
        "model": spec.model,
        "task": spec.task,
        "parts": ["train", "test"],
    }
    return predict(
        Predict.model_validate(content),
        segments=[segments],
        split=table,
        model=model,
        scratch=scratch / "scratch",
    )
