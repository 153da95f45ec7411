"""A run of a small config on simulated recordings, made by the stages' scripts, and shipped."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import in_use
import scripts
from accelerate.state import AcceleratorState

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.schema import Config
from cardiograft.shipped import catalogue
from cardiograft.shipped.catalogue import Shipped
from cardiograft.training.job import train_and_publish
from cardiograft.training.request import Job, Place
from cardiograft.use.ship import ship

NETWORK, NAME, STUDY = "rhythms", "tiny-rhythm", "transform_recognition"
# As small as it gets, of what docs/examples/fine-tuning.md starts from.
LIKE_RHYTHM = {
    "signal": {"leads": ["MLII|V5"], "filter": {"low_hz": 0.5, "order": 3}, "scale": "zscore"},
    "cut": {"name": "windows", "window_s": 10, "restart_after_gaps": True},
    "label": "rhythm",
    "rate_hz": 250,
}
KINDS = {**in_use.KINDS, "like rhythm": LIKE_RHYTHM}
TASKS = {
    **in_use.TASKS,
    "like rhythm": {"name": "classify", "crop_s": 8.192, "scaling": "zscore"},
}
MODELS = {"like rhythm": {"name": "rhythm_cae", "width": 1, "readout": "pooled"}}


def given(results: Path, kind: str = "windows", **changes: Any) -> dict[str, Any]:
    """Return a config: one network and its baseline, of windows of five people."""
    evaluated = {"metrics": ["accuracy", "macro_f1"], "missing": "allowed", "chosen_on": "untuned"}
    return {
        "mirror": "simulated",
        "results": str(results),
        "databases": {"mitdb": {"records": list(in_use.RECORDS)}},
        "segments": {"windows": {"database": "mitdb", "rate_hz": 125, "parts": 2, **KINDS[kind]}},
        "splits": {
            "strict": {
                "segments": ["windows"],
                "scheme": "named",
                "protocol": "honest",
                "train_subjects": ["mitdb/106", "mitdb/119", "mitdb/200", "mitdb/208"],
                "test_subjects": ["mitdb/233"],
            }
        },
        "pretrain": {
            NETWORK: {
                "split": "strict",
                "model": MODELS.get(kind, in_use.CNN),
                "task": TASKS[kind],
                "training": {"epochs": 1, "batch_size": 16},
                "evaluate": evaluated,
            }
        },
        "baselines": {"majority": {"split": "strict", "baseline": "majority"}},
        "evaluations": {
            "majority": evaluated,
            # of which no study tells: never run, and no part of what is shipped
            "aside": {"model": NETWORK, **evaluated},
        },
        "tables": {STUDY: {"evaluations": [NETWORK, "majority"], "least_subjects": 2}},
        **changes,
    }


@dataclass(frozen=True)
class Run:
    """Its config and plan, the recordings, and the network as it was shipped."""

    config: Config
    plan: Plan
    recordings: Path
    shipped: Shipped

    @property
    def model(self) -> Path:
        """The folder of the network that was shipped."""
        return Path(self.plan.checkpoint(NETWORK, 0)).parent


def run(folder: Path, kind: str = "windows", name: str = NAME) -> Run:
    """Run the stages and ship the network into ``<folder>/models``."""
    results = folder / "results"
    config = load_config(given(results, kind))
    plan = Plan(config)
    root = in_use.recordings(folder / "raw")
    in_use.cut("windows", root, results / "segments" / "windows", **KINDS[kind])
    split, shards = Path(plan.split("strict")), [Path(s) for s in plan.segments("strict")]
    scripts.load("split").split(
        config.spec("split", "strict"), shards, split, Path(plan.split_audit("strict"))
    )
    out = Path(plan.checkpoint(NETWORK, 0)).parent
    place = Place(segments=shards, split=split, state=folder / "state", out=out)
    spec: Any = config.spec("pretrain", NETWORK)
    train_and_publish(Job(stage="pretrain", spec=spec, place=place, repeat=0, code="{}"))
    AcceleratorState._reset_state(True)
    predicted = results / "predictions"
    predict_spec = config.spec("predict", NETWORK)
    saved = predicted / NETWORK / "0.parquet"
    scripts.load("predict").predict(predict_spec, shards, split, out, saved)
    baseline = config.spec("baseline", "majority")
    scripts.load("baseline").baseline(
        baseline, shards, split, 0, predicted / "majority" / "0.parquet"
    )
    made = ship(config, NETWORK, name, to=folder / "models")
    return Run(config, plan, root, catalogue.read(made))
