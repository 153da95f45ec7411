"""Check evaluations that count recordings in place of segments, or choose a threshold."""

from cardiograft import plugins
from cardiograft.config.entries import BaselineRun
from cardiograft.config.schema import Config
from cardiograft.specs.split import Split

APART = ("segment", "time")  # schemes that put one recording in several parts


def check_records(config: Config) -> None:
    """Check every evaluation that counts recordings.

    Raises
    ------
    ValueError
        One line: its model gives no classes, or its split does not keep recordings whole.
    """
    for name, evaluation in config.evaluations.items():
        own = {**config.trained(evaluation.model).tags, **evaluation.tags}
        if own.get("per") is not None:
            raise ValueError(
                f"evaluations.{name}.tags: 'per' is a tag that the option 'per' gives: name yours"
                " otherwise"
            )
        if evaluation.per == "segment":
            continue
        place = f"evaluations.{name}.per: 'record'"
        for metric in evaluation.metrics:
            kinds = plugins.constants("metrics", metric.name)["KINDS"]
            if "classes" not in kinds:
                raise ValueError(
                    f"{place} averages probabilities of classes, the metric {metric.name!r} is of"
                    f" {' or '.join(kinds)}"
                )
        split = config.splits[evaluation.split]
        if why := _apart(split):
            raise ValueError(
                f"{place} needs recordings that are in one part: the split {evaluation.split!r}"
                f" has {why}"
            )


def check_thresholds(config: Config) -> None:
    """Check every evaluation with a metric at a threshold that validation chooses.

    Raises
    ------
    ValueError
        One line: it predicts no validation part, or tells more than two classes apart.
    """
    for name, evaluation in config.evaluations.items():
        if not any(metric.at == "validation" for metric in evaluation.metrics):
            continue
        place = f"evaluations.{name}.metrics: at 'validation'"
        if "validation" not in evaluation.parts:
            raise ValueError(f"{place} needs 'validation' among its parts")
        split = config.splits[evaluation.split]
        if not split.validates and split.scheme != "fixed":
            raise ValueError(
                f"{place} needs a validation part, but the split {evaluation.split!r} has"
                " validation 0"
            )
        run = config.trained(evaluation.model)
        labels = () if isinstance(run, BaselineRun) else run.task.options.get("labels") or ()
        if labels and len(labels) != 2:
            raise ValueError(f"{place} is of two classes, {evaluation.model!r} has {len(labels)}")


def _apart(split: Split) -> str:
    """Return what puts segments of one recording in several parts; nothing where nothing does."""
    if split.scheme in APART:
        return f"scheme {split.scheme!r}"
    if split.dose is not None:
        return "a dose"
    calibrated = split.calibration is not None and split.calibration.reserved > 0
    return "a calibration" if calibrated else ""
