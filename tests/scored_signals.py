"""True and predicted signals, and what a metric says of them."""

import numpy as np
from synthetic import RATE_HZ, spikes

from cardiograft.evaluation import scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.score import Score


def made(
    true: np.ndarray,
    predicted: np.ndarray,
    *,
    subjects: list[str] | None = None,
    labels: tuple[str, ...] = ("II",),
    rate_hz: float | None = RATE_HZ,
) -> Predictions:
    names = subjects or ["scg_vhd/a"] * len(true)
    return Predictions(
        kind="signal",
        labels=labels,
        id_N=np.array([f"{name}/SCG/{i}" for i, name in enumerate(names)]),
        subject_N=np.array(names),
        part_N=np.full(len(true), "test"),
        target=np.asarray(true, dtype=np.float32),
        score_NK=np.asarray(predicted, dtype=np.float32),
        about={} if rate_hz is None else {"rate_hz": rate_hz},
    )


def rows(saved: Predictions, name: str, **options: object) -> dict[str, dict[str, float]]:
    spec = Score.model_validate({"metrics": [{"name": name, **options}]})
    return scoring.score(saved, spec.metrics).set_index("class").to_dict("index")


def value(saved: Predictions, name: str, **options: object) -> float:
    return rows(saved, name, **options)[""]["value"]


def beats(*windows: list[float], samples: int = 625) -> np.ndarray:
    return np.array([spikes(np.array(beat_s), samples) for beat_s in windows])
