"""What a file says of segments beside what its network says: differences, metrics, a threshold.

Legend: N items, B batch, K scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiograft import plugins
from cardiograft.evaluation import scoring
from cardiograft.evaluation import threshold as thresholds
from cardiograft.evaluation.predictions import Predictions, whose
from cardiograft.export import runtime
from cardiograft.export.network import Exported, Part, batches, given, predicted_scores, targets
from cardiograft.records import Float32, Float64
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.export import Limit, Threshold
from cardiograft.specs.score import named


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A part's scores twice.

    Attributes
    ----------
    network_NK, file_NK
        By torch, and by onnxruntime.
    part
        The segments.
    """

    name: str
    part: Part
    target: npt.NDArray[Any]
    network_NK: Float32
    file_NK: Float32

    def differences(self) -> dict[str, Any]:
        """Return how many segments were compared, and the differences of their scores."""
        apart_NK = np.abs(self.file_NK - self.network_NK)
        return {
            "segments": len(self.part.place_N),
            "padded_left_out": self.part.padded,
            "largest_difference": float(apart_NK.max()),
            "mean_difference": float(apart_NK.mean()),
        }


def compared(exported: Exported, session: Any, name: str, part: Part) -> Compared:
    """Return the scores of the network and of its file for the same segments."""
    network, file, target = [], [], []
    for rows, batch in batches(exported, part):
        network.append(predicted_scores(exported, batch))
        file.append(_file_scores(session, given(exported, rows, batch), exported.spec.batch))
        target.append(targets(exported, batch))
    return Compared(
        name=name,
        part=part,
        target=np.concatenate(target),
        network_NK=np.concatenate(network),
        file_NK=np.concatenate(file),
    )


def _file_scores(session: Any, whole: Mapping[str, Float32], size: int) -> Float32:
    """Return a file's scores of a batch, as many segments at once as it takes."""
    count = len(next(iter(whole.values())))
    chunks = []
    for first in range(0, count, size):
        row_B = np.minimum(np.arange(first, first + size), count - 1)
        chunks.append(runtime.scores(session, {name: one[row_B] for name, one in whole.items()}))
    return np.concatenate(chunks)[:count]


def check_tolerance(both: Compared, tolerance: float) -> None:
    """Refuse a file that says something else than its network.

    Raises
    ------
    ValueError
        A score is further away than the tolerance, or is no number.
    """
    largest = both.differences()["largest_difference"]
    if not largest <= tolerance:
        raise ValueError(
            f"the file's scores are up to {largest:.2g} from the network's on"
            f" {len(both.part.place_N)} segments of the {both.name} part: more than the tolerance"
            f" of {tolerance:g}"
        )


def metrics_of(
    exported: Exported, both: Compared, metrics: tuple[MetricSpec, ...]
) -> dict[str, dict[str, float]]:
    """Return each metric of the network and of the file, over all classes, and what is lost.

    Raises
    ------
    ValueError
        A metric does not take such predictions.
    """
    by_metric: dict[str, dict[str, float]] = {}
    values = [_values(exported, both, one, metrics) for one in (both.network_NK, both.file_NK)]
    for metric in metrics:
        name, (before, after) = named(metric), (one.get(named(metric)) for one in values)
        if before is None or after is None:
            continue  # a value for each class, and none for all
        worse = plugins.load("metrics", metric.name).LOWER_IS_BETTER
        loss = after - before if worse else before - after
        by_metric[name] = {"network": before, "file": after, "loss": loss}
    return by_metric


def _values(
    exported: Exported, both: Compared, score_NK: Float32, metrics: tuple[MetricSpec, ...]
) -> dict[str, float]:
    table, versions = exported.table, exported.task.versions
    row_N = np.repeat(both.part.row_N, versions)
    saved = Predictions(
        kind=exported.task.kind,
        labels=exported.task.labels,
        id_N=table.id_N[row_N],
        subject_N=table.subject_N[row_N],
        part_N=table.part_N[row_N],
        target=both.target,
        score_NK=score_NK,
        about={"rate_hz": exported.meta.rate_hz, **whose(table.people)},
    )
    # a metric may ask for the threshold that the validation part chooses: each has its own
    scores = scoring.score(thresholds.noted(saved), metrics)
    overall = scores[scores["class"] == ""]
    return dict(zip(overall["metric"], overall["value"].astype(float), strict=True))


def check_limit(limit: Limit, measured: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse a file that has lost more than it may.

    Raises
    ------
    ValueError
        It has, or the metric has no value over all classes.
    """
    name = named(limit.metric)
    if name not in measured:
        raise ValueError(f"limit: {name!r} has no value over all classes")
    one = measured[name]
    if not one["loss"] <= limit.loss:
        raise ValueError(
            f"limit: the file loses {one['loss']:.4g} of {name} on the validation part"
            f" ({one['network']:.4f} to {one['file']:.4f}): more than {limit.loss:g}"
        )


def threshold(
    exported: Exported, spec: Threshold | None, both: Compared | None
) -> dict[str, Any] | None:
    """Return from which probability on a segment is of a class, for the card.

    Raises
    ------
    ValueError
        There is no such class, or no validation part with both kinds of segments to choose on.
    """
    if spec is None:
        return None
    labels = exported.task.labels
    if exported.task.kind not in ("classes", "heads") or spec.label not in labels:
        known = plugins.hint(spec.label, labels)
        raise ValueError(f"threshold: the network has no class {spec.label!r}.{known}")
    if spec.at != "validation":
        return {"label": spec.label, "at": spec.at, "chosen": "as given"}
    if both is None:
        raise ValueError("threshold: 'validation': the split has no validation part")
    place = labels.index(spec.label)
    known_N = both.target >= 0
    score_N = both.file_NK[known_N, place].astype(np.float64)
    at, best = best_threshold(score_N, both.target[known_N] == place)
    return {
        "label": spec.label,
        "at": at,
        "chosen": "on the validation part, by balanced accuracy",
        "balanced_accuracy": best,
    }


def best_threshold(score_N: Float64, positive_N: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the threshold with the best balanced accuracy, and that.

    It lies half-way between two scores; of several that are as good it is the nearest to 0.5, as in
    `cardiograft.evaluation.threshold`.

    Raises
    ------
    ValueError
        All segments are of one kind.
    """
    positives, negatives = int(positive_N.sum()), int((~positive_N).sum())
    if not positives or not negatives:
        raise ValueError("threshold: 'validation': its segments are all of one kind")
    order_N = np.argsort(score_N, kind="stable")
    sorted_N, right_N = score_N[order_N], positive_N[order_N]
    missed_N = np.cumsum(right_N)  # of positives, with the threshold behind each score
    passed_N = np.cumsum(~right_N)
    value_N = ((positives - missed_N) / positives + passed_N / negatives) / 2
    last_N = np.append(sorted_N[1:] > sorted_N[:-1], False)  # behind all of several equal ones
    if not last_N.any():
        raise ValueError("threshold: 'validation': all scores are alike")
    value_M, place_M = value_N[last_N], np.flatnonzero(last_N)
    between_M = (sorted_N[place_M] + sorted_N[place_M + 1]) / 2
    as_good_M = np.flatnonzero(value_M >= value_M.max() - 1e-12)
    best = as_good_M[np.argmin(np.abs(between_M[as_good_M] - thresholds.USUAL))]
    return float(between_M[best]), float(value_M[best])
