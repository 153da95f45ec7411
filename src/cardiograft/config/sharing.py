"""Evaluations that ask the very same of a model: audited and predicted once, scored each by itself.

An evaluation says what a model is asked (the split, the parts, the controls), how it may be judged
(the audit) and how the answers are counted (`metrics`, `per`, `tags`). Where two differ in the last
alone, a second prediction would have the same bytes: they share the files of one of them.
"""

from collections.abc import Mapping
from typing import Protocol

from cardiograft.config.entries import BaselineRun, Evaluation, Model
from cardiograft.specs.entry import Entry


class Sections(Protocol):
    """What of a config is read here."""

    @property
    def evaluations(self) -> Mapping[str, Evaluation]:
        """The section of that name."""

    def trained(self, entry: str) -> Model:
        """Return an entry that trains, or a baseline."""

    def spec(self, stage: str, entry: str, *, content: str = "published") -> Entry:
        """Return the spec of one job of a stage."""


def predicted_as(config: Sections) -> dict[str, str]:
    """Return, of every evaluation, the one whose audit and predictions it has: often itself.

    Evaluations of one entry share them where their specs of `predict` (or `baseline`) and of
    `audit` are equal: all that these jobs receive, and by the entry and the split all that they
    read. The files bear the name of the evaluation that is called as its model, which is the one
    that stands within the training; else the shortest name, of several the first by alphabet. So
    neither the order of config nor an entry that differs in anything else moves them.
    """
    shared_as = {name: name for name in config.evaluations}
    alike: dict[tuple[str, str], list[str]] = {}
    for name, one in config.evaluations.items():
        alike.setdefault((one.model, one.split), []).append(name)
    for (model, _), names in alike.items():
        if len(names) == 1:
            continue
        same: dict[tuple[str, str], list[str]] = {}
        for name in names:
            same.setdefault(_specs(config, name, model), []).append(name)
        for sharing in same.values():
            first = min(sharing, key=lambda name: (name != model, len(name), name))
            shared_as |= dict.fromkeys(sharing, first)
    return shared_as


def _specs(config: Sections, evaluation: str, model: str) -> tuple[str, str]:
    """Return the specs of the two jobs before the scores, as Snakemake compares them."""
    stage = "baseline" if isinstance(config.trained(model), BaselineRun) else "predict"
    return config.spec(stage, evaluation).canonical(), config.spec("audit", evaluation).canonical()
