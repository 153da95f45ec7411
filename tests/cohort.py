"""A small cohort in shards: beats whose class can be seen, in two parts of a heart cycle."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scripts
from accelerate.state import AcceleratorState

from cardiograft.files import PARQUET_KEY
from cardiograft.segments import shards
from cardiograft.specs.pretrain import Pretrain
from cardiograft.specs.training import Trained
from cardiograft.training import loop
from cardiograft.training.job import train_and_publish
from cardiograft.training.request import Job, Place

SAMPLES = 64
LABELS = ("N", "S", "V")


@dataclass(frozen=True)
class Cohort:
    """Shards, and splits of them by subject."""

    segments: Path
    honest: Path
    paper: Path
    whole: Path

    def job(self, stage: str, spec: Trained, out: Path, **parents: Any) -> Path:
        """Run a stage's script on the honest split, with its parents; return the model folder."""
        where = {"state": out.with_name("state"), "out": out}
        script = getattr(scripts.load(stage), stage)
        script(spec=spec, segments=[self.segments], split=self.honest, repeat=0, **where, **parents)
        return out


def beats(rng: np.random.Generator, kind: int, rows: int) -> tuple[Any, Any]:
    """Return beats of a class, shape (rows, 1, SAMPLES), and their lengths before padding."""
    valid = rng.integers(40, SAMPLES + 1, rows)
    time = np.arange(SAMPLES)
    width = (2.0, 2.0, 5.0)[kind] * rng.uniform(0.9, 1.1, (rows, 1))
    place = (20, 12, 20)[kind] + rng.uniform(-1, 1, (rows, 1))
    beat = np.exp(-0.5 * ((time - place) / width) ** 2) + 0.05 * rng.normal(size=(rows, SAMPLES))
    return (beat * (time < valid[:, None]))[:, None].astype(np.float32), valid.astype(np.int32)


def rows_of(subject: int) -> shards.ShardRows:
    """Return one recording: 24 N, 6 S, 10 V."""
    rng = np.random.default_rng(subject)
    label_N = np.array(["N"] * 24 + ["S"] * 6 + ["V"] * 10, dtype=object)
    parts = [beats(rng, k, int((label_N == name).sum())) for k, name in enumerate(LABELS)]
    rr = rng.normal(0.8, 0.1, len(label_N)).astype(np.float32)
    rr[0] = np.nan
    return shards.ShardRows(
        dataset="toy",
        record=f"r{subject}",
        subject=f"s{subject}",
        lead="II",
        start_N=np.arange(len(label_N)) * 100,
        valid_N=np.concatenate([v for _, v in parts]),
        shape_hash_N=np.zeros(len(label_N), np.uint64),
        label_N=label_N,
        signal_NCT=np.concatenate([s for s, _ in parts]),
        features={"rr_before": rr},
    )


def write_split(path: Path, segments: Path, part_of: Callable[[int], str], protocol: str) -> Path:
    table = shards.table([segments], ["id", "subject"])
    parts = [part_of(int(s.as_py().removeprefix("toy/s"))) for s in table["subject"]]
    about = json.dumps({"spec": {"protocol": protocol}})
    whole = table.append_column("part", pa.array(parts))
    pq.write_table(whole.replace_schema_metadata({PARQUET_KEY: about}), path)
    return path


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort")
    segments = folder / "toy"
    segments.mkdir()
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=125.0,
        channels=("II",),
        samples=SAMPLES,
        features=("rr_before",),
    )
    with shards.Writer(segments, meta, 3) as writer:
        for subject in range(12):
            writer.write(rows_of(subject))

    def three(subject: int) -> str:
        return "test" if subject < 2 else "validation" if subject < 4 else "train"

    return Cohort(
        segments=segments,
        honest=write_split(folder / "honest.parquet", segments, three, "honest"),
        paper=write_split(folder / "paper.parquet", segments, three, "paper"),
        whole=write_split(folder / "whole.parquet", segments, lambda _: "train", "paper"),
    )


@pytest.fixture(autouse=True)
def _fresh_accelerate() -> Iterator[None]:
    """Accelerate keeps one precision a process; each test is a process to itself."""
    yield
    AcceleratorState._reset_state(True)


Interrupt = Callable[..., list[int]]
ENDINGS = {"signalled": SystemExit, "killed": KeyboardInterrupt}


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Interrupt:
    """Have trainings signalled to end, or killed, at a step; return what counts the steps begun."""

    def at(count: int, ending: str = "signalled") -> list[int]:
        step, taken = loop._step, list[int]()

        def interrupting(*arguments: Any) -> Any:
            taken.append(1)
            if len(taken) == count:
                if ending == "killed":
                    raise KeyboardInterrupt
                os.kill(os.getpid(), signal.SIGTERM)
            return step(*arguments)

        monkeypatch.setattr(loop, "_step", interrupting)
        return taken

    return at


@pytest.fixture
def pretrained(cohort: Cohort, tmp_path: Path) -> Callable[..., Path]:
    """Train as the script does, and return the model folder."""

    def train(
        name: str = "model", *, repeat: int = 0, split: Path | None = None, **changes: Any
    ) -> Path:
        spec = spec_of(**changes)
        place = Place(
            segments=[cohort.segments],
            split=split or cohort.honest,
            state=tmp_path / "state",
            out=tmp_path / name,
        )
        train_and_publish(Job(stage="pretrain", spec=spec, place=place, repeat=repeat, code="{}"))
        return tmp_path / name

    return train


def spec_of(**changes: Any) -> Pretrain:
    """Return a small entry, changed as asked: ``model``, ``task``, or options of training."""
    return Pretrain.model_validate(
        {
            "split": "toy",
            "model": changes.pop("model", SMALL),
            "task": changes.pop("task", "classify"),
            "training": {"epochs": 2, "batch_size": 32, **changes},
        }
    )


SMALL = {"name": "cnn", "widths": [4, 4, 4], "kernel": 5, "hidden": [8, 6]}


@pytest.fixture
def entry() -> Callable[..., Pretrain]:
    return spec_of
