"""Check evaluations that count recordings in place of segments."""

from cardiograft import plugins
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


def _apart(split: Split) -> str:
    """Return what puts segments of one recording in several parts; nothing where nothing does."""
    if split.scheme in APART:
        return f"scheme {split.scheme!r}"
    if split.dose is not None:
        return "a dose"
    calibrated = split.calibration is not None and split.calibration.reserved > 0
    return "a calibration" if calibrated else ""
