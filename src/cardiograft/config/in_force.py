"""Options that another option of the same entry overrides, and what is in force in their place.

A default that nothing reads is no fact of a run: where a training tries several learning rates, its
`learning_rate` is none of them, and a split by DS1 and DS2 has no share of people to test on.
"""

from typing import Any

from cardiograft.specs.split import Split
from cardiograft.specs.training import Training

BY_SHARE = ("segment", "subject", "time")  # schemes whose test part is a share of something


def of_training(training: Training) -> dict[str, Any]:
    """Return what is in force in place of each option of a training that is overridden.

    Returns
    -------
    dict
        Name of the option to its value, or to words where it has several; None where it has none.
    """
    instead: dict[str, Any] = {}
    rates = training.learning_rates
    if rates:
        tried = ", ".join(f"{rate:g}" for rate in rates)
        instead["learning_rate"] = (
            f"one of {tried}, by validation" if len(rates) > 1 else float(rates[0])
        )
    if training.optimiser != "sgd":
        instead["momentum"] = None
    if training.keep == "last" and training.patience is None:
        instead["monitor"] = None
    return instead


def of_split(split: Split) -> dict[str, Any]:
    """Return what is in force in place of each option of a split that is overridden.

    Returns
    -------
    dict
        Name of the option to its value, or to words where it is no share.
    """
    instead: dict[str, Any] = {}
    if split.scheme not in BY_SHARE:
        instead["test"] = _tested(split)
    elif split.folds is not None:
        instead["test"] = 1 / split.folds
    if split.validate_next_fold and split.folds is not None:
        instead["validation"] = 1 / split.folds
    return instead


def _tested(split: Split) -> str:
    """Return who is tested, of a scheme that takes no share."""
    if split.scheme == "named":
        return "that of the people named"
    if split.scheme == "fixed":
        return "that of the data set’s own parts"
    return "that of DS2" if split.folds is None else f"one of {split.folds} folds of DS1"
