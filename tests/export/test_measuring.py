"""What a file loses, by metrics that have a threshold of their own."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cardiograft.export.measuring import Compared, metrics_of
from cardiograft.specs.score import Score


def test_a_threshold_of_the_validation_part_is_chosen_of_the_scores_at_hand() -> None:
    rng = np.random.default_rng(0)
    target = np.array([0, 1] * 20)
    network = np.clip(0.1 + 0.3 * target + 0.02 * rng.standard_normal(40), 0, 1)  # all below 0.5
    file = network + 0.3  # shifted: with a threshold of its own it is as good

    def both_classes(score_N: Any) -> Any:
        return np.stack([1 - score_N, score_N], axis=1).astype(np.float32)

    exported: Any = SimpleNamespace(
        table=SimpleNamespace(
            id_N=np.array([f"a/{i}" for i in range(40)]),
            subject_N=np.array([f"a/{i % 4}" for i in range(40)]),
            part_N=np.full(40, "validation"),
            people=(),
        ),
        task=SimpleNamespace(kind="classes", labels=("high", "low"), versions=1),
        meta=SimpleNamespace(rate_hz=125.0),
    )
    compared = Compared(
        name="validation",
        part=SimpleNamespace(row_N=np.arange(40)),  # type: ignore[arg-type]
        target=target,
        network_NK=both_classes(network),
        file_NK=both_classes(file),
    )
    metric_specs = [{"name": "balanced_accuracy", "at": "validation"}, "balanced_accuracy"]
    metrics = Score.model_validate({"metrics": metric_specs}).metrics
    results = list(metrics_of(exported, compared, metrics).values())
    assert results[0] == {"network": 1.0, "file": 1.0, "loss": 0.0}
    assert results[1]["network"] == pytest.approx(0.5)  # at one half nothing is low
